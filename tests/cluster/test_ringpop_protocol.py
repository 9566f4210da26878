"""Scenes of Ringpop's protocol with one ringside among fake Ringpop nodes: joining, pinging, asking others to ping,
refuting, spreading news, full syncs. Ringpop's own suite tells the same stories; these are ours (see fake_ringpop.py).

Sizes are numbers of fakes: 1 has no helper for anything, 3 is a full set of helpers, 6 more than ringside needs at once.
"""
import unittest

from fake_ringpop import JOIN, PING, PING_REQ, Refused, Row, staged
from support import wait_until

STRANGER = "127.77.0.100:9"  # nobody listens there


def about(body, address):
    return [c for c in body["changes"] if c["address"] == address]


class Joining(unittest.TestCase):
    @staged(1, 3, 6)
    def test_ringside_joins_through_the_others_and_tells_them_of_itself_alone(self, stage):
        self.assertEqual(stage.statuses(), {address: "alive" for address in stage.rows})
        for address, member in stage.members().items():
            self.assertEqual(member["incarnationNumber"], stage.rows[address].incarnation)
        self.assertEqual(len({join.node for join in stage.got(JOIN)}), len(stage.got(JOIN)), "one fake was asked twice")
        for ping in stage.got(PING):  # what it learned by joining is no news
            self.assertEqual([(c["address"], c["status"]) for c in ping.body["changes"]], [(stage.address, "alive")])

    @staged(1)
    def test_a_join_is_answered_with_the_list_and_adds_nobody(self, stage):
        newcomer = stage.add_fake()
        answer = newcomer.join()
        self.assertEqual((answer["app"], answer["coordinator"]), ("ringpop", stage.address))
        self.assertEqual({m["address"] for m in answer["membership"]}, set(stage.rows))
        self.assertEqual({m["source"] for m in answer["membership"]}, {stage.address})
        self.assertEqual(answer["membershipChecksum"], stage.fakes[0].checksum())
        self.assertNotIn(newcomer.address, stage.members())

    @staged(1)
    def test_a_join_of_itself_or_of_another_app_is_refused(self, stage):
        for wrong, kind in (({"source": stage.address}, "ringpop.self-join"), ({"app": "other"}, "ringpop.invalid-join.app")):
            with self.assertRaises(Refused, msg=wrong) as refused:
                stage.fakes[0].join(**wrong)
            self.assertEqual(refused.exception.body["type"], kind)

    @staged(1, 3, suspect=700, extra={STRANGER: Row("suspect", 127)})
    def test_the_time_of_a_suspect_that_was_learned_by_joining_runs_from_then_on(self, stage):
        self.assertEqual(stage.statuses()[STRANGER], "suspect")
        told = stage.wait_ping(lambda body: about(body, STRANGER), "news of the suspect")
        self.assertEqual([(c["status"], c["incarnationNumber"]) for c in about(told.body, STRANGER)], [("faulty", 127)])
        self.assertGreater(told.at - stage.got(JOIN)[0].at, 0.7, "faulty before its time was over")
        stage.rows[STRANGER].status = "faulty"


class Pinging(unittest.TestCase):
    @staged(3, 6)
    def test_every_round_reaches_everybody_once_in_an_order_of_its_own(self, stage):
        n, rounds = len(stage.fakes), 6
        pings = stage.wait(lambda: stage.got(PING)[:n * rounds] if len(stage.got(PING)) >= n * rounds else None, "the rounds", 20)
        # The list holds ringside itself and is walked to its end, so rounds are groups of n.
        orders = [tuple(ping.node.address for ping in pings[i:i + n]) for i in range(0, len(pings), n)]
        for order in orders:
            self.assertEqual(set(order), {node.address for node in stage.fakes})
        self.assertGreater(len(set(orders)), 1, "the same order every time")
        pauses = [later.at - earlier.at for earlier, later in zip(pings, pings[1:])]
        self.assertGreater(sum(pauses) / len(pauses), 0.195, "faster than one ping in 200 ms")
        self.assertLess(sorted(pauses)[len(pauses) // 2], 0.3, "slower than the protocol period")

    @staged(1, 3, 6)
    def test_pings_of_everybody_are_answered(self, stage):
        for node in stage.fakes:
            answer = node.ping()
            self.assertEqual((answer["source"], answer["checksum"]), (stage.address, node.checksum()))
            self.assertEqual(answer["sourceIncarnationNumber"], stage.rows[stage.address].incarnation)

    @staged(1)
    def test_a_ping_of_another_app_is_refused_and_one_without_app_is_not(self, stage):
        with self.assertRaises(Refused):
            stage.fakes[0].ping(app="other")
        stage.fakes[0].ping(app="ringpop")
        stage.fakes[0].ping()

    @staged(1)
    def test_calls_may_come_over_the_connection_that_ringside_opened(self, stage):
        node = stage.fakes[0]
        node.connections = {stage.address: node.accepted[0]}
        self.assertEqual(node.ping()["source"], stage.address)


class AskingOthersToPing(unittest.TestCase):
    @staged(3, 6)
    def test_a_helper_tells_whether_the_target_answers_and_draws_no_conclusion(self, stage):
        asker, target = stage.fakes[:2]
        answer = asker.ping_req(target.address)
        self.assertEqual((answer["pingStatus"], answer["target"]), (True, target.address))
        for node in stage.fakes:  # so that ringside's own probes are inconclusive
            node.silent = True
        answer = asker.ping_req(target.address)
        self.assertEqual((answer["pingStatus"], answer["target"]), (False, target.address))
        self.assertEqual(set(stage.statuses().values()), {"alive"})

    @staged(3)
    def test_what_a_ping_req_brings_is_taken_in_and_told_on_with_its_source(self, stage):
        asker, subject, target = stage.fakes
        stage.drain()
        stage.rows[subject.address].status = "suspect"
        since = stage.mark()
        asker.ping_req(target.address, asker.claim(subject.address, "suspect"))
        self.assertEqual(stage.statuses()[subject.address], "suspect")
        told = stage.wait_ping(lambda body: body["changes"], "a ping with the news", since)
        self.assertEqual([(c["address"], c["status"], c["source"]) for c in told.body["changes"]],
                         [(subject.address, "suspect", asker.address)])

    @staged(1, 3, 6)
    def test_a_member_that_is_gone_becomes_suspect_when_the_helpers_do_not_reach_it_either(self, stage):
        gone, others = stage.fakes[-1], stage.fakes[:-1]
        since = stage.mark()
        gone.close()
        wait_until(lambda: stage.statuses()[gone.address] == "suspect", 10, "the closed node is suspect", [stage.process])
        asked = stage.got(PING_REQ, since)
        self.assertGreaterEqual(len(asked), min(3, len(others)))
        first = asked[:min(3, len(others))]
        self.assertEqual(len({request.node for request in first}), len(first), "a helper was asked twice")
        self.assertEqual({request.body["target"] for request in asked}, {gone.address} if asked else set())
        stage.rows[gone.address].status = "suspect"

    @staged(6)
    def test_a_member_that_the_helpers_reach_stays_alive(self, stage):
        deaf = stage.fakes[0]
        deaf.refuses = {PING}
        request = stage.wait_ping(endpoint=PING_REQ, what="a ping-req")
        self.assertEqual(request.body["target"], deaf.address)
        stage.wait_ping(what="the next period")
        self.assertEqual(stage.statuses()[deaf.address], "alive")


class Refuting(unittest.TestCase):
    @staged(1, 3)
    def test_what_is_known_or_old_changes_nothing(self, stage):
        me = stage.rows[stage.address].incarnation
        node = stage.fakes[0]
        node.ping(node.claim(stage.address, "alive"))
        for status in ("suspect", "faulty", "leave", "tombstone"):
            node.ping(node.claim(stage.address, status, me - 1))
        self.assertEqual(stage.members()[stage.address]["incarnationNumber"], me)

    @staged(1, 3)
    def test_an_accusation_is_refuted_in_the_answer_to_the_very_ping_that_brings_it(self, stage):
        node = stage.fakes[0]
        for status, ahead in (("suspect", 0), ("faulty", 0), ("tombstone", 0), ("suspect", 3_600_000)):
            accused = stage.rows[stage.address].incarnation + ahead
            answer = node.ping(node.claim(stage.address, status, accused))
            [refuted] = about(answer, stage.address)
            self.assertEqual((refuted["status"], refuted["source"]), ("alive", stage.address), f"accused of {status}")
            self.assertEqual(refuted["sourceIncarnationNumber"], refuted["incarnationNumber"])
            self.assertGreater(refuted["incarnationNumber"], accused)
            stage.rows[stage.address].incarnation = refuted["incarnationNumber"]
        self.assertEqual(stage.statuses()[stage.address], "alive")
        self.assertEqual(stage.members()[stage.address]["incarnationNumber"], stage.rows[stage.address].incarnation)


class Gossip(unittest.TestCase):
    def news(self, stage):
        """fakes[0] says that fakes[1] is suspect; nothing else is under way. Returns the news as it must be told."""
        stage.drain()
        by, subject = stage.fakes[:2]
        since = stage.mark()
        self.assertEqual(by.gossip(subject.address, "suspect")["changes"], [], "told its own news back")
        return since, [(subject.address, "suspect", by.address, by.incarnation)]

    @staticmethod
    def told(body):
        return [(c["address"], c["status"], c["source"], c["sourceIncarnationNumber"]) for c in body["changes"]]

    def answers_with_news(self, stage):
        count = 0
        while stage.fakes[2].ping()["changes"]:
            count += 1
            self.assertLess(count, 50, "the news never ends")
        return count

    @staged(3, 6)
    def test_news_is_in_pings_and_in_the_answers_to_all_but_its_source(self, stage):
        since, news = self.news(stage)
        self.assertEqual(self.told(stage.wait_ping(lambda body: body["changes"], "a ping with news", since).body), news)
        self.assertEqual(self.told(stage.fakes[2].ping()), news)
        self.assertEqual(self.told(stage.fakes[1].ping_req(stage.fakes[2].address)), news)
        self.assertEqual(self.told(stage.fakes[0].ping()), [])

    @staged(3, 6)
    def test_news_is_in_ping_reqs(self, stage):
        since, news = self.news(stage)
        for node in stage.fakes:
            node.refuses = {PING, PING_REQ}
        self.assertEqual(self.told(stage.wait_ping(endpoint=PING_REQ, what="a ping-req", since=since).body), news)

    @staged(3)
    def test_the_source_is_told_again_once_it_has_another_incarnation(self, stage):
        _, news = self.news(stage)
        stage.fakes[0].incarnation += 1  # it started anew and has forgotten
        self.assertEqual(self.told(stage.fakes[0].ping()), news)

    @staged(3, 6)
    def test_what_is_known_is_no_news(self, stage):
        stage.drain()
        by, subject = stage.fakes[:2]
        since = stage.mark()
        by.ping(by.claim(subject.address, "alive"))
        self.assertEqual(stage.wait_ping(since=since).body["changes"], [])
        self.assertEqual(stage.fakes[2].ping()["changes"], [])

    @staged(3, 6)
    def test_news_is_told_15_times_among_up_to_10_members(self, stage):
        stage.drain()
        stage.stop_gossip()  # so that only answers tell it, and each counts
        stage.fakes[0].gossip(stage.fakes[1].address, "suspect")
        self.assertEqual(self.answers_with_news(stage), 15)

    @staged(3)
    def test_a_ping_that_failed_does_not_count_as_told(self, stage):
        stage.drain()
        stage.stop_gossip()
        stage.fakes[0].gossip(stage.fakes[1].address, "suspect")
        for node in stage.fakes:
            node.refuses = {PING, PING_REQ}
        for _ in range(10):
            stage.ask("/admin/gossip/tick")
        self.assertEqual(self.answers_with_news(stage), 15)


class FullSyncs(unittest.TestCase):
    @staged(6)
    def test_another_checksum_brings_the_whole_list_and_one_join_back(self, stage):
        stage.drain()
        for node in stage.fakes[:3]:
            stage.rows[node.address].status = "faulty"
        since = stage.mark()
        answer = stage.fakes[3].ping()
        self.assertEqual({c["address"] for c in answer["changes"]}, set(stage.rows))
        self.assertEqual({c["source"] for c in answer["changes"]}, {stage.address})
        pull = stage.wait_ping(endpoint=JOIN, what="the join back", since=since)
        self.assertIs(pull.node, stage.fakes[3])
        stage.joins_expected += 1
        wait_until(lambda: stage.statuses() == {a: r.status for a, r in stage.rows.items()}, 5, "the faulty ones are adopted")
        # Unlike what a first join brings, this is news.
        told = stage.wait_ping(lambda body: body["changes"], "a ping with the three", since)
        self.assertEqual({(c["address"], c["status"]) for c in told.body["changes"]},
                         {(node.address, "faulty") for node in stage.fakes[:3]})

    @staged(3)
    def test_with_news_to_tell_there_is_no_full_sync(self, stage):
        stage.drain()
        stage.fakes[0].gossip(stage.fakes[1].address, "suspect")
        answer = stage.fakes[2].ping(checksum=1)
        self.assertEqual([c["address"] for c in answer["changes"]], [stage.fakes[1].address])

    @staged(3, 6)
    def test_at_most_5_joins_back_are_under_way(self, stage):
        stage.drain()
        node = stage.fakes[0]
        node.joins_held.clear()
        since = stage.mark()
        for _ in range(12):
            self.assertEqual(len(node.ping(checksum=1)["changes"]), len(stage.rows), "a stalled join held up an answer")
        stage.wait(lambda: len(stage.got(JOIN, since)) == 5, "5 joins")
        node.joins_held.set()
        stage.joins_expected += 5
        self.assertEqual(stage.statuses(), {a: r.status for a, r in stage.rows.items()})


class StoppingGossip(unittest.TestCase):
    @staged(1, 3, 6)
    def test_no_ping_while_stopped_exactly_one_for_a_tick_and_pings_after_the_start(self, stage):
        stage.stop_gossip()
        stage.fakes[0].ping()  # what was on its way has come
        stage.none_within(1)
        since = stage.mark()
        for ticks in (1, 2):
            self.assertEqual(stage.ask("/admin/gossip/tick"), {"checksum": stage.fakes[0].checksum()})
            self.assertEqual(len(stage.got(PING, since)), ticks)
        stage.ask("/admin/gossip/start")
        stage.wait_ping(what="a ping after the start")

    @staged(1, 3, 6)
    def test_leaving_and_joining_again_are_each_one_change_about_itself(self, stage):
        stage.drain()
        for order, answer, status in (("leave", "ok", "leave"), ("join", "rejoined", "alive")):
            self.assertEqual(stage.ask(f"/admin/member/{order}"), {"status": answer})
            [change] = stage.fakes[0].ping()["changes"]
            self.assertEqual((change["address"], change["status"], change["source"]), (stage.address, status, stage.address))
            self.assertGreater(change["incarnationNumber"], stage.rows[stage.address].incarnation)
            stage.rows[stage.address] = Row(status, change["incarnationNumber"])
            self.assertEqual(stage.statuses()[stage.address], status)
