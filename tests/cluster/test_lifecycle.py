"""How a daemon starts, stops and idles."""
import signal
import socket
import time

from support import ClusterTest, ECHO, cpu_seconds, fetch, free_port, resident_bytes, route, run, sanitized, wait_until


class Lifecycle(ClusterTest):
    def two(self, **options):
        for name in "ab":
            self.cluster.add(name, app_command=ECHO, **options)
        self.cluster.start()
        self.cluster.wait_agreed()
        return self.cluster.hosts

    def test_sigterm_leaves_the_cluster_and_exits_0(self):
        a, b = self.two()
        b.daemon.kill(signal.SIGTERM)
        self.assertEqual(b.daemon.wait(10), 0, b.daemon.tail())
        # Left, not suspected: the others take over its keys at once, without the 5 s of a suspicion.
        status = {m["name"]: m["status"] for m in a.members()}
        wait_until(lambda: [m["name"] for m in a.ring()["members"]] == ["a"], 2, "b left the ring", [a.daemon])
        self.assertEqual({m["name"]: m["status"] for m in a.members()}["b"], "leave", f"at the exit of b: {status}")
        self.assertEqual(a.get(route("any", "/echo")).status, 200)

    def test_who_says_goodbye_as_ringpop_does_is_faulty_to_the_others(self):
        a, b = self.two(flags=["--drain-status", "faulty"])
        b.daemon.kill(signal.SIGTERM)
        self.assertEqual(b.daemon.wait(10), 0, b.daemon.tail())
        wait_until(lambda: [m["name"] for m in a.ring()["members"]] == ["a"], 2, "b left the ring", [a.daemon])
        self.assertEqual({m["name"]: m["status"] for m in a.members()}["b"], "faulty")

    def test_a_request_under_way_is_finished_before_the_exit(self):
        a, b = self.two()
        key = next(f"k{i}" for i in range(1000) if a.owner(f"k{i}") == "b")
        for entry in (a, b):
            if not b.daemon.running():
                b.start_daemon()
                self.cluster.wait_ready(b)
                self.cluster.wait_agreed()
            with self.subTest(entry=entry.name), socket.create_connection(("127.0.0.1", entry.api_port), timeout=10) as client:
                before = fetch(b.app_port, "/count").json()["count"]
                client.sendall(f"GET {route(key, '/slow/1')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                wait_until(lambda: fetch(b.app_port, "/count").json()["count"] > before, 5, "the app has the request")
                b.daemon.kill(signal.SIGTERM)
                self.assertIn(b"HTTP/1.1 200", client.recv(4096))
                self.assertEqual(b.daemon.wait(10), 0)

    def test_sigint_is_a_clean_exit_too(self):
        host = self.cluster.add("a", app_command=ECHO)
        self.cluster.start()
        host.daemon.kill(signal.SIGINT)
        self.assertEqual(host.daemon.wait(10), 0, host.daemon.tail())

    def test_a_daemon_that_must_join_in_time_ends_with_an_error_when_nobody_answers(self):
        host = self.cluster.add("a", app_command=ECHO, flags=["--join-timeout", "1s"])
        host.seeds = [f"127.0.0.1:{free_port()}"]
        host.start_app()
        host.start_daemon()
        self.assertEqual(host.daemon.wait(10), 1, host.daemon.tail())
        for piece in ("gave_up", "join.timeout", "none of the 1 seeds", "remedy"):
            self.assertIn(piece, host.daemon.log())

    def test_seeds_that_lead_nowhere_and_missing_members_count_as_not_joined(self):
        for flags, cause in ((["--join", f"file:{self.folder}/nobody"], "none of the 1 seeds"),
                             (["--join-min-members", "2"], "1 of 2 members")):
            host = self.cluster.add(f"n{len(self.cluster.hosts)}", app_command=ECHO, flags=["--join-timeout", "1s", *flags])
            host.start_app()
            host.start_daemon()
            self.assertEqual(host.daemon.wait(10), 1, host.daemon.tail())
            self.assertIn(cause, host.daemon.log())

    def test_a_daemon_that_needs_more_members_ends_too_and_one_that_has_joined_stays(self):
        a = self.cluster.add("a", app_command=ECHO)
        self.cluster.start()
        b = self.cluster.add("b", app_command=ECHO, flags=["--join-timeout", "2s"])
        c = self.cluster.add("c", app_command=ECHO, flags=["--join-timeout", "2s", "--join-min-members", "9"])
        for host in (b, c):
            host.seeds = [a.peer]
            host.start_app()
            host.start_daemon()
        self.assertEqual(c.daemon.wait(10), 1, c.daemon.tail())
        self.assertIn("3 of 9 members", c.daemon.log())
        self.assertTrue(b.ready())
        self.assertNotIn("gave_up", b.daemon.log())

    def test_over_ipv6_members_find_each_other_and_forward(self):
        hosts = []
        for name in "ab":
            host = self.cluster.add(name, app_command=ECHO, flags=["--listen-api", f"[::1]:{free_port()}"])
            hosts.append(host)
        for host in hosts:
            host.agent_command = lambda host=host, on_ipv4=host.agent_command: [
                f"[::1]:{host.peer_port}" if part == host.peer_listener else part for part in on_ipv4()]
            host.seeds = [f"[::1]:{other.peer_port}" for other in hosts]
            host.start_app()
            host.start_daemon()
        for host in hosts:
            self.cluster.wait_ready(host)
        a, b = hosts
        wait_until(lambda: {m["address"] for m in a.ring()["members"]} == {f"[::1]:{h.peer_port}" for h in hosts}, 10,
                   "both are in the ring", [h.daemon for h in hosts])
        key = next(f"k{i}" for i in range(1000) if a.owner(f"k{i}") == "b")
        self.assertEqual(a.get(route(key, "/echo")).json()["app"], "b")
        at = next(flag for flag in a.flags if str(flag).startswith("[::1]"))
        self.assertEqual(run("call", key, "/echo", "--addr", at)[0], 0)

    def test_the_api_on_a_unix_socket(self):
        path = self.folder / "api.sock"
        host = self.cluster.add("a", app_command=ECHO, flags=["--listen-api", f"unix:{path}"])
        self.cluster.start()
        self.assertEqual(run("health", "--addr", f"unix://{path}")[0], 0)
        code, out, _ = run("call", "--addr", f"unix://{path}", "k", "/echo")
        self.assertEqual(code, 0)
        self.assertIn('"path": "/echo"', out)
        # A socket that a killed daemon left behind is no obstacle, the socket of a living one is.
        host.daemon.stop()
        self.assertTrue(path.exists())
        host.start_daemon()
        self.cluster.wait_ready(host)
        other = self.cluster.add("b", flags=["--listen-api", f"unix:{path}"])
        other.start_daemon()
        self.assertEqual(other.daemon.wait(10), 1)
        self.assertIn(str(path), other.daemon.log())
        self.assertTrue(host.ready())

    def test_a_daemon_that_was_killed_can_start_again_at_once(self):
        host = self.cluster.add("a", app_command=ECHO)
        self.cluster.start()
        for _ in range(3):
            self.assertEqual(host.get(route("k", "/echo")).status, 200)
            host.daemon.stop()
            host.start_daemon()
            self.cluster.wait_ready(host)

    def test_an_idle_daemon_is_small_and_quiet(self):
        if sanitized():
            self.skipTest("a sanitizer's memory and time are not the daemon's")
        a, b = self.two()
        for host in (a, b):
            host.get(route("k", "/echo"))
        before = [cpu_seconds(h.daemon.pid) for h in (a, b)]
        started = time.monotonic()
        signal.sigtimedwait([], 8)  # idle on purpose: this is what is measured
        took = time.monotonic() - started
        for host, cpu in zip((a, b), before):
            share = (cpu_seconds(host.daemon.pid) - cpu) / took
            memory = resident_bytes(host.daemon.pid) / 1e6
            print(f"[idle {host.name}: {memory:.1f} MB, {100 * share:.2f} % of a core] ", end="", flush=True)
            # 10 of them are the code of the program and its libraries, 1.7 of OpenSSL; what is its own is 1.5.
            self.assertLess(memory, 13.5, "megabytes")
            self.assertLess(share, 0.005, "share of a core")
