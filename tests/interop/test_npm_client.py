"""npm's TChannel client and a ringside: frames, arguments and checksums of a library that is not ours."""
import json
import unittest

from mixed import MixedTest

LOOKUP = json.dumps({"key": "hello"})


class NpmClient(MixedTest):
    def setUp(self):
        super().setUp()
        self.host = self.cluster.add_ringside("a", "name")
        self.cluster.start()
        self.cluster.wait_ready(self.host)

    def ask(self, endpoint, body="", **options):
        return self.cluster.client.ask(self.host.peer, endpoint, body, **options)

    def assert_still_answers(self):
        self.assertEqual(json.loads(self.ask("/admin/lookup", LOOKUP)["body"]), {"dest": self.host.peer})

    def test_the_ping_frame_is_answered(self):
        answer = self.cluster.client.ask_all([{"to": self.host.peer, "ping": True}] * 3)
        self.assertEqual([a["ok"] for a in answer], [True] * 3)

    def test_a_call_is_answered_whatever_its_checksum_and_argument_scheme(self):
        for checksum in [0, 1, 2, 3]:  # none, CRC-32, FarmHash, CRC-32C
            for scheme in ["raw", "json", "http", "thrift"]:
                with self.subTest(checksum=checksum, scheme=scheme):
                    answer = self.ask("/admin/lookup", LOOKUP, checksum=checksum, **{"as": scheme})
                    self.assertTrue(answer.get("ok"), answer)
                    self.assertEqual(json.loads(answer["body"]), {"dest": self.host.peer})

    def test_a_body_of_many_frames_arrives_whole(self):
        # A field nobody asked for is skipped, but a lost or doubled piece of it would break the JSON.
        ping = {"source": "127.0.0.1:9", "sourceIncarnationNumber": 1, "checksum": 0, "changes": []}
        for size in [65_000, 65_536, 300_000, 2_000_000]:
            with self.subTest(size=size):
                answer = self.ask("/protocol/ping", json.dumps(ping | {"padding": "x" * size}))
                self.assertTrue(answer.get("ok"), answer)

    def test_a_question_of_a_tool_may_be_long_but_not_any_length(self):
        for size, taken in [(60_000, True), (70_000, False)]:
            with self.subTest(size=size):
                answer = self.ask("/admin/lookup", json.dumps({"key": "x" * size}))
                self.assertIs(answer.get("ok"), taken, answer)

    def test_a_refusal_has_a_code_and_the_connection_lives_on(self):
        for endpoint, service in [("/admin/nothing", "ringpop"), ("/health", "other")]:
            self.assertEqual(self.ask(endpoint, service=service).get("error"), "tchannel.bad-request", endpoint)
            self.assert_still_answers()
        bodies = {"/protocol/ping": "no json", "/protocol/join": '{"app": "another"}', "/admin/lookup": "[1]"}
        for endpoint, body in bodies.items():
            answer = self.ask(endpoint, body)
            self.assertIs(answer.get("ok"), False, answer)
            self.assertTrue({"type", "message"} <= set(json.loads(answer["body"])), answer)
            self.assert_still_answers()

    def test_a_client_is_not_taken_for_a_member(self):
        # It says that it is written for Node, as a ringpop-node does, and beside names that is an error.
        self.assert_still_answers()
        self.assertEqual([member["address"] for member in self.host.members()], [self.host.peer])
        self.assertNotIn("ringpop_node_peer", self.host.daemon.log())

    def test_many_calls_are_under_way_at_once(self):
        question = {"to": self.host.peer, "endpoint": "/admin/lookup", "body": LOOKUP}
        answers = self.cluster.client.ask_all([question] * 500)
        self.assertEqual({a.get("body") for a in answers}, {f'{{"dest":"{self.host.peer}"}}'})


if __name__ == "__main__":
    unittest.main()
