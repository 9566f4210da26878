"""What the short and the long cuts share: one host is cut off, and its fate read from everybody's logs."""
import time

from scenario import ScenarioTest, names

# One rotation and its spread (10 periods), a ping and its helpers' pings in vain (gossip.ping_timeout: answers may be slow on a
# machine that has other things to do), and the suspicion.
LAST_REMOVED = 10 * 0.2 + 2 * 1.5 + 5
AT_ONCE = 5  # seconds after mending until everybody sees it alive again
QUIET = 8  # after it is back: nobody is removed again


class CutTest(ScenarioTest):
    def cut_off(self, seconds, ways="both"):
        """The last host is cut off for so long: both ways, "mute" (what it sends is lost) or "deaf". Gives the seconds from
        the cut until nobody has it in the ring, and from mending until everybody sees it alive."""
        *others, victim = self.cluster.hosts
        last, rest = [len(others)], range(len(others))
        cut_at = time.time()
        if ways in ("both", "mute"):
            self.network.cut(last, rest)
        if ways in ("both", "deaf"):
            self.network.cut(rest, last)
        mended_at = self.let(seconds)
        removed = self.timeline.removals(cut_at, names=[victim.name], observers=names(others))
        suspected = self.timeline.became("suspect", cut_at, names=[victim.name], observers=names(others))
        returned = self.timeline.became("alive", cut_at, names=[victim.name], observers=names(others))
        self.assertEqual(sorted(c.observer for c in removed), sorted(names(others)), "each of the others removes it once")
        self.assertEqual(returned, [], "who cannot answer does not come back")
        self.network.mend()
        self.cluster.wait_agreed(65)
        back_at = self.timeline.became("alive", mended_at, names=[victim.name], observers=names(others))[-1].at
        self.tell(f"N = {len(others) + 1}, cut {ways} for {seconds} s: suspected after {suspected[0].at - cut_at:.2f} s, "
                  f"removed after {removed[0].at - cut_at:.2f} to "
                  f"{removed[-1].at - cut_at:.2f} s, back everywhere {back_at - mended_at:.2f} s after mending")
        self.let(QUIET)
        healthy = [c for c in self.timeline.removals(cut_at, names=names(others)) if c.observer != victim.name]
        self.assertEqual(healthy, [], "a healthy member was removed by another one")
        self.assertEqual(self.timeline.removals(mended_at, names=[victim.name]), [], "removed again")
        self.assertLessEqual(removed[-1].at - cut_at, LAST_REMOVED)
        self.assertLessEqual(back_at - mended_at, AT_ONCE)
        return removed[-1].at - cut_at, back_at - mended_at
