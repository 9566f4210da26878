"""gRPC of npm's @grpc/grpc-js, client and server, with ringsides between them: calls of all four kinds reach the owner
of their key over one hop and two.
"""
import json
import subprocess
import unittest

import peers
from mixed import ClusterTest, wait_until

CANCELLED, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, UNAVAILABLE = 1, 3, 4, 5, 14


class Grpc(ClusterTest):
    def setUp(self):
        super().setUp()
        self.npm = peers.need("npm")
        app = ["node", "--no-warnings", self.npm / "grpc_app.js"]
        # A dead app keeps its keys here, and nobody waits for it: else a call for it would be another app's in the end.
        flags = ["--app-protocol", "h2c", "--app-health-required", "false", "--app-grace", "0s"]
        self.hosts = [self.cluster.add(name, app_command=app, flags=flags) for name in "ab"]
        self.cluster.start()
        self.cluster.wait_agreed()
        self.key_of = {}
        for number in range(100):
            self.key_of.setdefault(self.hosts[0].owner(f"user:{number}"), f"user:{number}")
        self.assertEqual(set(self.key_of), {"a", "b"})

    def ask(self, host, *calls):
        question = json.dumps({"to": f"127.0.0.1:{host.api_port}", "calls": calls})
        done = subprocess.run(["node", "--no-warnings", self.npm / "grpc_ask.js"], input=question, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def each_path(self):
        for entry in self.hosts:
            for owner, key in self.key_of.items():
                with self.subTest(entry=entry.name, owner=owner):
                    yield entry, owner, {"ringside-key": key}

    def test_calls_of_all_four_kinds(self):
        for entry, owner, key in self.each_path():
            numbers = [str(number) for number in range(1, 2001)]
            large = ["x" * 50_000] * 40
            say, count, gather, chat, many = self.ask(
                entry,
                {"method": "Say", "metadata": key, "messages": ["hello"]},
                {"method": "Count", "metadata": key, "messages": ["2000"]},
                {"method": "Gather", "metadata": key, "messages": large},
                {"method": "Chat", "metadata": key, "messages": ["one", "two", "three"]},
                {"method": "Say", "metadata": key, "messages": ["x" * 1_000_000]})
            self.assertEqual(say["answers"], [f"{owner} {key['ringside-key']} hello"])
            self.assertEqual(say["head"]["x-app"], [owner])
            self.assertEqual(say["head"]["ringside-served-by"], [owner])
            self.assertEqual(say["trailers"]["x-hops"], ["0" if entry.name == owner else "1"])
            self.assertEqual(count["answers"], numbers)
            self.assertEqual(gather["answers"], ["40 2000000"])
            self.assertEqual(chat["answers"], ["<one>", "<two>", "<three>"])
            self.assertEqual(len(many["answers"][0]), len(f"{owner} {key['ringside-key']} ") + 1_000_000)
            for each in (say, count, gather, chat, many):
                self.assertEqual(each["code"], 0, each)

    def test_a_hundred_calls_at_once(self):
        calls = [{"method": "Say", "metadata": {"ringside-key": f"user:{number}"}, "messages": [str(number)]}
                 for number in range(100)]
        for entry in self.hosts:
            for number, answer in enumerate(self.ask(entry, *calls)):
                self.assertEqual(answer["answers"][0].split(" ", 1)[1:], [f"user:{number} {number}"], answer)

    def test_the_apps_own_errors_pass_with_details_and_trailers(self):
        for entry, _, key in self.each_path():
            [failed] = self.ask(entry, {"method": "Fail", "metadata": key, "messages": [""]})
            self.assertEqual((failed["code"], failed["details"]), (NOT_FOUND, "nothing at 50 % of ü"))
            self.assertEqual(failed["trailers"]["x-why"], ["because"])

    def test_a_key_of_any_bytes(self):
        for entry in self.hosts:
            [said] = self.ask(entry, {"method": "Say", "metadata": {"ringside-key-bin": "w7w="}, "messages": ["x"]})
            self.assertEqual(said["answers"][0].split(" ", 1)[1:], ["ü x"], said)

    def test_metadata_comes_back_as_it_went(self):
        for entry, _, key in self.each_path():
            own = {"x-own-text": ["one, two", "three"], "x-own-bytes-bin": "AP/+gA==", "x-own-empty": ""}
            [said] = self.ask(entry, {"method": "Mirror", "metadata": {**key, **own}, "messages": ["x"]})
            self.assertEqual((said["code"], said["answers"]), (0, ["x"]))
            for where in ("head", "trailers"):
                # A list of values may have become one value with commas between (RFC 9110 5.3).
                self.assertEqual(", ".join(said[where]["x-own-text"]), "one, two, three", where)
                self.assertEqual(said[where]["x-own-bytes-bin"], [{"type": "Buffer", "data": [0, 255, 254, 128]}], where)
                self.assertEqual(said[where]["x-own-empty"], [""], where)

    def ended(self, entry, key):
        [said] = self.ask(entry, {"method": "Ended", "metadata": key, "messages": ["x"]})
        return int(said["answers"][0])

    def test_a_call_that_is_cancelled_is_cancelled_at_the_app(self):
        for entry, _, key in self.each_path():
            before = self.ended(entry, key)
            count, hold = self.ask(
                entry,
                {"method": "Count", "metadata": key, "messages": ["1000000000"], "cancel_after": 500},
                {"method": "Hold", "metadata": key, "messages": ["one", "two", "three"], "cancel_after": 2})
            self.assertEqual((count["code"], count["answers"]), (CANCELLED, [str(n) for n in range(1, 501)]))
            self.assertEqual((hold["code"], hold["answers"]), (CANCELLED, ["<one>", "<two>"]))
            wait_until(lambda: self.ended(entry, key) == before + 2, 20, "the app has seen both calls end")

    def test_a_deadline_ends_a_call_at_both_ends(self):
        for entry, _, key in self.each_path():
            before = self.ended(entry, key)
            rest, hold = self.ask(
                entry, {"method": "Rest", "metadata": key, "messages": ["x"], "timeout_ms": 1500},
                {"method": "Hold", "metadata": key, "messages": ["one"], "timeout_ms": 1500})
            self.assertEqual(rest["code"], DEADLINE_EXCEEDED, rest)
            self.assertEqual((hold["code"], hold["answers"]), (DEADLINE_EXCEEDED, ["<one>"]), hold)
            wait_until(lambda: self.ended(entry, key) == before + 2, 20, "the app has seen both calls end")

    def test_what_keeps_a_call_from_its_app_is_said_as_a_status(self):
        entry = self.hosts[0]
        [no_key] = self.ask(entry, {"method": "Say", "messages": ["x"]})
        self.assertEqual(no_key["code"], INVALID_ARGUMENT, no_key)
        key = {"ringside-key": self.key_of["b"]}
        [late] = self.ask(entry, {"method": "Rest", "metadata": {**key, "ringside-timeout": "300ms"}, "messages": ["x"]})
        self.assertEqual(late["code"], DEADLINE_EXCEEDED, late)
        self.assertIn("ringside: timeout", late["details"])
        self.hosts[1].app.kill()
        wait_until(lambda: not self.hosts[1].app_listens(), 5, "the app is gone")
        [down] = self.ask(entry, {"method": "Say", "metadata": key, "messages": ["x"]})
        self.assertEqual(down["code"], UNAVAILABLE, down)


if __name__ == "__main__":
    unittest.main()
