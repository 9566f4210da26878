"""Long cuts and larger clusters. Rows A2, A6 and A9 of faults.md."""
import os

from cuts import QUIET, WITHIN_A_LOOK, CutTest
from scenario import median, names, wait_until

CUTS = int(os.environ.get("RINGSIDE_CUTS", "5"))


class LongCuts(CutTest):
    def test_of_some_cuts_of_20_s_half_are_over_3_s_after_mending_and_all_after_5_s(self):
        self.agreed_network_of(10)
        self.assertLessEqual(median([self.cut_off(20) for _ in range(CUTS)]), 3)

    def test_one_of_20_cut_off_for_20_s_is_back_at_once_when_mended(self):
        self.agreed_network_of(20)
        self.cut_off(20)

    def test_one_of_20_cut_off_for_60_s_is_back_within_a_heal_period_when_mended(self):
        self.agreed_network_of(20)
        self.cut_off(60, back_within=WITHIN_A_LOOK)

    def test_one_of_10_cut_off_for_60_s_is_back_at_once_when_members_look_every_second(self):
        self.agreed_network_of(10, flags=["--gossip-heal-period", "1s"])
        self.cut_off(60)

    def test_a_ping_timeout_of_300_ms_makes_the_silent_go_within_6_5_s(self):
        self.agreed_network_of(10, flags=["--gossip-ping-timeout", "300ms"])
        self.cut_off(20, last_removed=6.5)

    def test_a_mute_host_is_removed_once_stays_out_and_is_back_when_it_is_heard_again(self):
        self.agreed_network_of(10)
        self.cut_off(60, "mute", back_within=WITHIN_A_LOOK)

    def test_a_deaf_host_is_removed_once_stays_out_and_is_back_when_it_hears_again(self):
        self.agreed_network_of(10)
        self.cut_off(60, "deaf", back_within=WITHIN_A_LOOK)


class Splits(CutTest):
    def split(self, sizes, heals_within, flags=()):
        total = sum(sizes)
        hosts = self.agreed_network_of(total, flags=flags)
        some, others = hosts[:sizes[0]], hosts[sizes[0]:]
        self.network.part(range(sizes[0]), range(sizes[0], total))
        gave_up = self.timeline.all_see
        wait_until(lambda: gave_up(names(some), names(others), "faulty") and gave_up(names(others), names(some), "faulty"), 60,
                   "each side gave the other up", self.running())
        for side in (some, others):
            self.cluster.wait_agreed(5, side)  # each is a cluster of its own
        before = self.let(0)
        self.network.mend()
        self.cluster.wait_agreed(heals_within)
        agreed = self.let(0) - before
        self.tell(f"{sizes[0]} + {sizes[1]}, one view {agreed:.2f} s after mending")
        self.let(QUIET)
        self.assertEqual(self.timeline.removals(before + agreed), [], "somebody was removed after all was well")

    def test_3_and_2_that_lost_each_other_are_one_cluster_within_15_s_when_they_look_every_5_s(self):
        self.split((3, 2), 15, ["--gossip-heal-period", "5s"])

    def test_3_and_2_that_lost_each_other_are_one_cluster_within_65_s_by_default(self):
        self.split((3, 2), 65)
