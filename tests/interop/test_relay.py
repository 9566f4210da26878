"""TChannel apps of npm's `tchannel`, behind ringsides and in a ringpop-node: a call reaches the owner of its `sk`
wherever it comes in.
"""
import unittest

import peers
from mixed import KEYS, MixedTest
from support import free_port, wait_until

BODIES = ["", "short", "text " * 60_000]  # the last one needs several frames


class Relay(MixedTest):
    def setUp(self):
        super().setUp()
        app = ["node", "--no-warnings", peers.need("npm") / "tchannel_app.js"]
        self.doors = []
        for name in ["a", "b"]:
            self.doors.append(f"127.0.0.1:{free_port()}")
            self.cluster.add_ringside(name, "address", "--app-protocol", "tchannel",
                                      "--listen-tchannel", self.doors[-1], app_command=app)
        self.node = self.cluster.add_real("ringpop-node tchannel")
        self.cluster.start()
        wait_until(self.cluster.agreed, 10, "all members agree", self.cluster.processes())
        owners = self.cluster.owners()[self.node.address]
        apps = {host.peer: host.name for host in self.cluster.hosts} | {self.node.address: self.node.address}
        # app -> a key of it
        self.keys = {app: KEYS[owners.index(address)] for address, app in apps.items()}

    def call(self, door, endpoint, key, body="", **options):
        return self.cluster.client.ask(door, endpoint, body, service="store", key=key, head="head", **options)

    def test_a_call_reaches_the_owners_app_from_every_door(self):
        for door in [*self.doors, self.node.address]:
            for app, key in self.keys.items():
                for body in BODIES:
                    with self.subTest(door=door, app=app, size=len(body)):
                        answer = self.call(door, "echo", key, body)
                        self.assertTrue(answer.get("ok"), answer)
                        self.assertEqual((answer["head"], answer["body"] == body), (f"{app} head", True))

    def test_schemes_checksums_and_errors_pass_untouched(self):
        for door in [*self.doors, self.node.address]:
            for app, key in self.keys.items():
                for scheme, checksum in [("json", 0), ("thrift", 1), ("raw", 3)]:
                    with self.subTest(door=door, app=app, scheme=scheme):
                        answer = self.call(door, "echo", key, "body", checksum=checksum, **{"as": scheme})
                        self.assertEqual(answer.get("head"), f"{app} head", answer)
                refused, busy = self.call(door, "fail", key, "why"), self.call(door, "busy", key)
                self.assertEqual((refused.get("ok"), refused.get("body")), (False, "why"), refused)
                self.assertEqual((busy.get("error"), busy.get("message")), ("tchannel.busy", f"{app} is busy"))

    def test_many_calls_are_under_way_at_once(self):
        common = {"endpoint": "echo", "service": "store", "body": "x" * 5000}
        questions = [{**common, "to": door, "key": key, "head": str(number)}
                     for number in range(30) for door in self.doors for key in self.keys.values()]
        expected = [f"{app} {question['head']}" for question, app in zip(questions, list(self.keys) * 60)]
        self.assertEqual([answer.get("head") for answer in self.cluster.client.ask_all(questions)], expected)


if __name__ == "__main__":
    unittest.main()
