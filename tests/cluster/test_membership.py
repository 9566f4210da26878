"""Daemons as real processes: they find each other, agree, drop the dead and welcome the returned."""
import json
import pathlib
import signal
import time

from support import ClusterTest, metric, wait_until

NAMES = ["a", "b", "c", "d", "e"]
KEYS = [f"user:{i}" for i in range(1000)]


def owners(host):
    """key -> name of its owner, as this host sees it."""
    answer = host.get("/v1/lookup", method="POST", body=json.dumps({"keys": KEYS}),
                      headers={"Content-Type": "application/json"})
    return {key: name for name, keys in answer.json()["by_owner"].items() for key in keys}


class Membership(ClusterTest):
    def five(self, flags=()):
        for name in NAMES:
            self.cluster.add(name, app_address="127.0.0.1:9", flags=flags)  # nothing is forwarded in these tests
        self.cluster.start()
        return self.cluster.hosts

    def test_five_daemons_agree_within_3_seconds_of_the_last_start(self):
        for name in NAMES:
            self.cluster.add(name, app_address="127.0.0.1:9")
        for host in self.cluster.hosts:
            host.seeds = [other.peer for other in self.cluster.hosts]
            host.start_daemon()
        last_start = time.monotonic()
        wait_until(lambda: all(h.ready() for h in self.cluster.hosts) and self.cluster.agree(), 3, "five daemons agree",
                   self.cluster.processes())
        took = time.monotonic() - last_start
        self.assertLess(took, 3)

        views = [owners(host) for host in self.cluster.hosts]
        self.assertEqual(set(views[0]), set(KEYS))
        self.assertEqual(set(views[0].values()), set(NAMES))
        for host, view in zip(self.cluster.hosts, views):
            self.assertEqual(view, views[0], f"{host.name} names other owners than a")
        for key in KEYS[:20]:
            self.assertEqual({host.owner(key) for host in self.cluster.hosts}, {views[0][key]})

    def test_a_killed_daemon_owns_nothing_within_a_second_and_nobody_else_is_removed(self):
        hosts = self.five()
        self.cluster.wait_agreed()
        before = owners(hosts[0])
        victim, survivors = hosts[1], [h for h in hosts if h is not hosts[1]]
        victim.kill()
        wait_until(lambda: all(victim.name not in {m["name"] for m in h.ring()["members"]} for h in survivors), 1,
                   "all survivors dropped the dead member", [h.daemon for h in survivors])
        for host in survivors:
            after = owners(host)
            self.assertEqual({k: after[k] for k in KEYS if before[k] != victim.name},
                             {k: before[k] for k in KEYS if before[k] != victim.name}, f"as {host.name} sees it")
        self.cluster.wait_agreed(5, survivors)
        self.assertGreaterEqual(sum(metric(h, "ringside_gossip_deaths_proved_total") for h in survivors), 1)

    def test_of_two_the_one_left_owns_everything_within_a_second(self):
        left, victim = self.cluster.add("a", app_address="127.0.0.1:9"), self.cluster.add("b", app_address="127.0.0.1:9")
        self.cluster.start()
        self.cluster.wait_agreed()
        victim.kill()
        wait_until(lambda: {m["name"] for m in left.ring()["members"]} == {"a"}, 1, "b is dropped", [left.daemon])

    def test_a_killed_daemon_that_returns_at_once_has_all_its_keys_again(self):
        hosts = self.five()
        self.cluster.wait_agreed()
        before = owners(hosts[0])
        for host in hosts[:3]:
            host.kill()
            host.start_daemon()
            self.cluster.wait_ready(host)
            self.cluster.wait_agreed(10)
            for other in hosts:
                self.assertEqual(owners(other), before)

    def test_without_proof_a_killed_daemon_is_dropped_after_the_suspicion_and_no_other_key_moves(self):
        hosts = self.five(["--gossip-proof-of-death", "false"])
        self.cluster.wait_agreed()
        before = owners(hosts[0])
        victim, survivors = hosts[1], [h for h in hosts if h is not hosts[1]]
        victim.kill()
        killed = time.monotonic()
        # One rotation over four members (0.8 s), suspicion (5 s), and the news: 10 s leave room for a busy machine.
        wait_until(lambda: all(victim.name not in {m["name"] for m in h.ring()["members"]} for h in survivors), 10,
                   "all survivors dropped the dead member", [h.daemon for h in survivors])
        self.assertGreater(time.monotonic() - killed, 5, "dropped before the suspicion could end")
        self.cluster.wait_agreed(5, survivors)
        for host in survivors:
            after = owners(host)
            self.assertNotIn(victim.name, after.values())
            moved = [k for k in KEYS if before[k] != victim.name and after[k] != before[k]]
            self.assertEqual(moved, [], f"keys of living members moved, as {host.name} sees it")

    def test_a_suspect_that_returns_elsewhere_under_its_name_takes_its_place_and_no_key_moves(self):
        hosts = self.five(["--gossip-proof-of-death", "false"])  # it stays in the ring as long as it is a suspect
        self.cluster.wait_agreed()
        before = owners(hosts[0])
        host = hosts[2]
        old_address = host.peer
        host.kill()
        host.move()
        host.seeds = [other.peer for other in hosts]
        host.start_daemon()

        def returned():
            # At no moment, and nowhere, may a key belong to another name.
            for other in hosts[:2]:
                self.assertEqual(owners(other), before)
            rings = [{m["name"]: m["address"] for m in other.ring()["members"]} for other in hosts]
            return all(ring.get(host.name) == host.peer for ring in rings)

        self.cluster.wait_ready(host)
        wait_until(returned, 3, "every ring has the new address", [h.daemon for h in hosts])
        self.cluster.wait_agreed(10)
        for other in hosts:
            self.assertEqual(owners(other), before)
            self.assertNotIn(old_address, {m["address"] for m in other.ring()["members"]})

    def test_a_member_that_returns_after_it_was_dropped_gets_its_keys_back(self):
        hosts = self.five()
        self.cluster.wait_agreed()
        before = owners(hosts[0])
        host = hosts[4]
        host.kill()
        survivors = hosts[:4]
        wait_until(lambda: self.cluster.agree(survivors), 15, "the survivors dropped it", [h.daemon for h in survivors])
        host.move()
        host.start_daemon()
        self.cluster.wait_ready(host)
        self.cluster.wait_agreed()
        for other in hosts:
            self.assertEqual(owners(other), before)

    def test_of_two_with_one_name_the_newcomer_leaves_the_ring_and_both_say_so(self):
        hosts = self.five()
        self.cluster.wait_agreed()
        before = owners(hosts[0])
        twin = self.cluster.add("c", app_address="127.0.0.1:9")
        twin.seeds = [h.peer for h in hosts]
        twin.start_daemon()
        wait_until(lambda: twin.answers("/v1/readyz") == 503 and twin.get("/v1/readyz")["Ringside-Error"] == "name_conflict",
                   10, "the newcomer says that it is not ready", [h.daemon for h in (twin, *hosts)])
        self.assertIn(hosts[2].peer, twin.get("/v1/readyz").json()["reasons"][0])
        self.assertEqual([w["code"] for w in twin.get("/v1/self").json()["warnings"]], ["name_conflict"])
        for host in (hosts[2], twin):
            wait_until(lambda h=host: metric(h, "ringside_gossip_name_conflicts_total") >= 1, 5, "it is counted",
                       [host.daemon])
        for host in (*hosts, twin):
            wait_until(lambda h=host: {m["name"]: m["address"] for m in h.ring()["members"]}.get("c") == hosts[2].peer, 5,
                       f"{host.name} routes to the one that was there first", [h.daemon for h in (twin, *hosts)])
            self.assertEqual(owners(host), before)
        hosts[2].kill()  # and when that one dies, the other takes its place
        wait_until(lambda: twin.ready() and owners(hosts[0]) == before, 10, "the newcomer has the place", [twin.daemon])

    def test_who_is_alone_joins_as_soon_as_its_hosts_file_names_somebody(self):
        files = []
        for name in NAMES[:2]:
            host = self.cluster.add(name, app_address="127.0.0.1:9")
            files.append(pathlib.Path(self.cluster.folder) / f"hosts-{name}.json")
            files[-1].write_text(json.dumps([host.peer]))
            host.seeds = [f"file:{files[-1]}"]
            host.start_daemon()
        for host in self.cluster.hosts:
            wait_until(host.ready, 10, f"{host.name} is ready alone", self.cluster.processes())
        self.assertFalse(self.cluster.agree())
        for file in files:
            file.write_text(json.dumps([host.peer for host in self.cluster.hosts]))
        # join.refresh is 30 s: only the written file can have told them.
        wait_until(self.cluster.agree, 10, "the two have found each other", self.cluster.processes())

    def test_a_frozen_member_that_wakes_up_refutes_its_death(self):
        hosts = self.five()
        self.cluster.wait_agreed()
        frozen, awake = hosts[3], [h for h in hosts if h is not hosts[3]]
        frozen.daemon.kill(signal.SIGSTOP)
        try:
            wait_until(lambda: self.cluster.agree(awake), 20, "the others dropped the frozen member",
                       [h.daemon for h in awake])
        finally:
            frozen.daemon.kill(signal.SIGCONT)
        self.cluster.wait_agreed(10, hosts)
