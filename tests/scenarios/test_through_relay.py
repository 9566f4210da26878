"""Daemons with a bad network between them, played by the relay. Rows A5, A6, A10, A11 and B14 of faults.md."""
import http.client
import time

from scenario import ScenarioTest, names, wait_until
from relay import Weather
from support import ECHO, fetch, route


class BadNetwork(ScenarioTest):
    def four(self):
        hosts = self.relayed_hosts("abcd", app_command=ECHO)
        self.cluster.start()
        self.cluster.wait_agreed()
        return hosts

    def key_of(self, owner, entry):
        return next(f"k{i}" for i in range(1000) if entry.owner(f"k{i}") == owner.name)

    def test_delay_jitter_and_stalls_remove_nobody_and_lose_no_request(self):
        hosts = self.four()
        everybody = names(hosts)
        self.relay.set(everybody, everybody, Weather(delay=0.03, jitter=0.07, loss=0.03, stall=0.3))
        began, asked, slowest = time.time(), 0, 0.0
        while time.time() < began + 8:
            for entry in hosts:
                started = time.monotonic()
                self.assertEqual(entry.get(route(f"k{asked}", "/echo")).status, 200)
                slowest = max(slowest, time.monotonic() - started)
                asked += 1
        self.tell(f"{asked} requests, the slowest {slowest:.2f} s; {self.relay.counts['stalled']} stalls")
        self.assertGreater(self.relay.counts["stalled"], 0)
        self.assertEqual(self.timeline.removals(began), [])

    def test_connections_that_keep_breaking_remove_nobody_and_hang_no_request(self):
        hosts = self.four()
        everybody = names(hosts)
        self.relay.set(everybody, everybody, Weather(loss=0.05, loss_resets=True))
        began, statuses = time.time(), []
        while time.time() < began + 8:
            for entry in hosts:
                started = time.monotonic()
                statuses.append(entry.get(route(f"k{len(statuses)}", "/echo")).status)
                self.assertLess(time.monotonic() - started, 6, "beyond forward.timeout and a second")
        self.tell(f"{len(statuses)} requests, {statuses.count(200)} went well; {self.relay.counts['reset']} resets")
        self.assertGreater(self.relay.counts["reset"], 0)
        self.assertEqual(self.timeline.removals(began), [])
        self.relay.mend()
        self.cluster.wait_agreed(10)

    def test_bits_that_flip_in_gossip_are_never_believed(self):
        hosts = self.four()
        everybody = names(hosts)
        addresses = {host.peer for host in hosts}
        # Links for forwarded requests are spared: nothing but TCP guards an app's bytes.
        self.relay.set(everybody, everybody, Weather(flips=0.2, spares_forwarding=True))
        self.let(8)
        self.relay.mend()
        self.tell(f"{self.relay.counts['flipped']} bits")
        self.assertGreater(self.relay.counts["flipped"], 20)
        self.cluster.wait_agreed(15)
        for host in hosts:
            self.assertEqual({m["address"] for m in host.members()}, addresses, "somebody who does not exist")

    def test_a_half_open_link_between_two_makes_nobody_suspect_and_its_requests_fail_in_time(self):
        hosts = self.four()
        a, b = hosts[:2]
        key = self.key_of(b, a)
        self.relay.set_both(["a"], ["b"], Weather(half_open=True))
        began = time.time()
        answer = a.get(route(key, "/echo"))
        took = time.time() - began
        self.assertIn(answer.status, (503, 504), answer.body)
        self.assertTrue(answer["Ringside-Error"])
        self.assertLess(took, 6)
        self.let(10 - took)
        self.assertEqual(self.timeline.became("suspect", began), [], "the others reach both")
        self.relay.mend()
        wait_until(lambda: a.get(route(key, "/echo")).status == 200, 6, "requests pass again", self.running())
        self.tell(f"{answer.status} {answer['Ringside-Error']} after {took:.2f} s")

    def test_a_link_that_carries_only_one_way_makes_nobody_suspect(self):
        self.four()
        began = time.time()
        self.relay.set(["a"], ["b"], Weather(cut=True))
        self.let(10)
        self.assertEqual(self.timeline.became("suspect", began), [], "the others reach both")
        self.relay.mend()
        self.cluster.wait_agreed(5)

    def test_a_reply_whose_link_breaks_at_any_byte_is_whole_or_visibly_broken(self):
        a, b = self.relayed_hosts("ab", app_command=ECHO)
        self.cluster.start()
        self.cluster.wait_agreed()
        key = self.key_of(b, a)
        outcomes = {"whole": 0, "refused": 0, "aborted": 0}
        for target, length in (("/bytes/3000", 3000), ("/chunks/3", 3000)):
            whole = fetch(b.app_port, target).body
            self.assertEqual(len(whole), length)
            for offset in [*range(0, 600, 40), *range(600, 3600, 250)]:
                # A link of its own, so that the offset counts from its first byte.
                self.relay.reset(["a"], ["b"])
                self.relay.set(["b"], ["a"], Weather(break_after=offset, spares_gossip=True))
                with self.subTest(target=target, offset=offset):
                    try:
                        answer = a.get(route(key, target), timeout=8)
                    except (http.client.HTTPException, ConnectionError):
                        outcomes["aborted"] += 1
                        continue
                    if answer.status == 200:
                        self.assertEqual(answer.body, whole)
                        outcomes["whole"] += 1
                    else:
                        self.assertIn(answer.status, (502, 503, 504))
                        self.assertIn(answer.json()["executed"], ("no", "maybe"))
                        outcomes["refused"] += 1
        self.tell(f"links broken at every kind of byte: {outcomes}; {self.relay.counts['reset']} resets")
        self.assertGreater(outcomes["aborted"], 0)
        self.assertGreater(outcomes["whole"], 0, "a GET is repeated")
