"""Cables that are cut in silence: nobody hears a reset, only nothing. Rows A2 and A9 of faults.md; long_cut.py has more."""
from cuts import CutTest


class Cuts(CutTest):
    def test_a_host_cut_off_for_20_s_is_removed_once_and_is_back_at_once_when_mended(self):
        self.agreed_network_of(10)
        self.cut_off(20)
