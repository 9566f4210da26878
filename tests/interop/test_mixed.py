"""ringside in the clusters of others: real ringpop-go and ringpop-node members, which notice no difference.

The limits are the product's promises: agreement within 10 s of the start, a dead member faulty everywhere within 7 s.
"""
import unittest

from mixed import MixedTest
from support import wait_until


class MixedClusters(MixedTest):
    def three_ringsides(self, identity, *flags):
        for name in ["a", "b", "c"]:
            self.cluster.add_ringside(name, identity, *flags)

    def one_checksum(self):
        """Do all hold the same membership checksum? It covers every word of the list, and saves the full syncs."""
        stats = self.cluster.stats()
        return stats and len({answer["membership"]["checksum"] for answer in stats.values()}) == 1

    def logged(self, host, event, about):
        return any(f"error {event}" in line and about in line for line in host.daemon.log().splitlines())

    def lives_and_dies(self, one_dialect):
        """One of each kind is killed."""
        self.cluster.start()
        self.assert_agreement(10)
        if one_dialect:
            wait_until(self.one_checksum, 5, "all compute one checksum", self.cluster.processes())
        real = {peer.kind: peer.address for peer in self.cluster.real}
        self.assert_each_death_is_seen(7, self.cluster.hosts[0].peer, *real.values())

    def test_ringsides_and_ringpop_go_with_identities_are_one_cluster(self):
        self.three_ringsides("name")
        for name in ["d", "e"]:
            self.cluster.add_real("ringpop-go", identity=name)
        self.lives_and_dies(one_dialect=True)

    def test_ringsides_and_ringpop_node_by_address_are_one_cluster(self):
        self.three_ringsides("address", "--gossip-checksum", "node")
        for _ in range(2):
            self.cluster.add_real("ringpop-node")
        self.lives_and_dies(one_dialect=True)
        for host in self.cluster.hosts:
            for event in ["ringpop_node_peer", "checksum_dialect"]:
                self.assertNotIn(event, host.daemon.log(), "a cluster as it should be is complained about")

    def test_ringsides_ringpop_go_and_ringpop_node_by_address_are_one_cluster(self):
        self.three_ringsides("address")
        for kind in ["ringpop-go", "ringpop-node"]:
            for _ in range(2):
                self.cluster.add_real(kind)
        self.lives_and_dies(one_dialect=False)
        # ringpop-go and ringpop-node never compute the same checksum; who speaks another dialect is named.
        for host in self.cluster.hosts[1:]:
            wait_until(lambda: self.logged(host, "checksum_dialect", "theirs=node"), 10,
                       f"{host.name} reports the other dialect", list(self.cluster.living().values()))

    def test_names_or_labels_beside_a_ringpop_node_are_reported(self):
        named = self.cluster.add_ringside("a", "name")
        labelled = self.cluster.add_ringside("b", "name", "--node-labels", "zone=1")
        self.cluster.add_real("ringpop-node")
        self.cluster.start()
        node = self.cluster.real[0].address
        for host in [named, labelled]:
            wait_until(lambda: self.logged(host, "ringpop_node_peer", node), 10,
                       f"{host.name} reports the ringpop-node", self.cluster.processes())


if __name__ == "__main__":
    unittest.main()
