"""ringside in the clusters of others: real ringpop-go and ringpop-node members, which notice no difference.

The limits are the product's promises: agreement within 10 s of the start, a dead member faulty everywhere within 7 s.
"""
import unittest

from mixed import MixedTest
from support import wait_until


class MixedClusters(MixedTest):
    def three_ringsides(self, identity):
        for name in ["a", "b", "c"]:
            self.cluster.add_ringside(name, identity)

    def lives_and_dies(self):
        """One of each kind is killed."""
        self.cluster.start()
        self.assert_agreement(10)
        real = {peer.kind: peer.address for peer in self.cluster.real}
        self.assert_each_death_is_seen(7, self.cluster.hosts[0].peer, *real.values())

    def test_ringsides_and_ringpop_go_with_identities_are_one_cluster(self):
        self.three_ringsides("name")
        for name in ["d", "e"]:
            self.cluster.add_real("ringpop-go", identity=name)
        self.lives_and_dies()

    def test_ringsides_and_ringpop_node_by_address_are_one_cluster(self):
        self.three_ringsides("address")
        for _ in range(2):
            self.cluster.add_real("ringpop-node")
        self.lives_and_dies()
        for host in self.cluster.hosts:
            self.assertNotIn("ringpop_node_peer", host.daemon.log(), "a cluster as it should be is complained about")

    def test_ringsides_ringpop_go_and_ringpop_node_by_address_are_one_cluster(self):
        self.three_ringsides("address")
        for kind in ["ringpop-go", "ringpop-node"]:
            for _ in range(2):
                self.cluster.add_real(kind)
        self.lives_and_dies()

    def test_names_or_labels_beside_a_ringpop_node_are_reported(self):
        named = self.cluster.add_ringside("a", "name")
        labelled = self.cluster.add_ringside("b", "name", "--node-labels", "zone=1")
        self.cluster.add_real("ringpop-node")
        self.cluster.start()
        node = self.cluster.real[0].address

        def reported(host):
            return any("error ringpop_node_peer" in line and node in line for line in host.daemon.log().splitlines())

        for host in [named, labelled]:
            wait_until(lambda: reported(host), 10, f"{host.name} reports the ringpop-node", self.cluster.processes())


if __name__ == "__main__":
    unittest.main()
