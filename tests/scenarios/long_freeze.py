"""Lifeguard's own question with real processes: what do members that hardly run cost the others? Rows A3 and A4 of faults.md.

A slow member stands still for two seconds, runs for some milliseconds, and so on: it sends its ping, and when it could read
the answer its time is over. Plain SWIM then accuses somebody who did nothing wrong.
"""
import os
import signal
import time

from scenario import ScenarioTest, names, wait_until

SIZE = int(os.environ.get("RINGSIDE_FREEZE_SIZE", "64"))
SLOW = SIZE // 8
LASTS = 40  # seconds
STILL, RUNS = 2.0, 0.004  # seconds; a ping times out after 1.5 s
PLAIN = ["--gossip-lifeguard-health-max", "0", "--gossip-lifeguard-confirmations", "0", "--gossip-lifeguard-suspect-factor", "1",
         "--gossip-lifeguard-buddy=false", "--gossip-lifeguard-oversleep=false"]


class SlowMembers(ScenarioTest):
    def alarms(self, title, flags):
        """How often healthy members were suspected, and removed, and slow ones removed, by anybody."""
        hosts = self.network_of(SIZE, flags=flags)
        self.cluster.start()
        self.cluster.wait_agreed(60)
        slow, healthy = hosts[:SLOW], names(hosts[SLOW:])
        began = time.time()
        try:
            self.hold_up(slow)
        finally:
            for host in slow:
                host.daemon.kill(signal.SIGCONT)
        self.let(8)
        suspected, removed = (self.timeline.became(status, began, names=healthy) for status in ("suspect", "faulty"))
        slow_removed = self.timeline.removals(began, names=names(slow))
        self.tell(f"{title}: N = {SIZE}, {SLOW} of them slow for {LASTS} s: {len(suspected)} suspicions and {len(removed)} removals "
                  f"of healthy members, {len(slow_removed)} removals of slow ones")
        self.cluster.stop()
        self.network.close()
        self.cluster.hosts.clear()
        return len(suspected), len(removed)

    def hold_up(self, slow):
        """Stops and runs them, one after the other, so that they wake at different times."""
        began = time.monotonic()
        turns = 0
        while time.monotonic() - began < LASTS:
            for place, host in enumerate(slow):
                due = began + STILL * (turns + place / len(slow))
                wait_until(lambda: time.monotonic() >= due, 60, "its turn has come")
                host.daemon.kill(signal.SIGCONT)
                time.sleep(RUNS)
                host.daemon.kill(signal.SIGSTOP)
            turns += 1

    def test_members_that_hardly_run_cost_no_healthy_one_its_place_with_lifeguard(self):
        plain = self.alarms("plain SWIM", PLAIN)
        guarded = self.alarms("Lifeguard", [])
        self.assertEqual(guarded[1], 0)
        self.assertLessEqual(guarded, plain)
