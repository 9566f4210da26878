"""Lifeguard's own question with real processes: what do members that stand still, one after the other and some together, cost
the others? Rows A3 and A4 of faults.md.
"""
import os
import signal
import time

from scenario import ScenarioTest, names, wait_until

SIZE = int(os.environ.get("RINGSIDE_FREEZE_SIZE", "64"))
SLOW = SIZE // 8
LASTS = [1, 2, 4, 8, 16]  # seconds, in turn; as in the paper, some far beyond the suspicion
APART = 1  # seconds from the beginning of one to that of the next
ROUNDS = 3
PLAIN = ["--gossip-lifeguard-health-max", "0", "--gossip-lifeguard-confirmations", "0", "--gossip-lifeguard-suspect-factor", "1",
         "--gossip-lifeguard-buddy=false", "--gossip-lifeguard-oversleep=false"]


class StandingStill(ScenarioTest):
    def alarms(self, title, flags):
        """How often healthy members were suspected, and removed, by anybody; and removals of those who stood still."""
        hosts = self.network_of(SIZE, flags=flags)
        self.cluster.start()
        self.cluster.wait_agreed(60)
        slow, healthy = hosts[:SLOW], names(hosts[SLOW:])
        began = time.time()
        for number in range(ROUNDS):
            self.stand_still(slow, number)
        self.cluster.wait_agreed(35)
        suspected, removed = (self.timeline.became(status, began, names=healthy) for status in ("suspect", "faulty"))
        slow_removed = self.timeline.removals(began, names=names(slow))
        self.tell(f"{title}: N = {SIZE}, {SLOW} in turn stand still for up to {max(LASTS)} s, {ROUNDS} times: {len(suspected)} "
                  f"suspicions and {len(removed)} removals of healthy members; of the others {len(slow_removed)} removals")
        self.cluster.stop()
        self.network.close()
        self.cluster.hosts.clear()
        return len(removed), len(suspected)

    def stand_still(self, slow, number):
        """Each once; how long, differs from round to round."""
        began = time.monotonic()
        moments = []
        for place, host in enumerate(slow):
            start = APART * place
            moments += [(start, signal.SIGSTOP, host), (start + LASTS[(place + number) % len(LASTS)], signal.SIGCONT, host)]
        for at, what, host in sorted(moments, key=lambda moment: moment[0]):
            wait_until(lambda: time.monotonic() - began >= at, 60, "its moment has come")
            host.daemon.kill(what)

    def test_members_that_stand_still_cost_no_healthy_one_its_place_with_lifeguard(self):
        plain = self.alarms("plain SWIM", PLAIN)
        guarded = self.alarms("Lifeguard", [])
        self.assertEqual(guarded[0], 0)
        self.assertLessEqual(guarded, plain)
