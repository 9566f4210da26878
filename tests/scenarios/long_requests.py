"""Requests under way when a cable is cut: no reset tells the ends. Row B10 of faults.md."""
from scenario import ScenarioTest, wait_until
from support import ECHO

KEYS = [f"user:{i}" for i in range(60)]
IN_TIME = 6.5  # seconds: forward.timeout, one more, and a half for a busy machine


class CutRequests(ScenarioTest):
    def test_when_an_owners_cable_is_cut_every_request_is_answered_in_time_and_other_keys_do_not_notice(self):
        a, b, c = self.agreed_network_of(3, app_command=ECHO)
        theirs = {key for key in KEYS if a.owner(key) == b.name}
        with self.asking(a, KEYS) as answers:
            wait_until(lambda: len(answers) > 100, 10, "requests flow", self.running())
            self.network.part([1], [0, 2])
            wait_until(lambda: self.timeline.all_see([a.name, c.name], [b.name], "faulty"), 30, "b is removed", self.running())
            self.let(2)
            self.network.mend()
            self.cluster.wait_agreed(10)
        failed = [answer for answer in answers if answer[1] != 200]
        self.tell(f"{len(answers)} requests, {len(failed)} failed: {sorted({str(answer[1]) for answer in failed})}")
        self.assertEqual([answer for answer in failed if answer[0] not in theirs], [], f"keys that {b.name} did not own")
        self.assertLessEqual({answer[1] for answer in failed}, {502, 503, 504})
        self.assertLess(max(answer[2] for answer in answers), IN_TIME)
