"""HTTP in mixed clusters: an app built on ringpop-node and a ringside reach each other's keys (/proxy/req).

ringpop-go has no such thing, and says so through ringside.
"""
import hashlib
import unittest

from mixed import KEYS, MixedTest
from support import ECHO, fetch, free_port, route, wait_until
from processes import accepts

BODIES = [b"", b"short", bytes(range(256)) * 1000]  # the last one needs several frames
TEXTS = [b"", b"short", b"text " * 50_000]  # ringpop-node reads a request's body as UTF-8 and spoils what is not


class Proxy(MixedTest):
    def setUp(self):
        super().setUp()
        self.hosts = [self.cluster.add_ringside(name, "address", app_command=ECHO) for name in ["a", "b"]]
        self.node = self.cluster.add_real("ringpop-node", http_port=free_port())
        self.cluster.start()
        wait_until(self.cluster.agreed, 10, "all members agree", self.cluster.processes())
        wait_until(lambda: accepts(self.node.http_port), 10, "the node's app listens", self.cluster.processes())
        self.owner = dict(zip(KEYS, self.cluster.owners()[self.node.address]))

    def key_of(self, address):
        return next(key for key, owner in self.owner.items() if owner == address)

    def assert_same_body(self, answer, body):
        seen = answer.json()
        self.assertEqual((seen["size"], seen["sha256"]), (len(body), hashlib.sha256(body).hexdigest()))

    def test_ringside_reaches_the_keys_of_a_ringpop_node(self):
        key = self.key_of(self.node.address)
        for host in self.hosts:
            for body in BODIES:
                with self.subTest(host=host.name, size=len(body)):
                    answer = fetch(host.api_port, route(key, "/path?status=201&q=%20x"), "POST" if body else "GET",
                                   {"X-Mine": "1"}, body)
                    self.assertEqual(answer.status, 201, answer.body)
                    self.assertEqual(answer["X-App"], self.node.address)
                    seen = answer.json()
                    self.assertEqual((seen["app"], seen["forwarded"], seen["method"], seen["path"]),
                                     (self.node.address, True, "POST" if body else "GET", "/path?status=201&q=%20x"))
                    self.assertEqual(seen["headers"]["x-mine"], "1")
                    self.assert_same_body(answer, body)

    def test_a_ringpop_node_reaches_the_keys_of_a_ringside(self):
        for host in self.hosts:
            for body in TEXTS:
                with self.subTest(host=host.name, size=len(body)):
                    answer = fetch(self.node.http_port, "/echo/path?q=%20x", "POST" if body else "GET",
                                   {"X-Key": self.key_of(host.peer), "X-Mine": "1"}, body)
                    self.assertEqual(answer.status, 200, answer.body)
                    seen = answer.json()
                    self.assertEqual((seen["app"], seen["path"]), (host.name, "/echo/path?q=%20x"))
                    self.assert_same_body(answer, body)
        refused = fetch(self.node.http_port, "/status/404", headers={"X-Key": self.key_of(self.hosts[0].peer)})
        self.assertEqual(refused.status, 404)


class NoProxy(MixedTest):
    def test_http_for_a_key_of_a_ringpop_go_is_refused_with_a_remedy(self):
        host = self.cluster.add_ringside("a", "name")
        peer = self.cluster.add_real("ringpop-go", identity="b")
        self.cluster.start()
        wait_until(self.cluster.agreed, 10, "both agree", self.cluster.processes())
        key = KEYS[self.cluster.owners()[host.peer].index(peer.address)]
        answer = fetch(host.api_port, route(key))
        problem = answer.json()
        self.assertEqual((answer.status, problem["code"], problem["executed"]), (502, "peer_has_no_http", "no"))
        self.assertTrue(problem["remedy"])


if __name__ == "__main__":
    unittest.main()
