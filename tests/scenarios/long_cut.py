"""Long cuts and larger clusters. Rows A2, A6 and A9 of faults.md."""
import os

from cuts import QUIET, CutTest
from scenario import median, names, wait_until

CUTS = int(os.environ.get("RINGSIDE_CUTS", "5"))
GONE, BACK = 6.5, 2  # seconds from the cut until the last has removed it, from mending until all see it alive: in the median


class LongCuts(CutTest):
    def cuts_of(self, seconds, members):
        """As often as RINGSIDE_CUTS says, one after the other: each is over at once, most of them sooner."""
        self.agreed_network_of(members)
        gone, back = zip(*(self.cut_off(seconds) for _ in range(CUTS)))
        self.assertLessEqual(median(gone), GONE)
        self.assertLessEqual(median(back), BACK)

    def test_one_of_10_cut_off_for_20_s_is_back_at_once_each_time(self):
        self.cuts_of(20, 10)

    def test_one_of_10_cut_off_for_60_s_is_back_at_once_each_time(self):
        self.cuts_of(60, 10)

    def test_one_of_20_cut_off_for_20_s_is_back_at_once_each_time(self):
        self.cuts_of(20, 20)

    def test_one_of_20_cut_off_for_60_s_is_back_at_once_each_time(self):
        self.cuts_of(60, 20)

    def test_a_mute_host_is_removed_once_stays_out_and_is_back_when_it_is_heard_again(self):
        self.agreed_network_of(10)
        self.cut_off(60, "mute")

    def test_a_deaf_host_is_removed_once_stays_out_and_is_back_when_it_hears_again(self):
        self.agreed_network_of(10)
        self.cut_off(60, "deaf")


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
