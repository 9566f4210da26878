"""Half an hour with a fault every minute; RINGSIDE_SOAK_MINUTES makes it another time."""
import os

from soak import SoakTest

MINUTES = int(os.environ.get("RINGSIDE_SOAK_MINUTES", "30"))


class Soak(SoakTest):
    def test_after_a_fault_every_minute_all_is_as_well_as_before(self):
        self.soak(MINUTES)
