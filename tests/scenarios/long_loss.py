"""Packets that are lost at random. Rows A5 and A8 of faults.md."""
import time

from scenario import ScenarioTest, names

SIZE, LASTS = 10, 60  # hosts, seconds


class Loss(ScenarioTest):
    def lose(self, percent, senders, receivers):
        """For a minute; then all is mended. Gives the removals of that minute."""
        began = time.time()
        self.network.lose(percent, senders, receivers)
        self.network.lose(percent, receivers, senders)
        self.let(LASTS)
        removed = self.timeline.removals(began)
        suspected = self.timeline.became("suspect", began)
        self.network.mend()
        self.cluster.wait_agreed(35)
        self.tell(f"N = {SIZE}, {percent} % for {LASTS} s: {len(suspected)} changes to suspect and {len(removed)} to faulty in all logs")
        return removed

    def test_5_percent_loss_everywhere_removes_nobody(self):
        self.agreed_network_of(SIZE)
        self.assertEqual(self.lose(5, range(SIZE), range(SIZE)), [])

    def test_80_percent_loss_at_one_of_10_costs_no_other_its_place(self):
        *others, lossy = self.agreed_network_of(SIZE)
        removed = self.lose(80, [SIZE - 1], range(SIZE - 1))
        seen_by_others = [change for change in removed if change.observer != lossy.name]
        self.assertEqual([change for change in seen_by_others if change.name in names(others)], [])
