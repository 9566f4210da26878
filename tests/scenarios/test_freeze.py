"""Processes that stand still and go on. Row A3 of faults.md; long_freeze.py has many of them."""
import signal
import time

from scenario import ScenarioTest


class Freezes(ScenarioTest):
    def freeze(self, size, seconds):
        """The first host's daemon stands still for so long."""
        hosts = self.agreed_network_of(size)
        began = time.time()
        hosts[0].daemon.kill(signal.SIGSTOP)
        try:
            self.let(seconds)
        finally:
            hosts[0].daemon.kill(signal.SIGCONT)
        self.let(8)  # longer than any suspicion that began by then
        suspected = self.timeline.became("suspect", began)
        self.tell(f"N = {size}, frozen {seconds} s: {len(suspected)} suspicions")
        self.assertEqual(self.timeline.removals(began), [])
        self.cluster.wait_agreed(5)

    def test_who_stands_still_for_3_s_is_removed_by_nobody_and_removes_nobody(self):
        self.freeze(5, 3)

    def test_who_stands_still_for_4_5_s_is_removed_by_nobody_and_removes_nobody(self):
        self.freeze(5, 4.5)
