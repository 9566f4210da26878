"""What a node says of itself, changed while it runs: labels and weight, over API and command line; and what a restart makes of it.
"""
import json
import signal

from support import ECHO, ClusterTest, run, wait_until


class Self(ClusterTest):
    def setUp(self):
        super().setUp()
        for name in "abc":
            self.cluster.add(name, app_command=ECHO, flags=["--node-labels", "zone=eu"])
        self.a, self.b, self.c = self.cluster.hosts
        self.cluster.start()
        self.cluster.wait_agreed()

    def patch(self, host, **change):
        return host.get("/v1/self", method="PATCH", body=json.dumps(change).encode())

    def verb(self, *words):
        return run(*words, "--addr", self.a.api_address)

    def seen(self, name):
        """The labels and the weight of a member, as each node has them."""
        rows = [[m for m in host.members() if m["name"] == name] for host in self.cluster.hosts]
        return [(row[0]["labels"], row[0]["weight"]) if row else None for row in rows]

    def wait_seen(self, name, labels, weight):
        wait_until(lambda: self.seen(name) == [(labels, weight)] * 3, 10, f"all see {name} with {labels} and {weight}",
                   self.cluster.processes())

    def shares(self, host):
        return {member["name"]: (member["weight"], member["share"]) for member in host.ring()["members"]}

    def test_every_member_sees_other_labels_and_the_ring_moves_with_the_weight(self):
        before = self.shares(self.b)
        answer = self.patch(self.a, labels={"rack": "r1", "zone": None}, weight=4)
        self.assertEqual(answer.status, 200)
        self.assertEqual((answer.json()["labels"], answer.json()["weight"]), ({"rack": "r1"}, 4))
        self.wait_seen("a", {"rack": "r1"}, 4)
        self.cluster.wait_agreed()
        shares = [self.shares(host) for host in self.cluster.hosts]
        self.assertEqual(shares[1:], shares[:-1])  # one ring
        self.assertEqual(shares[0]["a"][0], 4)
        self.assertAlmostEqual(shares[0]["a"][1], 4 / 6, delta=0.12)
        self.assertLess(shares[0]["b"][1], before["b"][1])
        keys = [f"k{i}" for i in range(60)]
        owners = [[host.owner(key) for key in keys] for host in self.cluster.hosts]
        self.assertEqual(owners[1:], owners[:-1])
        self.assertGreater(owners[0].count("a"), 25)
        self.assertEqual(self.patch(self.a, weight=None).json()["weight"], 1)
        wait_until(lambda: self.shares(self.c) == before, 10, "the ring is as it was", self.cluster.processes())

    def test_the_verbs_and_what_they_refuse(self):
        self.assertEqual(self.verb("labels", "get")[:2], (0, "zone=eu\n"))
        self.assertEqual(self.verb("labels", "set", "rack=r1", "zone=us")[:2], (0, "rack=r1\nzone=us\n"))
        self.assertEqual(self.verb("labels", "rm", "zone")[:2], (0, "rack=r1\n"))
        code, out, err = self.verb("weight", "2")
        self.assertEqual((code, out.split(";")[0]), (0, "the weight is 2"), err)
        self.wait_seen("a", {"rack": "r1"}, 2)
        code, _, err = self.verb("labels", "set", "__app=down")
        self.assertEqual(code, 1)
        self.assertIn("keys that start with __ are ours", err)
        self.assertIn("1 to 64", self.verb("weight", "65")[2])
        listed = run("members", "--label", "rack==r1", "--addr", self.b.api_address)[1]
        self.assertIn("rack=r1", listed)

    def test_events_tell_it_and_a_restart_follows_the_configuration_again(self):
        self.patch(self.a, labels={"rack": "r1"}, weight=3)
        self.wait_seen("a", {"rack": "r1", "zone": "eu"}, 3)
        events = self.b.get("/v1/events?follow=false&types=member-update,ring-changed").body.decode()
        self.assertIn('"rack":"r1"', events)
        self.assertIn('"change":"weight"', events)
        self.a.daemon.kill(signal.SIGTERM)
        self.a.daemon.wait()
        self.a.flags += ["--node-weight", "2"]
        self.a.start_daemon()
        self.cluster.wait_ready(self.a)
        self.wait_seen("a", {"zone": "eu"}, 2)

    def test_a_leaving_node_changes_nothing_any_more(self):
        self.a.get("/v1/leave?wait=5s", method="POST")
        try:
            self.assertEqual(self.patch(self.a, weight=2).status, 409)
        except OSError:
            pass  # it had nothing to wait for, and is gone
