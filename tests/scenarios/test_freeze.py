"""Processes that stand still and go on. Row A3 of faults.md; long_freeze.py has many of them."""
import signal
import time

from scenario import ScenarioTest

QUIET = 8  # seconds: longer than a suspicion that began by then


class Freezes(ScenarioTest):
    def test_who_stands_still_for_3_s_or_4_5_s_is_removed_by_nobody_and_removes_nobody(self):
        hosts = self.agreed_network_of(7)
        began = time.time()
        for host in hosts[:2]:
            host.daemon.kill(signal.SIGSTOP)
        self.let(3)
        hosts[0].daemon.kill(signal.SIGCONT)
        self.let(1.5)
        hosts[1].daemon.kill(signal.SIGCONT)
        self.let(QUIET)
        suspected = self.timeline.became("suspect", began)
        self.tell(f"N = {len(hosts)}, two frozen, 3 s and 4.5 s: {len(suspected)} changes to suspect in all logs")
        self.assertEqual(self.timeline.removals(began), [])
        self.cluster.wait_agreed(5)
