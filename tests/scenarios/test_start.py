"""Many at once: cold starts and mass restarts. Row A17 of faults.md."""
import os
import random
import time

from scenario import ScenarioTest, names, share, wait_until

SIZE = 30
STARTS = int(os.environ.get("RINGSIDE_STARTS", "3"))  # nightly: 100
# Seconds after the last one listens, for 95 % of the starts: one rotation, in which everybody pings everybody (period 200 ms).
AGREED = SIZE * 0.2


class Starts(ScenarioTest):
    def everybody_knows_everybody(self):
        everybody = names(self.cluster.hosts)
        wait_until(lambda: self.timeline.all_see(everybody, everybody, "alive"), 30, "everybody knows everybody", self.running())

    def test_30_that_start_together_agree_and_none_is_left_out(self):
        hosts = self.network_of(SIZE)
        took = []
        for _ in range(STARTS):
            for host in hosts:
                host.seeds = [other.peer for other in hosts]
                host.start_daemon()
            self.everybody_knows_everybody()
            self.cluster.wait_agreed(10)
            took.append(self.timeline.became("alive")[-1].at - self.timeline.last("agent_listening"))
            self.assertEqual(self.timeline.removals(), [])
            self.begin_anew()
        self.tell(f"N = {SIZE}, {STARTS} starts: one view {min(took):.2f} to {max(took):.2f} s after the last one listened, "
                  f"95 % within {share(took, 0.95):.2f} s")
        self.assertLessEqual(share(took, 0.95), AGREED)

    def test_after_all_of_10_were_killed_and_restarted_within_10_s_they_are_one_cluster(self):
        hosts = self.agreed_network_of(10)
        order = random.Random(1).sample(hosts, len(hosts))
        began = time.monotonic()
        for index, host in enumerate(order):
            wait_until(lambda: time.monotonic() - began >= index, 10, "its turn has come")
            host.kill()
            host.start_daemon()
        last = time.time()
        for host in hosts:
            self.cluster.wait_ready(host)
        self.cluster.wait_agreed(20)
        self.tell(f"N = 10, one view {time.time() - last:.2f} s after the last restart")
