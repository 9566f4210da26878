"""What ringside believes of others, as fake Ringpop nodes tell it (fake_ringpop.py): the whole table of precedence, with
labels; the way from suspect to forgotten; and the ring that follows, computed a second time in Python.

The tables play on one stage: each row is about an address of its own, and gossip stands still, so that nobody probes them.
"""
import itertools
import time
import unittest

from fake_ringpop import FIRST_INCARNATION, JOIN, PING, Row, ringpop, staged
from support import wait_until

STATUSES = ("alive", "suspect", "faulty", "leave", "tombstone")
STRANGER = "127.77.0.100:9"  # nobody listens there

POSITIVE, MORE_POSITIVE = {"hello": "world"}, {"role": "cache"}
NEGATIVE = {"hello": "goodbye"}


def wins(known, told):
    """Spec C.2: of two (incarnation, status, labels), is the second one believed?"""
    def rank(incarnation, status, labels):
        return incarnation, STATUSES.index(status), ringpop.label_checksum(labels)

    return rank(*told) > rank(*known)


class Tables(unittest.TestCase):
    def play(self, stage, rows):
        """rows: (known, told) pairs of (incarnation, status, labels)."""
        stage.stop_gossip()
        by = stage.fakes[0]
        subjects = {f"127.77.1.{i // 100 + 1}:{i % 100 + 1}": row for i, row in enumerate(rows)}
        # A tombstone makes nobody known (C.5), so those start as alive.
        by.ping(*[by.claim(a, "alive", known[0] - 2) for a, (known, _) in subjects.items()])
        by.ping(*[by.claim(a, status, incarnation, labels) for a, ((incarnation, status, labels), _) in subjects.items()])
        before = stage.members()
        by.ping(*[by.claim(a, status, incarnation, labels) for a, (_, (incarnation, status, labels)) in subjects.items()])
        after = stage.members()
        for address, (known, told) in subjects.items():
            for members, (incarnation, status, labels) in ((before, known), (after, told if wins(known, told) else known)):
                expected = {"address": address, "incarnationNumber": incarnation, "status": status}
                expected |= {"labels": labels} if labels else {}
                self.assertEqual(members[address], expected, f"{known}, then told {told}")
            now = after[address]
            stage.rows[address] = Row(now["status"], now["incarnationNumber"], now.get("labels", {}))

    @staged(1)
    def test_every_status_against_every_other_at_a_lower_equal_and_higher_incarnation(self, stage):
        self.play(stage, [((10, first, {}), (10 + delta, second, {}))
                          for first, second, delta in itertools.product(STATUSES, STATUSES, (-1, 0, 1))])

    @staged(1)
    def test_labels_decide_between_equals_and_are_replaced_as_a_whole(self, stage):
        self.assertLess(0, ringpop.label_checksum(POSITIVE))
        self.assertLess(ringpop.label_checksum(NEGATIVE), 0)
        sets = ({}, POSITIVE, NEGATIVE, MORE_POSITIVE)
        self.play(stage, [((10, first, known), (10 + delta, second, told))
                          for first, second in (("alive", "alive"), ("alive", "suspect"), ("suspect", "faulty"),
                                                ("faulty", "leave"), ("leave", "tombstone"), ("tombstone", "tombstone"),
                                                ("suspect", "alive"))
                          for known, told in itertools.product(sets, sets) for delta in (-1, 0, 1)])

    @staged(1)
    def test_two_sets_of_labels_at_one_incarnation_end_the_same_in_both_orders(self, stage):
        sets = (POSITIVE, MORE_POSITIVE, NEGATIVE)
        self.play(stage, [((10, "alive", a), (10, "alive", b)) for a, b in itertools.permutations(sets, 2)])
        self.assertEqual(len({tuple(row.labels) for row in stage.rows.values() if row.incarnation == 10}), 2)


class Labels(unittest.TestCase):
    @staged(1, 3, labels=POSITIVE)
    def test_labels_are_learned_by_joining(self, stage):
        members = stage.members()
        for node in stage.fakes:
            self.assertEqual(members[node.address]["labels"], POSITIVE)
        self.assertNotIn("labels", members[stage.address])

    @staged(1)
    def test_labels_that_would_win_over_its_own_are_refuted_and_others_are_not(self, stage):
        node, me = stage.fakes[0], stage.rows[stage.address].incarnation
        node.ping(node.claim(stage.address, "alive", labels=NEGATIVE))
        self.assertEqual(stage.members()[stage.address]["incarnationNumber"], me)
        node.ping(node.claim(stage.address, "alive", labels=POSITIVE))
        mine = stage.members()[stage.address]
        self.assertGreater(mine["incarnationNumber"], me)
        self.assertNotIn("labels", mine)
        stage.rows[stage.address].incarnation = mine["incarnationNumber"]


class Reaping(unittest.TestCase):
    @staged(1, 3, suspect=500, faulty=1000, tombstone=1000)
    def test_a_suspect_becomes_faulty_then_a_tombstone_and_is_forgotten_each_in_its_time(self, stage):
        stage.drain()
        by = stage.fakes[0]
        since, started = stage.mark(), time.monotonic()
        by.gossip(STRANGER, "suspect")
        for least, flagged in ((0.5, False), (1.5, True)):
            told = stage.wait_ping(lambda body: any((c["address"], c["status"], c.get("tombstone", False)) ==
                                                    (STRANGER, "faulty", flagged) for c in body["changes"]),
                                   f"news of it being faulty, flagged {flagged}", since)
            self.assertGreater(told.at - started, least, "before its time")
            [change] = [c for c in told.body["changes"] if c["address"] == STRANGER]
            self.assertEqual((change["source"], change["incarnationNumber"]), (stage.address, FIRST_INCARNATION))
        wait_until(lambda: STRANGER not in stage.statuses(), 5, "it is forgotten", [stage.process])
        self.assertGreater(time.monotonic() - started, 2.5, "forgotten before its time")

    @staged(1, faulty=1000, extra={STRANGER: Row("faulty", 127)})
    def test_the_time_of_a_faulty_one_that_was_learned_by_joining_runs_from_then_on(self, stage):
        wait_until(lambda: stage.statuses()[STRANGER] == "tombstone", 5, "it is a tombstone", [stage.process])
        self.assertGreater(time.monotonic() - stage.got(JOIN)[0].at, 1)

    @staged(1, extra={STRANGER: Row("tombstone", 127), "127.77.0.101:9": Row("faulty", 127, tombstone=True)})
    def test_a_tombstone_in_a_join_list_makes_nobody_known_in_either_spelling(self, stage):
        self.assertEqual(set(stage.members()), {stage.address, stage.fakes[0].address})
        for ping in stage.got(PING):
            self.assertEqual([c["address"] for c in ping.body["changes"]], [stage.address])

    @staged(1)
    def test_gossip_of_an_unknown_tombstone_makes_nobody_known_in_either_spelling(self, stage):
        stage.drain()
        node = stage.fakes[0]
        since = stage.mark()
        node.ping(node.claim(STRANGER, "tombstone"), {**node.claim("127.77.0.101:9", "faulty"), "tombstone": True})
        self.assertEqual(set(stage.members()), {stage.address, node.address})
        self.assertEqual(stage.wait_ping(since=since).body["changes"], [])

    @staged(1)
    def test_the_flag_and_the_plain_name_are_one_tombstone_and_joins_are_told_the_flag(self, stage):
        stage.stop_gossip()
        node = stage.fakes[0]
        plain, flagged = "127.77.0.1:9", "127.77.0.2:9"
        node.ping(node.claim(plain, "faulty"), node.claim(flagged, "faulty"))
        node.ping(node.claim(plain, "tombstone"), {**node.claim(flagged, "faulty"), "tombstone": True})
        self.assertEqual([stage.statuses()[a] for a in (plain, flagged)], ["tombstone", "tombstone"])
        listed = {m["address"]: (m["status"], m.get("tombstone")) for m in node.join()["membership"]}
        self.assertEqual([listed[a] for a in (plain, flagged)], [("faulty", True)] * 2)

    @staged(3)
    def test_reap_turns_every_faulty_member_into_a_tombstone_at_once(self, stage):
        stage.drain()
        by, subject = stage.fakes[:2]
        by.gossip(subject.address, "faulty")
        since = stage.mark()
        self.assertEqual(stage.ask("/admin/reap"), {"status": "ok", "reaped": 1})
        self.assertEqual(stage.statuses()[subject.address], "tombstone")
        stage.rows[subject.address].status = "tombstone"
        told = stage.wait_ping(lambda body: any(c.get("tombstone") for c in body["changes"]), "the tombstone", since)
        self.assertEqual([c["address"] for c in told.body["changes"]], [subject.address])
        self.assertEqual(stage.ask("/admin/reap"), {"status": "ok", "reaped": 0})


class TheRing(unittest.TestCase):
    def check(self, stage):
        """Every point belongs to its member, random keys go where Python says, the checksum is that of the servers."""
        stats = stage.ask("/admin/stats")
        ring = ringpop.Ring.of(stats["membership"]["members"])
        self.assertEqual(set(stats["ring"]["servers"]), set(ring.servers))
        self.assertEqual(stats["ring"]["checksum"], ring.checksum())
        for key in [text for address in ring.servers for text in ring.texts(address)] + [f"key {i}" for i in range(50)]:
            self.assertEqual(stage.owner(key), ring.owner(key), key)
        return ring

    @staged(1, 3, 6)
    def test_every_point_of_everybody_leads_to_its_owner(self, stage):
        ring = self.check(stage)
        self.assertEqual(set(ring.servers), set(stage.rows))

    @staged(3)
    def test_a_suspect_keeps_its_keys_and_who_is_faulty_left_or_dead_loses_them(self, stage):
        by, subject = stage.fakes[:2]
        told = ("suspect", "alive", "faulty", "alive", "leave", "alive", "tombstone", "suspect")
        for i, status in enumerate(told):
            stays = status in ("alive", "suspect")
            by.gossip(subject.address, status, FIRST_INCARNATION + 1 + i)
            self.assertEqual(stage.owner(subject.address + "0") == subject.address, stays, status)
            self.assertEqual(subject.address in self.check(stage).servers, stays, status)

    @staged(1, 3, identity="me", labels={"__identity": "fake"})
    def test_an_identity_names_the_points_and_is_the_only_label(self, stage):
        self.assertEqual(stage.members()[stage.address]["labels"], {"__identity": "me"})
        self.assertEqual(stage.owner("me#7"), stage.address)
        if len(stage.fakes) == 1:  # of several with one name only one can own its points
            self.assertEqual(self.check(stage).servers, {stage.address: "me", stage.fakes[0].address: "fake"})

    @staged(1)
    def test_the_points_move_when_an_identity_comes_changes_and_goes(self, stage):
        node = stage.fakes[0]
        for i, identity in enumerate((None, "one", "other", None)):
            labels = {"__identity": identity} if identity else {}
            node.gossip(node.address, "alive", FIRST_INCARNATION + 1 + i, labels)
            self.assertEqual(self.check(stage).servers[node.address], identity)
            self.assertEqual(stage.members()[node.address].get("labels"), labels or None)
