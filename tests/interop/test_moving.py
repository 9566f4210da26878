"""A cluster of real Ringpop nodes moves over one host at a time, with the files of config/ and as its README says ("Beside
Ringpop"): a ringside takes the address of the node before it, and at no step does a key change its owner.
"""
import unittest

from mixed import KEYS, MixedTest
from support import ECHO, ROOT, fetch, free_port, route, wait_until
from processes import accepts


class Moving(MixedTest):
    def take_over(self, peer, host):
        """The Ringpop node ends; its address and its name in the ring are the ringside's now."""
        host.peer_port = int(peer.address.rpartition(":")[2])
        if host.app_command:
            host.start_app()
        peer.process.stop()
        self.cluster.real.remove(peer)
        host.seeds = [other.address for other in self.cluster.real] + [other.peer for other in self.cluster.hosts]
        host.start_daemon()
        wait_until(host.ready, 10, f"{host.name} is ready", [host.daemon])
        self.assert_agreement(10)

    def give_back(self, peer, host):
        host.kill()
        self.cluster.hosts.remove(host)
        peer.start(self.folder / "hosts.json", self.folder / "again.log")
        self.cluster.real.append(peer)
        self.assert_agreement(10)

    def add_host(self, name, config, *flags, **app):
        return self.cluster.add(name, flags=["-c", ROOT / "config" / config, "--cluster", "ringpop", *flags], **app)

    def test_hosts_of_ringpop_node_with_their_http_apps(self):
        nodes = [self.cluster.add_real("ringpop-node", http_port=free_port()) for _ in range(3)]
        self.cluster.start()
        self.assert_agreement(10)
        for node in nodes:
            wait_until(lambda node=node: accepts(node.http_port), 10, "the app listens", [node.process])
        owners = dict(zip(KEYS, self.cluster.owners()[nodes[0].address]))
        answers = {node.address: node.address for node in nodes}  # address -> what the app there calls itself
        for number, node in enumerate(nodes):
            host = self.add_host(f"host-{number}", "ringpop-node.yaml", app_command=ECHO)
            self.take_over(node, host)
            answers[node.address] = host.name
            self.assertEqual(dict(zip(KEYS, self.cluster.owners()[node.address])), owners, "a key has moved")
            for key, owner in owners.items():
                answer = fetch(host.api_port, route(key, "/"))
                self.assertEqual((answer.status, answer.json()["app"]), (200, answers[owner]), key)
                for left in nodes[number + 1:]:
                    answer = fetch(left.http_port, "/", headers={"X-Key": key})
                    self.assertEqual((answer.status, answer.json()["app"]), (200, answers[owner]), key)
            for event in ["ringpop_node_peer", "checksum_dialect"]:
                self.assertNotIn(event, host.daemon.log())
        self.give_back(nodes[-1], self.cluster.hosts[-1])
        self.assertEqual(dict(zip(KEYS, self.cluster.owners()[nodes[-1].address])), owners, "a key has moved")

    def test_hosts_of_ringpop_go_with_their_identities(self):
        names = ["d", "e", "f"]
        peers = [self.cluster.add_real("ringpop-go", identity=name) for name in names]
        self.cluster.start()
        self.assert_agreement(10)
        owners = self.cluster.owners()[peers[0].address]
        for name, peer in zip(names, peers):
            door = f"127.0.0.1:{free_port()}"
            self.take_over(peer, self.add_host(name, "ringpop-go.yaml", "--listen-tchannel", door,
                                               app_address="127.0.0.1:9"))
            self.assertEqual(self.cluster.owners()[peer.address], owners, "a key has moved")


if __name__ == "__main__":
    unittest.main()
