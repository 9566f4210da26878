"""The operator's old tool: ringpop-admin against a cluster that has only ringsides in it, on the ring by name."""
import json
import os
import re
import subprocess
import unittest

import peers
from mixed import KEYS, MixedTest
from support import wait_until


class RingpopAdmin(MixedTest):
    def setUp(self):
        self.tool = peers.need("ringpop-admin")
        super().setUp()
        for name in ["a", "b", "c"]:
            self.cluster.add_ringside(name, "name", "--gossip-reap-tombstone", "2s")
        self.cluster.start()
        wait_until(self.cluster.agreed, 10, "the ringsides agree", self.cluster.processes())
        self.addresses = sorted(host.peer for host in self.cluster.hosts)
        self.seed = self.cluster.hosts[0].peer

    def admin(self, command, *arguments):
        """What `ringpop-admin COMMAND` prints; it takes what it needs from the modules that the peers have."""
        done = subprocess.run(["node", "--no-warnings", self.tool / f"{command}.js", *arguments], capture_output=True,
                              text=True, timeout=30, check=False, stdin=subprocess.DEVNULL,
                              env={**os.environ, "NODE_PATH": str(peers.need("npm") / "node_modules")})
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{command}: {done.stdout}")
        return re.sub(r"\x1b(c|\[\d*m)", "", done.stdout)

    def statuses(self):
        """address -> status, as `ringpop-admin status` prints them."""
        return dict(line.split()[:2] for line in self.admin("status", self.seed).splitlines()[1:])

    def test_what_reads_shows_one_cluster(self):
        checksum = str(self.cluster.stats()[self.seed]["membership"]["checksum"])
        self.assertEqual(self.statuses(), dict.fromkeys(self.addresses, "alive"))
        self.assertEqual(self.admin("list", "--members", self.seed).split(), self.addresses)
        self.assertEqual(self.admin("list", "--hosts", self.seed).split(), ["127.0.0.1"])
        counts = [self.admin("count", of, self.seed).strip() for of in ["--members", "--hosts", "--partitions"]]
        self.assertEqual(counts, ["3", "1", "1"])
        self.assertEqual(sorted(line.split() for line in self.admin("checksums", self.seed).splitlines()),
                         [[address, checksum] for address in self.addresses])
        self.assertEqual(self.admin("partitions", "--quiet", self.seed).split()[:5], [checksum, "3", "3", "0", "0"])
        for key, owner in zip(KEYS[:3], self.cluster.owners()[self.seed]):
            self.assertEqual(self.admin("lookup", "--key", key, self.seed).strip(), owner)
        self.assertIn("A cluster of 3 nodes have converged on a single membership view.",
                      self.admin("top", "--no-refresh", self.seed))
        dump = self.folder / "dump.json"
        self.admin("dump", "--file", dump, self.seed)
        self.assertEqual(sorted(json.loads(dump.read_bytes())), self.addresses)

    def test_a_member_leaves_and_joins_again(self):
        member = self.cluster.hosts[1].peer
        for command, status in [("leave", "leave"), ("join", "alive")]:
            self.admin(command, member)
            wait_until(lambda: self.cluster.statuses(member) == {status}, 3, f"{status} everywhere",
                       self.cluster.processes())
            self.assertEqual(self.statuses()[member], status)

    def test_the_dead_are_reaped_and_nothing_is_left_to_heal(self):
        dead = self.cluster.hosts[2].peer
        self.cluster.hosts[2].kill()
        living = list(self.cluster.living().values())
        wait_until(lambda: self.cluster.statuses(dead) == {"faulty"}, 7, "the dead one is faulty", living)
        self.admin("reap", self.seed)
        wait_until(lambda: not self.cluster.statuses(dead), 5, "the dead one is forgotten", living)
        self.assertEqual(set(self.statuses()), set(self.cluster.living()))
        self.assertIn("No known partitions left", self.admin("heal", self.seed))


if __name__ == "__main__":
    unittest.main()
