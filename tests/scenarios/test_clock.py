"""Wall clocks that step, played by libfaketime; the steady clock goes on, as it does when an operator sets the time. Row A14
of faults.md."""
import glob
import os
import time
import unittest

from scenario import NOBODY, USUAL, ScenarioTest, Timeline

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
QUIET = 8  # seconds: longer than a suspicion


@unittest.skipUnless(LIBRARY, "libfaketime is missing: scripts/bootstrap test installs it")
class Clocks(ScenarioTest):
    def setUp(self):
        super().setUp()
        for name in "abcde":
            environment = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.folder / f"clock-{name}"),
                           "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1"}
            self.set(name, "+0")
            self.cluster.add(name, app_address=NOBODY, flags=USUAL, environment=environment)
        self.timeline = Timeline(self.cluster.hosts)
        self.cluster.start()
        self.cluster.wait_agreed()

    def set(self, name, offset):
        """The clock of one host, against the true one; +1h, -10y."""
        new = self.folder / "clock.new"
        new.write_text(offset)
        os.replace(new, self.folder / f"clock-{name}")

    def test_clocks_that_step_by_an_hour_or_ten_years_remove_nobody(self):
        for name, offset in zip("abc", ("+1h", "-1h", "-10y")):
            self.set(name, offset)
        self.let(QUIET)
        self.assertGreater(self.year_of("a"), 2000)
        self.assertLess(self.year_of("c"), self.year_of("a") - 8, "libfaketime has not set the clock")
        self.assertEqual(self.timeline.removals(), [])
        self.cluster.wait_agreed(5)

    def test_a_member_that_restarts_with_its_clock_an_hour_back_is_alive_everywhere(self):
        host = self.cluster.hosts[1]
        host.kill()
        self.set(host.name, "-1h")
        host.start_daemon()
        self.cluster.wait_ready(host)
        self.cluster.wait_agreed(10)
        returned = time.time()  # its death was noticed at once
        self.let(QUIET)
        self.assertEqual(self.timeline.removals(returned, names=[host.name]), [])
        self.cluster.wait_agreed(5)

    def year_of(self, name):
        """By the Date of a reply."""
        host = next(host for host in self.cluster.hosts if host.name == name)
        return int(host.get("/v1/self")["Date"].split()[3])
