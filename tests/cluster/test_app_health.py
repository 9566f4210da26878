"""The app's health decides its place: it dies and returns under load, stays away, or comes late.

RINGSIDE_LOAD_RATE and RINGSIDE_LOAD_SECONDS run the first one at full size: 2000 and 20.
"""
import asyncio
import collections
import itertools
import json
import os
import signal
import threading
import time

from support import ECHO, ROOT, ClusterTest, metric, route, run, wait_until

RATE = float(os.environ.get("RINGSIDE_LOAD_RATE", 300))
SECONDS = float(os.environ.get("RINGSIDE_LOAD_SECONDS", 4))
KEYS = [f"user:{i}" for i in range(60)]

Sent = collections.namedtuple("Sent", "id method began ended status served_by body")


class Load:
    """Requests at a fixed rate, GET and POST in turn, over kept connections to all entries; each has an id."""

    def __init__(self, ports, rate, connections=64):
        self.ports, self.rate, self.connections = ports, rate, connections
        self.sent, self.stopping = [], False
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)
        self.thread.start()

    async def run(self):
        self.numbers, self.first = itertools.count(), time.monotonic()
        await asyncio.gather(*(self.client(self.ports[i % len(self.ports)]) for i in range(self.connections)))

    async def client(self, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not self.stopping:
            number = next(self.numbers)
            await asyncio.sleep(self.first + number / self.rate - time.monotonic())
            method = "GET" if number % 2 == 0 else "POST"
            body = b"" if method == "GET" else b"Content-Length: 4\r\n"
            began = time.monotonic()
            writer.write(f"{method} {route(KEYS[number % len(KEYS)])} HTTP/1.1\r\nHost: localhost\r\nX-Id: {number}\r\n".encode()
                         + body + b"\r\n" + (b"" if method == "GET" else b"body"))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            content = await reader.readexactly(int(fields.get("content-length", 0)))
            self.sent.append(Sent(str(number), method, began, time.monotonic(), int(head[0].split()[1]),
                                  fields.get("ringside-served-by"), content))
        writer.close()

    def stop(self):
        self.stopping = True
        self.thread.join(30)


def lives(journal):
    """What ran in each life of the app: a list of {id: [words]}."""
    all_lives = []
    with open(journal, encoding="ascii") as file:
        for line in file:
            word, request = line.split()[:2]
            if word == "start":
                all_lives.append(collections.defaultdict(list))
            else:
                all_lives[-1][request].append(word)
    return all_lives


class AppHealth(ClusterTest):
    def add(self, name, *flags):
        journal = self.cluster.folder / f"journal-{name}"
        host = self.cluster.add(name, app_command=["python3", ROOT / "tests" / "apps" / "journal.py", journal],
                                flags=["--workers", "2", *flags])
        host.journal = journal
        return host

    def test_an_app_killed_and_restarted_under_load_fails_no_get_and_runs_nothing_twice(self):
        a, b = self.add("a", "--forward-in-flight", "8192"), self.add("b", "--forward-in-flight", "8192")
        self.cluster.start()
        self.cluster.wait_agreed()
        rings = {host.name: host.ring()["version"] for host in (a, b)}
        load = Load([a.api_port, b.api_port], RATE)
        wait_until(lambda: len(load.sent) > RATE * SECONDS / 3, 60, "a third of the load", [a.daemon, b.daemon])
        killed_at = time.monotonic()
        b.app.kill(signal.SIGKILL)
        b.app.wait()
        down = a.get("/v1/app").json()["state"], wait_until(
            lambda: metric(b, "ringside_app_waiting") > 0, 10, "requests wait for the app", [b.daemon])
        self.assertEqual(down[0], "up")
        b.start_app()
        back_at = time.monotonic()
        wait_until(lambda: metric(b, "ringside_app_waiting") == 0, 10, "nobody waits any more", [b.daemon])
        wait_until(lambda: time.monotonic() - back_at > SECONDS / 3, SECONDS + 10, "more load", [a.daemon, b.daemon])
        load.stop()

        journals = {host.name: lives(host.journal) for host in (a, b)}
        self.assertEqual([len(journals["a"]), len(journals["b"])], [1, 2])
        ran = collections.Counter()
        inside = set()  # begun and not ended when the app died
        for life in itertools.chain(*journals.values()):
            ran.update(request for request, words in life.items() for word in words if word == "begin")
        for request, words in journals["b"][0].items():
            if words[-1] == "begin":
                inside.add(request)
        failed = [s for s in load.sent if s.status != 200]
        waited = [s for s in load.sent if s.began < back_at and s.ended > back_at]
        print(f"\n{len(load.sent)} requests, {len(load.sent) / (load.sent[-1].ended - load.first):.0f}/s; app away "
              f"{back_at - killed_at:.2f} s; {len(inside)} were inside it; {len(waited)} waited for it; "
              f"{len(failed)} failed: {collections.Counter((s.method, s.status) for s in failed)}")
        self.assertEqual([s for s in failed if s.method == "GET"], [])
        for sent in failed:
            self.assertEqual((sent.method, sent.status), ("POST", 502), sent)
            self.assertEqual(json.loads(sent.body)["executed"], "maybe", sent)
            self.assertTrue(sent.began < killed_at + 1 and sent.ended > killed_at - 1, f"{sent}, killed at {killed_at}")
        for sent in load.sent:
            times = ran[sent.id]
            if sent.status == 200:
                allowed = (1, 2) if sent.method == "GET" and sent.id in inside else (1,)
                self.assertIn(times, allowed, sent)
            else:
                self.assertIn(times, (0, 1), sent)
        self.assertTrue(waited)
        self.assertEqual({host.name: host.ring()["version"] for host in (a, b)}, rings, "no key moved")

    def test_an_app_that_stays_away_gives_its_keys_to_the_next_owner_and_gets_them_back(self):
        a, b = self.add("a", "--app-grace", "1s"), self.add("b", "--app-grace", "1s")
        self.cluster.start()
        self.cluster.wait_agreed()
        keys = [key for key in KEYS if a.owner(key) == "b"]
        b.app.kill(signal.SIGKILL)
        b.app.wait()
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(a.get(route(keys[0]), method="POST", body=b"x",
                                                                       headers={"X-Id": "one"})))
        waiting.start()
        wait_until(lambda: b.get("/v1/app").json()["state"] == "down", 10, "b gives its app up", [b.daemon])
        verdict = time.monotonic()
        wait_until(lambda: all(a.get(route(k))["Ringside-Served-By"] == "a" for k in keys), 10, "a answers for b", [a.daemon])
        moved_in = time.monotonic() - verdict
        self.assertLess(moved_in, 2)
        waiting.join()
        self.assertEqual((answers[0].status, answers[0]["Ringside-Served-By"]), (200, "a"), answers[0])

        # b may have passed its requests on before a knew.
        seen = {"b": ("alive", "down", False), "a": ("alive", "up", True)}
        wait_until(lambda: seen == {m["name"]: (m["status"], m["app"], m["in_ring"]) for m in a.members()}, 10, "a knows",
                   [a.daemon])
        unready = b.get("/v1/readyz")
        self.assertEqual((unready.status, unready["Ringside-Error"]), (503, "app_down"))
        self.assertIn(f"the app at {b.app_address} is down since ", unready.json()["reasons"][0])
        self.assertEqual(b.answers("/v1/livez"), 204)
        self.assertEqual(b.get(route(keys[0]))["Ringside-Served-By"], "a")  # b still takes requests
        _, listed, _ = run("members", "--addr", f"http://127.0.0.1:{a.api_port}")
        self.assertRegex(listed, r"(?m)^b +alive +down ")
        self.assertIn("app_down", b.daemon.log())

        b.start_app()
        wait_until(lambda: all(a.get(route(k))["Ringside-Served-By"] == "b" for k in keys), 10, "b answers again", [b.daemon])
        self.cluster.wait_agreed()
        print(f"\nkeys of the dead app answered by the next owner {moved_in:.2f} s after the verdict")

    def test_a_member_whose_app_is_late_lives_without_keys_and_sends_requests_out(self):
        a = self.add("a")
        b = self.cluster.add("b", app_command=ECHO)
        for host in (a, b):
            host.seeds = [a.peer, b.peer]
        a.start_app()
        a.start_daemon()
        b.start_daemon()  # its app is not there
        self.cluster.wait_ready(a)
        wait_until(lambda: b.answers("/v1/outboundz") == 204, 10, "b takes calls from its app", [b.daemon])
        wait_until(lambda: sorted((m["name"], m["status"], m["app"]) for m in b.members()) ==
                   [("a", "alive", "up"), ("b", "alive", "down")], 10, "b knows both", [b.daemon])
        for key in KEYS:
            self.assertEqual(b.get(route(key))["Ringside-Served-By"], "a")
        unready = b.get("/v1/readyz")
        self.assertEqual(unready.status, 503)
        self.assertIn("has not come up yet", unready.json()["reasons"][0])
        b.start_app()
        self.cluster.wait_ready(b)
        self.cluster.wait_agreed()
        self.assertEqual({a.owner(key) for key in KEYS}, {"a", "b"})

    def test_a_health_page_decides_when_one_is_named(self):
        page = "/health"
        a = self.cluster.add("a", app_command=ECHO, flags=["--app-health-path", page, "--app-health-interval", "100ms"])
        self.cluster.start()
        self.assertEqual(a.get("/v1/app").json()["health"]["path"], page)
        self.assertGreater(metric(a, 'ringside_app_probes_total{result="passed"}'), 0)

    def test_a_health_page_has_so_much_time(self):
        for name, timeout in (("a", "5s"), ("b", "100ms")):
            self.cluster.add(name, app_command=ECHO, flags=["--app-health-path", "/slow/1", "--app-health-interval", "100ms",
                                                            "--app-health-timeout", timeout])
        for host in self.cluster.hosts:
            host.start_app()
            host.start_daemon()
        a, b = self.cluster.hosts
        self.cluster.wait_ready(a)
        wait_until(lambda: metric(b, 'ringside_app_probes_total{result="failed"}') >= 3, 10, "b's app is too slow", [b.daemon])
        self.assertIn("no answer within 100ms", json.dumps(b.get("/v1/app").json()))
        self.assertEqual(b.get("/readyz").status, 503)
