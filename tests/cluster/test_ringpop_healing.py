"""Two partitions that find together, and a ringside that takes its leave, among fake Ringpop nodes (fake_ringpop.py).

In the scenes of healing a and ringside are one partition, b1 and b2 the other. First both sides are made to suspect what
they hold for dead, so that everybody takes a new incarnation; only then the two lists can be merged without burying the living
(proto/spec/ringpop.md).
"""
import math
import signal
import unittest

from fake_ringpop import FIRST_INCARNATION, JOIN, PING, Row, staged
from support import wait_until


def changes_by_status(body):
    found = {}
    for change in body["changes"]:
        found.setdefault(change["status"], set()).add(change["address"])
    return found


class Healing(unittest.TestCase):
    def cut(self, stage):
        """ringside and a hold the others for dead. Each fake has its own list from now on."""
        a, b1, b2 = stage.fakes[:3]
        stage.drain()
        stage.split()
        for b in (b1, b2):
            a.own_rows[b.address].status = "faulty"
            a.ping(a.claim(b.address, "faulty"))
        statuses = stage.statuses()
        self.assertEqual({statuses[b.address] for b in (b1, b2)}, {"faulty"})
        return a, b1, b2

    def cut_both_ways(self, stage):
        a, b1, b2 = self.cut(stage)
        for b in (b1, b2):
            b.own_rows[a.address].status = "faulty"
            b.own_rows[stage.address].status = "faulty"
        return a, b1, b2

    def reincarnate(self, stage, a, b1, b2):
        """Each side lives on at incarnations that the other side's accusations do not reach."""
        raised = FIRST_INCARNATION + 3
        for node in (b1, b2):
            node.incarnation = raised
            node.own_rows[stage.address].incarnation = 1000
            for b in (b1, b2):
                node.own_rows[b.address].incarnation = raised
        a.incarnation = a.own_rows[a.address].incarnation = raised
        a.ping(a.claim(a.address, "alive", raised))

    def heal(self, stage, among):
        """-> the one target reached, a mark from before, and how it was told."""
        stage.stop_gossip()  # whom the merge brings back would be pinged at any moment
        since = stage.mark()
        answer = stage.ask("/admin/healpartition/disco")
        self.assertEqual((len(answer["targets"]), answer["error"]), (1, ""))
        [target] = [node for node in among if node.address == answer["targets"][0]]
        [join] = stage.got(JOIN, since)
        self.assertIs(join.node, target)
        stage.joins_expected += 1
        [told] = stage.got(PING, since, target)
        stage.ask("/admin/gossip/start")
        return target, since, told.body

    @staged(3)
    def test_first_both_sides_are_told_to_suspect_the_dead_and_nothing_is_merged(self, stage):
        a, b1, b2 = self.cut(stage)
        for b in (b1, b2):  # their list: only a is dead
            b.own_rows[a.address].status = "faulty"
        _, since, told = self.heal(stage, (b1, b2))
        self.assertEqual(changes_by_status(told), {"suspect": {b1.address, b2.address}})
        for change in told["changes"]:  # so that nobody takes it for ours, filters it or syncs back
            self.assertEqual(change.get("source", ""), "")
        told = stage.wait_ping(lambda body: body["changes"] and changes_by_status(body).get("suspect"), "news for a", since, a)
        self.assertEqual(changes_by_status(told.body)["suspect"], {a.address})
        self.assertNotIn("alive", changes_by_status(told.body))
        self.assertEqual({stage.statuses()[b.address] for b in (b1, b2)}, {"faulty"})

    @staticmethod
    def state(members, node):
        return members[node.address]["status"], members[node.address]["incarnationNumber"]

    def merged(self, stage, a, b1, b2):
        self.reincarnate(stage, a, b1, b2)
        _, _, told = self.heal(stage, (b1, b2))
        self.assertLessEqual({a.address, stage.address}, changes_by_status(told)["alive"])
        members = stage.members()
        for node in (a, b1, b2):
            self.assertEqual(self.state(members, node), ("alive", node.incarnation))
        self.assertEqual(members[stage.address]["status"], "alive")
        return members

    @staged(3)
    def test_once_both_sides_have_new_incarnations_the_lists_are_merged(self, stage):
        self.merged(stage, *self.cut_both_ways(stage))

    @staged(4)
    def test_a_member_that_both_sides_hold_for_dead_and_is_does_not_hinder(self, stage):
        dead = stage.fakes[3]
        stage.fakes[0].gossip(dead.address, "faulty")
        dead.close()
        stage.fakes.pop()
        members = self.merged(stage, *self.cut_both_ways(stage))
        self.assertEqual(self.state(members, dead), ("faulty", FIRST_INCARNATION))

    @staged(3)
    def test_while_one_of_the_other_side_is_still_at_its_old_incarnation_nothing_is_merged(self, stage):
        a, b1, b2 = self.cut_both_ways(stage)
        for me, other in ((b1, b2), (b2, b1)):
            me.own_rows[me.address].incarnation = me.incarnation = FIRST_INCARNATION + 1
            me.own_rows[other.address].status = "suspect"
        target, _, told = self.heal(stage, (b1, b2))
        self.assertEqual(changes_by_status(told), {"suspect": {(b2 if target is b1 else b1).address}})
        members = stage.members()
        for node, status in ((a, "suspect"), (b1, "faulty"), (b2, "faulty")):
            self.assertEqual(self.state(members, node), (status, FIRST_INCARNATION))

    @staged(1)
    def test_members_that_are_new_in_the_hosts_file_are_found(self, stage):
        stage.drain()
        newcomers = [stage.add_fake() for _ in range(3)]
        for node in newcomers:
            stage.rows[node.address] = Row("alive")
        stage.write_hosts([stage.address, *stage.rows])
        self.heal(stage, newcomers)
        wait_until(lambda: stage.statuses() == dict.fromkeys(stage.rows, "alive"), 5, "everybody is known", [stage.process])

    @staged(1, 3)
    def test_with_nobody_lost_there_is_nothing_to_heal(self, stage):
        since = stage.mark()
        self.assertEqual(stage.ask("/admin/healpartition/disco"), {"targets": [], "error": ""})
        self.assertEqual(stage.got(JOIN, since), [])

    @staged(3)
    def test_lost_members_that_do_not_answer_are_no_targets(self, stage):
        stage.drain()
        lost = stage.fakes.pop()
        stage.fakes[0].gossip(lost.address, "faulty")
        lost.close()
        self.assertEqual(stage.ask("/admin/healpartition/disco")["targets"], [])


class SelfEviction(unittest.TestCase):
    def leave(self, stage):
        since = stage.mark()
        stage.process.kill(signal.SIGTERM)
        self.assertEqual(stage.process.wait(10), 0)
        return stage.got(PING, since)

    @staged(1, 3, 6)
    def test_a_terminated_ringside_tells_some_that_it_is_faulty_and_exits_with_0(self, stage):
        stage.drain()
        stage.stop_gossip()
        for node in stage.fakes:
            node.silent = True
        pings = self.leave(stage)
        self.assertTrue(1 <= len(pings) <= math.ceil(0.4 * len(stage.fakes)), pings)
        self.assertEqual(len({ping.node for ping in pings}), len(pings), "one was told twice")
        for ping in pings:
            [change] = ping.body["changes"]
            self.assertEqual((change["address"], change["status"], change["source"]), (stage.address, "faulty", stage.address))

    @staged(3)
    def test_it_exits_with_0_when_nobody_is_left_to_be_told(self, stage):
        for node in stage.fakes:
            node.close()
        self.leave(stage)
