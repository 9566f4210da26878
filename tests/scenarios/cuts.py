"""What the short and the long cuts share: one host is cut off, and its fate read from everybody's logs."""
import time

from scenario import ScenarioTest, median, names

# One rotation and its spread (10 periods), a ping and its helpers' pings in vain, and the suspicion, all at their defaults.
LAST_REMOVED = 10 * 0.2 + 2 * 1.5 + 5
# Back in everybody's eyes after mending, half of them and all of them. Who was away for long has given everybody up, and pings
# nobody: then the next look for lost partitions finds them (gossip.heal.period).
AT_ONCE = 2, 5
WITHIN_A_LOOK = 35, 35
QUIET = 8  # after it is back: nobody is removed again


class CutTest(ScenarioTest):
    def cut_off(self, size, seconds, ways="both", back_within=AT_ONCE, last_removed=LAST_REMOVED, flags=()):
        """The last of `size` hosts is cut off for so long: both ways, "mute" (what it sends is lost) or "deaf"."""
        hosts = self.agreed_network_of(size, flags=flags)
        victim, others = hosts[-1], hosts[:-1]
        last, rest = [size - 1], range(size - 1)
        cut_at = time.time()
        if ways in ("both", "mute"):
            self.network.cut(last, rest)
        if ways in ("both", "deaf"):
            self.network.cut(rest, last)
        mended_at = self.let(seconds)
        removed = self.timeline.removals(cut_at, names=[victim.name], observers=names(others))
        returned = [c for c in self.timeline.became("alive", cut_at, names=[victim.name]) if c.observer != victim.name]
        self.assertEqual(sorted(c.observer for c in removed), sorted(names(others)), "each of the others removes it once")
        self.assertEqual(returned, [], "who cannot answer does not come back")
        self.network.mend()
        self.cluster.wait_agreed(65)
        agreed = time.time() - mended_at
        returned = {}
        for change in self.timeline.became("alive", mended_at, names=[victim.name], observers=names(others)):
            returned.setdefault(change.observer, change.at - mended_at)
        back = sorted(returned.values())
        self.tell(f"N = {size}, cut {ways} for {seconds} s: removed after {removed[0].at - cut_at:.2f} to "
                  f"{removed[-1].at - cut_at:.2f} s, back {median(back):.2f} s after mending, at most {back[-1]:.2f} s, one view "
                  f"after {agreed:.2f} s")
        self.let(QUIET)
        healthy = [c for c in self.timeline.removals(names=names(others)) if c.observer != victim.name]
        self.assertEqual(healthy, [], "a healthy member was removed by another one")
        self.assertEqual(self.timeline.removals(mended_at, names=[victim.name]), [], "removed again")
        self.assertLessEqual(removed[-1].at - cut_at, last_removed)
        self.assertLessEqual(median(back), back_within[0])
        self.assertLessEqual(back[-1], back_within[1])
