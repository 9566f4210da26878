"""What happens, as a client hears of it: the stream of events, reads that wait, ranges and plans, hot keys."""
import hashlib
import hmac
import http.client
import json
import signal
import socket
import subprocess
import threading

from support import BINARY, ECHO, ClusterTest, clean_environment, metric, receiver, route, run, wait_until


class Stream:
    """GET /v1/events, read by a thread; `events` are (id, type, data) as an EventSource has them."""

    def __init__(self, host, query="", last_id=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", host.api_port, timeout=60)
        self.connection.request("GET", f"/v1/events{query}", headers={"Last-Event-ID": last_id} if last_id else {})
        self.answer = self.connection.getresponse()
        self.events, self.ended = [], False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = {}
        try:
            for line in self.answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    event[name] = value
                elif "event" in event:
                    self.events.append((event["id"], event["event"], json.loads(event["data"])))
                    event = {}
            self.ended = True
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass

    def types(self):
        return [event[1] for event in list(self.events)]

    def of(self, kind, name=None):
        return [data for _, what, data in list(self.events) if what == kind and name in (None, data.get("name"))]

    def close(self):
        if self.connection.sock:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.connection.close()


class Events(ClusterTest):
    def stream(self, host, query="", last_id=None):
        stream = Stream(host, query, last_id)
        self.addCleanup(stream.close)
        self.assertEqual((stream.answer.status, stream.answer.headers["Content-Type"]), (200, "text/event-stream"))
        return stream

    def start_two(self):
        # Without proof of death, so that the killed are suspected first.
        a, b = (self.cluster.add(name, app_command=ECHO, flags=["--gossip-proof-of-death", "false"]) for name in "ab")
        self.cluster.start()
        self.cluster.wait_agreed()
        return a, b

    def until(self, what, message):
        wait_until(what, 15, message, [self.cluster.hosts[0].daemon])

    def test_a_death_is_told_with_the_keys_that_it_brings_and_a_return_goes_on_where_it_was_left(self):
        a, b = self.start_two()
        stream = self.stream(a)
        self.until(lambda: stream.events, "the state is told")
        first_id, first, state = stream.events[0]
        self.assertEqual((first, state["reason"], state["name"]), ("reset", "start", "a"))
        self.assertEqual(sorted(m["name"] for m in state["members"]), ["a", "b"])
        lost = {tuple(r.values()) for r in b.get("/v1/ring/ranges").json()["ranges"]}

        b.daemon.kill()
        self.until(lambda: stream.of("ring-changed"), "the ring changes")
        self.assertTrue(stream.of("member-suspect", "b"))
        self.assertTrue(stream.of("member-faulty", "b"))
        ring = stream.of("ring-changed")[0]
        self.assertEqual({tuple(r.values()) for r in ring["gained"]}, lost)
        self.assertEqual(ring["lost"], [])
        self.assertEqual([(c["name"], c["change"], c["status"]) for c in ring["cause"]], [("b", "removed", "faulty")])
        self.assertEqual(ring["version"], a.ring()["version"])
        stream.close()

        again = self.stream(a, last_id=first_id)
        self.until(lambda: again.of("ring-changed"), "what was missed is told")
        self.assertEqual(again.events[:len(stream.events) - 1], stream.events[1:])
        only = self.stream(a, "?types=ring-*,draining", last_id=first_id)
        self.until(lambda: only.events, "the filter lets rings through")
        self.assertEqual(set(only.types()), {"ring-changed"})

    def test_the_verb_ends_after_so_many_events_or_so_much_time(self):
        a, b = self.start_two()
        here = ["--addr", a.api_address]
        code, out, err = run("events", "--count", "1", "--types", "member-join", *here)
        self.assertEqual((code, len(out.splitlines())), (0, 1), err)
        self.assertIn("member-join    b", out)
        child = subprocess.Popen([BINARY, "events", "-f", "--types", "member-faulty", "--count", "1", *here],
                                 stdout=subprocess.PIPE, env=clean_environment(), text=True)
        self.addCleanup(child.stdout.close)
        self.assertIn("reset", child.stdout.readline())
        b.daemon.kill()
        self.assertIn("member-faulty  b", child.stdout.readline())
        self.assertEqual(child.wait(10), 0)
        code, out, err = run("events", "-f", "--for", "300ms", *here)
        self.assertEqual((code, out.split()[1]), (0, "reset"), err)
        for wrong in (["--count", "0"], ["--count", "x"], ["--for", "soon"]):
            self.assertEqual(run("events", *wrong, *here)[0], 2)

    def test_an_id_of_an_earlier_life_is_answered_with_the_state(self):
        a, _ = self.start_two()
        stream = self.stream(a)
        self.until(lambda: stream.events, "the state is told")
        a.daemon.kill(signal.SIGTERM)
        a.daemon.wait()
        self.assertTrue(wait_until(lambda: stream.ended, 5, "the stream ends cleanly"))
        self.assertIn("draining", stream.types())
        a.start_daemon()
        self.cluster.wait_ready(a)
        later = self.stream(a, last_id=stream.events[-1][0])
        self.until(lambda: later.events, "the state is told")
        self.assertEqual(later.events[0][1], "reset")
        self.assertEqual(later.events[0][2]["reason"], "unknown_id")

    def test_a_read_waits_for_the_next_change_and_no_longer(self):
        a, b = self.start_two()
        first = a.get("/v1/members")
        index = int(first["Ringside-Index"])
        self.assertEqual(a.get(f"/v1/members?index={index}&wait=100ms")["Ringside-Index"], str(index))
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(a.get(f"/v1/members?index={index}&wait=60s")))
        waiting.start()
        b.daemon.kill()
        waiting.join(30)
        self.assertTrue(answers, "the read was not answered")
        self.assertGreater(int(answers[0]["Ringside-Index"]), index)
        self.assertIn("suspect", [m["status"] for m in answers[0].json()["members"]])

    def test_who_reads_nothing_disturbs_nobody(self):
        a, b = self.start_two()
        lazy = []
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", a.api_port))
            self.addCleanup(connection.close)
            connection.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            lazy.append(connection)
        stream = self.stream(a, "?types=member-*")
        self.until(lambda: stream.events, "the state is told")
        b.daemon.kill()
        self.until(lambda: stream.of("member-suspect", "b"), "the other subscriber is told")

    def test_the_command_line_prints_what_is_kept_and_follows_over_a_restart(self):
        a, b = self.start_two()
        at = ["--addr", f"http://127.0.0.1:{a.api_port}"]
        following = subprocess.Popen([BINARY, "events", "-f", "-o", "json", *at], stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(following.communicate)
        self.addCleanup(following.kill)
        seen = []
        threading.Thread(target=lambda: seen.extend(iter(following.stdout.readline, "")), daemon=True).start()
        b.daemon.kill()
        self.until(lambda: "ring-changed" in run("events", *at)[1], "the change is kept")
        code, out, err = run("events", "--types", "ring-*", "-o", "json", *at)
        self.assertEqual(code, 0, err)
        self.assertEqual({json.loads(line)["type"] for line in out.splitlines()}, {"ring-changed"})
        self.assertEqual(run("events", "--types", "rings", *at)[0], 1)

        self.until(lambda: any("ring-changed" in line for line in seen), "the follower is told")
        a.daemon.stop()
        a.start_daemon()
        self.until(lambda: sum('"type":"reset"' in line for line in seen) == 2, "the follower meets the new life")

    def test_the_command_line_shows_who_owns_how_much_and_what_would_move(self):
        a, _ = self.start_two()
        at = ["--addr", f"http://127.0.0.1:{a.api_port}"]
        code, out, err = run("ranges", "b", *at)
        self.assertEqual((code, out.startswith("b owns ")), (0, True), err)
        self.assertEqual(run("ranges", "nobody", *at)[0], 4)
        code, out, err = run("plan", "--add", "d:2", "--remove", "b", *at)
        self.assertEqual((code, "of the keys would move" in out), (0, True), err)
        self.assertEqual(run("plan", "--remove", "nobody", *at)[0], 1)
        keys = self.folder / "keys"
        keys.write_text("".join(f"user:{number}\n" for number in range(500)))
        shown = json.loads(run("dist", "--keys", keys, "-o", "json", *at)[1])
        counts = {member["name"]: member["keys"] for member in shown["members"]}
        self.assertEqual(counts, {name: sum(a.owner(f"user:{number}") == name for number in range(500)) for name in "ab"})

    def test_a_webhook_is_told_in_order_signed_and_again_until_it_answers(self):
        secret = self.folder / "secret"
        secret.write_text("swordfish\n")
        secret.chmod(0o600)
        told, refused = [], [2]

        def answer(headers, body):
            if len(told) == 1 and refused[0]:
                refused[0] -= 1
                return 503
            told.append((headers, body))
            return 204

        server = receiver(self, answer)
        hooks = f'[{{url: "http://127.0.0.1:{server.server_port}/hook", types: ["ring-*", app-up], secret_file: {secret}}}]'
        a = self.cluster.add("a", app_command=ECHO, flags=["--events-webhooks", hooks])
        self.cluster.start()
        self.until(lambda: any(b"ring-changed" in body for _, body in told), "the webhook is told of the ring")
        self.assertEqual(refused[0], 0)
        bodies = [json.loads(body) for _, body in told]
        self.assertEqual((bodies[0]["type"], bodies[0]["data"]["reason"], bodies[0]["node"]), ("reset", "start", "a"))
        numbers = [int(body["id"].rpartition("-")[2]) for body in bodies]
        self.assertEqual(numbers, sorted(set(numbers)))
        for headers, body in told:
            time, digest = (part.split("=", 1)[1] for part in headers["Ringside-Signature"].split(","))
            self.assertEqual(digest, hmac.new(b"swordfish", time.encode() + b"." + body, hashlib.sha256).hexdigest())
        self.assertEqual(metric(a, 'ringside_webhook_posts_total{result="retried"}'), 2)

    def test_the_keys_asked_for_most_are_named_with_their_owner(self):
        a, b = self.start_two()
        for number in range(400):
            a.get(route("hot" if number % 2 else f"cold{number}", "/echo"))
        stats = a.get("/v1/stats").json()
        self.assertEqual(stats["hot_keys"][0]["key"], "hot")
        self.assertEqual(stats["hot_keys"][0]["owner"], a.owner("hot"))
        self.assertGreater(stats["hot_keys"][0]["share"], 0.2)
        self.assertEqual(sum(owner["requests"] for owner in stats["owners"]), 400)
        self.assertEqual(sorted(owner["name"] for owner in stats["owners"]), ["a", "b"])
