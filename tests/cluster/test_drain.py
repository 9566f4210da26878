"""Leaving the ring on purpose: over the API, by the verbs, by signals."""
import signal
import socket
import threading
import time

from support import ClusterTest, ECHO, fetch, metric, route, run, wait_until


class Drain(ClusterTest):
    def two(self, *flags):
        for name in "ab":
            self.cluster.add(name, app_command=ECHO, flags=list(flags))
        self.cluster.start()
        self.cluster.wait_agreed()
        return self.cluster.hosts

    def key_of(self, host, asked):
        return next(f"k{i}" for i in range(1000) if asked.owner(f"k{i}") == host.name)

    def state(self, host):
        return host.get("/v1/drain").json()["state"]

    def in_background(self, host, path):
        """Sends a request whose app has it when this returns; the answer comes into the list."""
        app_count = lambda: fetch(self.app_of.app_port, "/count").json()["count"]  # noqa: E731
        before, answers = app_count(), []

        def ask():
            answers.append(host.get(path, timeout=60))

        thread = threading.Thread(target=ask)
        thread.start()
        self.addCleanup(thread.join)
        wait_until(lambda: app_count() > before, 5, "the app has the request", [host.daemon])
        return thread, answers

    def test_a_drained_member_owns_nothing_and_serves_on_until_it_is_brought_back(self):
        a, b = self.two()
        key = self.key_of(b, a)
        started = b.get("/v1/drain", method="POST", body='{"timeout":"20s"}')
        self.assertEqual((started.status, started.json()["state"], started.json()["leaving"]), (202, "announcing", False))
        self.assertEqual(b.answers("/v1/readyz"), 503)
        self.assertEqual(b.get("/v1/readyz")["Ringside-Error"], "draining")
        self.assertIn("drain --cancel", b.get("/v1/readyz").json()["reasons"][0])
        self.assertEqual([b.answers("/v1/livez"), b.answers("/v1/outboundz")], [204, 204])
        wait_until(lambda: self.state(b) == "drained", 10, "b is drained", [b.daemon])
        self.assertEqual([m["name"] for m in a.ring()["members"]], ["a"])
        for entry in (a, b):
            answer = entry.get(route(key, "/echo"))
            self.assertEqual((answer.status, answer["Ringside-Served-By"], answer["Connection"]), (200, "a", None))
        self.assertTrue(b.daemon.running())
        self.assertEqual(metric(b, "ringside_draining"), 1)
        self.assertEqual(b.get("/v1/drain", method="DELETE").status, 204)
        wait_until(b.ready, 5, "b is ready again", [b.daemon])
        self.cluster.wait_agreed()
        self.assertEqual(a.get(route(key, "/echo"))["Ringside-Served-By"], "b")
        self.assertEqual(metric(b, "ringside_draining"), 0)
        again = b.get("/v1/drain", method="DELETE")
        self.assertEqual((again.status, again["Ringside-Error"]), (409, "conflict"))

    def test_a_drain_waits_for_what_is_at_the_app_and_for_nothing_else(self):
        a, b = self.app_of_last(self.two())
        thread, answers = self.in_background(a, route(self.key_of(b, a), "/slow/3"))
        b.get("/v1/drain", method="POST")
        wait_until(lambda: self.state(b) == "finishing", 5, "b has told the others", [b.daemon])
        progress = b.get("/v1/drain").json()
        self.assertEqual(progress["in_flight"] + progress["streams"], 1)
        self.assertEqual(a.get(route(self.key_of(a, a), "/echo")).status, 200)
        thread.join()
        self.assertEqual((answers[0].status, answers[0]["Ringside-Served-By"]), (200, "b"))
        wait_until(lambda: self.state(b) == "drained", 5, "b is drained", [b.daemon])
        self.assertEqual(metric(b, "ringside_drain_cut_total"), 0)

    def app_of_last(self, hosts):
        self.app_of = hosts[-1]
        return hosts

    def test_at_the_deadline_what_has_not_ended_is_cut_with_a_reason(self):
        a, b = self.app_of_last(self.two())
        thread, answers = self.in_background(a, route(self.key_of(b, a), "/slow/40"))
        b.get("/v1/drain", method="POST", body='{"timeout":"2s"}')
        thread.join()
        problem = answers[0].json()
        self.assertEqual((answers[0].status, problem["code"], problem["executed"]), (504, "timeout", "maybe"))
        wait_until(lambda: self.state(b) == "drained", 5, "b is drained", [b.daemon])
        self.assertEqual(metric(b, "ringside_drain_cut_total"), 1)
        self.assertIn("drain_timed_out", b.daemon.log())

    def test_a_leaving_member_serves_its_apps_calls_until_the_last_request_is_done(self):
        a, b = self.app_of_last(self.two())
        thread, answers = self.in_background(a, route(self.key_of(b, a), "/slow/4"))
        b.daemon.kill(signal.SIGTERM)
        wait_until(lambda: self.state(b) == "finishing", 5, "b has told the others", [b.daemon])
        b.daemon.kill(signal.SIGTERM)  # neither breaks nor shortens it
        while thread.is_alive():
            out = b.get(route("any", "/echo"))
            if not answers:
                self.assertEqual((out.status, out["Ringside-Served-By"], out["Connection"]), (200, "a", "close"))
            self.assertIn(b.answers("/v1/outboundz"), (204, None))
            thread.join(0.1)
            if not thread.is_alive():
                break
        self.assertEqual(answers[0].status, 200)
        self.assertEqual(b.daemon.wait(10), 0, b.daemon.tail())
        self.assertIn("still_leaving", b.daemon.log())

    def test_a_member_whose_drain_and_leave_do_not_fit_says_so(self):
        a, b = self.app_of_last(self.two())
        self.in_background(b, route(self.key_of(b, a), "/slow/3"))
        self.assertEqual(b.get("/v1/leave?wait=20s", method="POST").status, 202)
        self.assertEqual(b.get("/v1/leave", method="POST").status, 202)
        for method in ("POST", "DELETE"):
            answer = b.get("/v1/drain", method=method)
            self.assertEqual((answer.status, answer["Ringside-Error"]), (409, "conflict"), method)
        for path, body in (("/v1/drain", '{"timeout":5}'), ("/v1/drain", "no"), ("/v1/leave?wait=soon", "")):
            self.assertEqual(b.get(path, method="POST", body=body).status, 400, path)
        self.assertEqual(b.daemon.wait(20), 0, b.daemon.tail())

    def test_who_presses_ctrl_c_twice_does_not_wait(self):
        a = self.cluster.add("a", app_command=ECHO)
        self.cluster.start()
        self.app_of = a
        thread, answers = self.in_background(a, route("k", "/slow/40"))
        a.daemon.kill(signal.SIGINT)
        wait_until(lambda: self.state(a) == "finishing", 5, "a waits for its request", [a.daemon])
        a.daemon.kill(signal.SIGINT)
        self.assertEqual(a.daemon.wait(10), 0, a.daemon.tail())
        thread.join()
        self.assertEqual(answers[0].json()["executed"], "maybe")

    def test_an_app_that_is_to_end_first_keeps_its_leaving_ringside(self):
        a, b = self.two("--drain-app-first", "true", "--app-health-interval", "100ms")
        b.daemon.kill(signal.SIGTERM)
        wait_until(lambda: self.state(b) == "finishing", 5, "b has told the others", [b.daemon])
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 1.5, 5, "b has had time to go", [b.daemon])
        self.assertEqual(b.get(route("any", "/echo"))["Ringside-Served-By"], "a")
        b.app.kill(signal.SIGTERM)
        self.assertEqual(b.daemon.wait(10), 0, b.daemon.tail())

    def test_the_verbs_show_how_far_it_is(self):
        a, b = self.two()
        address = f"127.0.0.1:{b.api_port}"
        code, out, err = run("drain", "--addr", address, "--timeout", "20s", timeout=20)
        self.assertEqual((code, out), (0, ""), err)
        self.assertRegex(err, r"^announcing: 0 requests at the app, \S+ left\n(.*\n)*drained: nothing is at the app")
        self.assertEqual(run("drain", "--addr", address, "--cancel")[:2], (0, "back in the ring\n"))
        code, _, err = run("drain", "--addr", address, "--cancel")
        self.assertEqual(code, 1)
        self.assertIn("this node is not being drained", err)
        self.assertEqual(run("drain", "--addr", address, "--timeout", "soon")[0], 2)
        code, out, err = run("leave", "--addr", address, "-o", "json", timeout=20)
        self.assertEqual(code, 0, err)
        self.assertIn('"leaving":true', out)
        self.assertEqual(b.daemon.wait(20), 0, b.daemon.tail())
        self.assertEqual(run("leave", "--addr", address)[0], 3)
        wait_until(lambda: {m["name"]: m["status"] for m in a.members()}["b"] == "leave", 5, "a knows", [a.daemon])

    def test_a_connection_made_at_the_last_moment_is_served_or_refused(self):
        """Never reset with its request unread: until the listener closes, who is in its queue is let in."""
        a = self.cluster.add("a", app_command=ECHO, flags=["--drain-notice", "0s"])
        self.cluster.start()
        a.daemon.kill(signal.SIGTERM)
        served = refused = 0
        while not refused:
            try:
                with socket.create_connection(("127.0.0.1", a.api_port), timeout=5) as client:
                    client.sendall(b"GET /v1/livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 204"))
                    served += 1
            except ConnectionRefusedError:
                refused += 1
        self.assertEqual(a.daemon.wait(10), 0)
