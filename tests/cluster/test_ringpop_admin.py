"""What Ringpop's tools ask and order over TChannel, on clusters of ringsides: /admin/*, /health and damp-req.

Calls come in two forms: as ringpop-admin makes them (raw, everything empty, CRC-32C) and as a Go program would (json, CRC-32).
"""
import json
import signal
import unittest

from fake_ringpop import PING, ringpop, ringpop_bodies, tchannel
from support import ClusterTest, SharedClusterTest, metric, wait_until

BY_TOOL = {"headers": {"as": "raw", "cn": "ringpop"}, "checksum": tchannel.CRC32C}
BY_GO = {"headers": {"as": "json", "cn": "shop"}, "checksum": tchannel.CRC32, "arg2": b"null\n"}
NO_APP_LISTENS = "127.0.0.1:9"  # nothing is forwarded in these tests


def call(host, endpoint, body=None, form=None):
    """-> Answer with its body in .json"""
    form = form or BY_TOOL
    arg3 = b"" if body is None else json.dumps(body).encode()
    connection = tchannel.Connection.to(host.peer)
    try:
        answer = connection.call(tchannel.Call(endpoint, arg3=arg3 + (b"\n" if form is BY_GO else b""), **form), timeout=10)
    finally:
        connection.close()
    answer.json = json.loads(answer.arg3)
    return answer


class AdminTest:
    def order(self, host, endpoint, body=None):
        answer = call(host, endpoint, body)
        self.assertEqual(answer.code, 0, f"{endpoint}: {answer.json}")
        return answer.json

    def refused(self, host, endpoint, body=None):
        """The type of the error."""
        answer = call(host, endpoint, body)
        self.assertEqual(answer.code, 1, f"{endpoint}: {answer.json}")
        self.assertEqual(set(answer.json), {"type", "message"})
        return answer.json["type"]

    def statuses(self, host):
        return {m["address"]: m["status"] for m in self.order(host, "/admin/stats")["membership"]["members"]}

    def wait_statuses(self, hosts, expected, timeout=10):
        """expected: host -> status"""
        rows = {host.peer: status for host, status in expected.items()}
        wait_until(lambda: all(self.statuses(host) == rows for host in hosts), timeout,
                   f"{[h.name for h in hosts]} see {rows}", [h.daemon for h in hosts])


class Questions(AdminTest, SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        for name in "abc":
            cluster.add(name, app_address=NO_APP_LISTENS)

    def test_every_endpoint_answers_in_the_form_of_the_call(self):
        host = self.cluster.hosts[0]
        endpoints = {
            "/health": "ok", "/admin/stats": None, "/admin/gossip/status": {"status": "started"},
            "/admin/gossip": {"status": "ok"}, "/admin/gossip/start": {"status": "ok"},
            "/admin/gossip/tick": None, "/admin/tick": None, "/admin/reap": {"status": "ok", "reaped": 0},
            "/admin/healpartition/disco": {"targets": [], "error": ""},
            "/admin/debugSet": {"status": "ok"}, "/admin/debugClear": {"status": "ok"},
        }
        for endpoint, expected in endpoints.items():
            for form in (BY_TOOL, BY_GO):
                with self.subTest(endpoint=endpoint, form=form["headers"]["as"]):
                    answer = call(host, endpoint, form=form)
                    self.assertEqual((answer.code, answer.arg2), (0, b""))
                    self.assertEqual((answer.headers["as"], answer.checksum), (form["headers"]["as"], form["checksum"]))
                    if expected is not None:
                        self.assertEqual(answer.json, expected)

    def test_lookup_names_the_owner_that_every_entry_names(self):
        for i in range(20):
            owners = {self.order(host, "/admin/lookup", {"key": f"key {i}"})["dest"] for host in self.cluster.hosts}
            [expected] = [h.peer for h in self.cluster.hosts if h.name == self.cluster.hosts[0].owner(f"key {i}")]
            self.assertEqual(owners, {expected})

    def test_lookup_without_a_key_is_refused(self):
        for body in (None, {}, {"key": 7}, [], "key"):
            with self.subTest(body=body):
                self.assertEqual(self.refused(self.cluster.hosts[0], "/admin/lookup", body), "ringside.bad-request")

    def test_stats_have_the_fields_that_the_tools_know_and_their_checksums_can_be_computed(self):
        checksums = set()
        for host in self.cluster.hosts:
            stats = self.order(host, "/admin/stats")
            self.assertEqual(ringpop_bodies.answer_faults("/admin/stats", stats), [])
            members = stats["membership"]["members"]
            self.assertEqual([m["address"] for m in members], sorted(h.peer for h in self.cluster.hosts))
            self.assertEqual(stats["membership"]["checksum"], ringpop.membership_checksum(members))
            self.assertEqual(stats["ring"]["checksum"], ringpop.Ring.of(members).checksum())
            self.assertEqual(stats["process"]["pid"], host.daemon.pid)
            checksums.add((stats["membership"]["checksum"], stats["ring"]["checksum"]))
        self.assertEqual(len(checksums), 1)

    def test_damp_req_scores_whom_it_knows_of_those_it_is_asked_for(self):
        host, other = self.cluster.hosts[:2]
        asked = {"sourceAddr": other.peer, "sourceIncarnationNumber": 1, "sourceChecksum": 2,
                 "flappers": [other.peer, "127.77.0.1:9"]}
        self.assertEqual(self.order(host, "/protocol/damp-req", asked), {"scores": [{"member": other.peer, "dampScore": 0}]})
        for body, kind in ((None, "required"), ({}, "required"), ({"flappers": "all"}, "array")):
            with self.subTest(body=body):
                expected = f"ringpop.server.damp-req.bad-request.flappers-{kind}"
                self.assertEqual(self.refused(host, "/protocol/damp-req", body), expected)

    def test_what_is_not_served_is_an_error_frame_that_names_it(self):
        connection = tchannel.Connection.to(self.cluster.hosts[0].peer)
        self.addCleanup(connection.close)
        for endpoint in ("/admin/nothing", ""):
            with self.subTest(endpoint=endpoint), self.assertRaises(tchannel.CallError) as refused:
                connection.call(tchannel.Call(endpoint))
            self.assertEqual(refused.exception.code, tchannel.BAD_REQUEST)
            self.assertIn(f'service "ringpop" and method "{endpoint}"', refused.exception.message)
        self.assertEqual(connection.call(tchannel.Call("/health")).arg3, b'"ok"', "the connection is still good")

    def test_debug_set_makes_the_log_talk_until_debug_clear(self):
        host = self.cluster.hosts[0]

        def said():
            return host.daemon.log().count("bad_request")

        def provoke():
            self.assertEqual(self.refused(host, PING, "no ping"), "ringside.bad-request")

        quiet = said()
        self.order(host, "/admin/debugSet")
        self.order(host, "/admin/debugSet")  # twice must not make it the level to return to
        provoke()
        wait_until(lambda: said() > quiet, 5, "a line of the debug level", [host.daemon])
        talked = said()
        self.order(host, "/admin/debugClear")
        provoke()
        self.order(host, "/admin/debugSet")
        provoke()  # when its line is there, that of the one before would be, too
        wait_until(lambda: said() > talked, 5, "a line of the debug level", [host.daemon])
        self.order(host, "/admin/debugClear")
        self.assertEqual(said(), talked + 1)


class Orders(AdminTest, ClusterTest):
    def three(self, *flags):
        for name in "abc":
            self.cluster.add(name, app_address=NO_APP_LISTENS, flags=flags)
        self.cluster.start()
        self.cluster.wait_agreed()
        return self.cluster.hosts

    def test_gossip_stops_ticks_and_starts(self):
        a, b, c = self.three()
        pings = "ringside_gossip_pings_sent_total"
        self.order(a, "/admin/gossip/stop")
        self.assertEqual(self.order(a, "/admin/gossip/status"), {"status": "stopped"})
        self.order(a, "/admin/gossip/tick")  # the period that was under way has ended, and this one too
        sent = metric(a, pings)
        for endpoint in ("/admin/gossip/tick", "/admin/tick"):
            checksum = self.order(a, endpoint)["checksum"]
            self.assertEqual(checksum, self.order(b, "/admin/stats")["membership"]["checksum"])
        self.assertEqual(metric(a, pings), sent + 2)
        heard = metric(a, "ringside_gossip_pings_received_total")  # it still answers, so nobody suspects it
        wait_until(lambda: metric(a, "ringside_gossip_pings_received_total") > heard + 5, 10, "pings of the others", [a.daemon])
        self.assertEqual(metric(a, pings), sent + 2)
        self.wait_statuses([a, b, c], {a: "alive", b: "alive", c: "alive"})
        for endpoint in ("/admin/gossip", "/admin/gossip"):  # ringpop-go's toggles; here a second one changes nothing
            self.order(a, endpoint)
            self.assertEqual(self.order(a, "/admin/gossip/status"), {"status": "started"})
        wait_until(lambda: metric(a, pings) > sent + 2, 5, "pings again", [a.daemon])

    def test_a_member_that_is_told_to_leave_loses_its_keys_everywhere_and_gets_them_back_when_told_to_join(self):
        hosts = a, b, c = self.three()
        owners = {f"key {i}": a.owner(f"key {i}") for i in range(100)}
        self.assertEqual(set(owners.values()), set("abc"))
        for leave, join in (("/admin/member/leave", "/admin/member/join"), ("/admin/leave", "/admin/join")):
            self.assertEqual(self.order(b, leave), {"status": "ok"})
            self.assertEqual(self.refused(b, leave), "ringpop.invalid-leave.redundant")
            self.wait_statuses(hosts, {a: "alive", b: "leave", c: "alive"})
            for host in hosts:
                self.assertEqual(self.order(host, "/admin/stats")["ring"]["servers"], sorted([a.peer, c.peer]))
                for key, owner in owners.items():
                    self.assertTrue(host.owner(key) == owner if owner != "b" else host.owner(key) in "ac", f"{key} of {owner}")
            self.assertEqual(self.order(b, join), {"status": "rejoined"})
            self.wait_statuses(hosts, dict.fromkeys(hosts, "alive"))
            for host in hosts:
                self.assertEqual({key: host.owner(key) for key in owners}, owners)

    def test_a_node_without_app_cannot_be_told_to_join(self):
        a, b, c = self.three()
        without = self.cluster.add("d")
        self.cluster.start([without])
        everybody = {a: "alive", b: "alive", c: "alive", without: "leave"}
        self.wait_statuses(everybody, everybody)
        for endpoint in ("/admin/member/join", "/admin/join"):
            self.assertEqual(self.refused(without, endpoint), "ringside.no-app")
        self.wait_statuses(everybody, everybody)
        self.assertEqual(self.refused(without, "/admin/member/leave"), "ringpop.invalid-leave.redundant")

    def test_the_dead_are_reaped_when_told_and_then_forgotten(self):
        a, b, c = self.three("--gossip-suspect-timeout", "300ms", "--gossip-reap-tombstone", "2s")
        c.kill()
        self.wait_statuses([a, b], {a: "alive", b: "alive", c: "faulty"})
        self.assertEqual(self.order(a, "/admin/reap"), {"status": "ok", "reaped": 1})
        self.wait_statuses([a, b], {a: "alive", b: "alive", c: "tombstone"})
        self.assertEqual(self.order(b, "/admin/reap"), {"status": "ok", "reaped": 0})
        self.wait_statuses([a, b], {a: "alive", b: "alive"})

    def test_a_cluster_that_was_cut_in_two_heals_when_told(self):
        a, b, c = self.three("--gossip-heal-period", "1h")
        d = self.cluster.add("d", app_address=NO_APP_LISTENS, flags=["--gossip-heal-period", "1h"])
        self.cluster.start([d])
        everybody = dict.fromkeys((a, b, c, d), "alive")
        self.wait_statuses(everybody, everybody)
        self.cut((a, b), (c, d))
        self.assertLessEqual(set(self.reported_targets(a)), {c.peer, d.peer})
        wait_until(lambda: self.reported_targets(a) == [], 20, "nothing is left to heal", [h.daemon for h in everybody])
        self.wait_statuses(everybody, everybody)
        self.cluster.wait_agreed()

    def reported_targets(self, host):
        return self.order(host, "/admin/healpartition/disco")["targets"]

    def cut(self, one, other):
        """Each side believes that the other is dead, and so will not talk to it."""
        for host in one + other:
            self.order(host, "/admin/gossip/stop")
            self.order(host, "/admin/gossip/tick")
        incarnations = {m["address"]: m for m in self.order(one[0], "/admin/stats")["membership"]["members"]}
        liar = {"source": "127.77.0.1:9", "sourceIncarnationNumber": 1, "checksum": 1}
        for told, dead in ((one, other), (other, one)):
            changes = [{"address": h.peer, "status": "faulty", "incarnationNumber": incarnations[h.peer]["incarnationNumber"]}
                       for h in dead]
            for host in told:
                self.order(host, PING, {**liar, "changes": changes})
        for host in one + other:
            self.order(host, "/admin/gossip/start")
        self.wait_statuses(one, {h: "alive" if h in one else "faulty" for h in one + other})
        self.wait_statuses(other, {h: "alive" if h in other else "faulty" for h in one + other})

    def test_a_frozen_member_is_no_target_of_healing_and_comes_back_by_itself(self):
        a, b, c = self.three("--gossip-suspect-timeout", "300ms", "--gossip-ping-timeout", "200ms",
                             "--gossip-ping-req-timeout", "300ms")
        c.daemon.kill(signal.SIGSTOP)
        try:
            self.wait_statuses([a, b], {a: "alive", b: "alive", c: "faulty"})
            self.assertEqual(self.reported_targets(a), [], "a frozen member was healed")
        finally:
            c.daemon.kill(signal.SIGCONT)
        self.wait_statuses([a, b, c], dict.fromkeys((a, b, c), "alive"))
