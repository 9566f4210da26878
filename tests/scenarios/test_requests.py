"""Requests while their owner, their app or the host is in trouble. Rows B1, B2, B11, B12 and B13 of faults.md."""
import contextlib
import resource
import signal
import socket
import time

from scenario import ScenarioTest, Timeline, USUAL, wait_until
from support import ECHO, metric, route

KEYS = [f"user:{i}" for i in range(60)]
MIB = 1024 * 1024
IN_TIME = 6.5  # seconds: forward.timeout, one more, and a half for a busy machine


def used_data(pid):
    """Bytes of what RLIMIT_DATA counts."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData:"))


class Troubles(ScenarioTest):
    def three(self, **options):
        for name in "abc":
            self.cluster.add(name, app_command=ECHO, **{"flags": USUAL, **options})
        self.cluster.start()
        self.cluster.wait_agreed()
        self.timeline = Timeline(self.cluster.hosts)
        return self.cluster.hosts

    def test_when_an_owner_is_killed_every_request_is_answered_in_time_and_other_keys_do_not_notice(self):
        a, b, c = self.three()
        theirs = {key for key in KEYS if a.owner(key) == "b"}
        with self.asking(a, KEYS) as answers:
            wait_until(lambda: len(answers) > 100, 10, "requests flow", self.running())
            b.kill()
            wait_until(lambda: self.timeline.all_see(["a", "c"], ["b"], "faulty"), 20, "b is removed", [a.daemon, c.daemon])
            self.cluster.wait_agreed(5, [a, c])
        failed = [answer for answer in answers if answer[1] != 200]
        self.tell(f"{len(answers)} requests, {len(failed)} failed: {sorted({str(answer[1]) for answer in failed})}")
        self.assertEqual([answer for answer in failed if answer[0] not in theirs], [], "keys that b did not own")
        self.assertLessEqual({answer[1] for answer in failed}, {502, 503, 504})
        self.assertLess(max(answer[2] for answer in answers), IN_TIME)
        self.assertEqual({a.get(route(key, "/echo")).status for key in theirs}, {200}, "after it was removed")

    def test_an_owner_that_stands_still_is_left_alone_after_some_time_outs_and_found_again(self):
        a, b, _ = self.three(flags=[*USUAL, "--forward-timeout", "600ms"])
        theirs = [key for key in KEYS if a.owner(key) == "b"]
        b.daemon.kill(signal.SIGSTOP)
        try:
            refused = wait_until(lambda: self.circuit_open(a, theirs[0]), 4.5, "requests are refused at once")
        finally:
            b.daemon.kill(signal.SIGCONT)
        self.assertLess(refused, 0.2)
        wait_until(lambda: a.get(route(theirs[0], "/echo")).status == 200, 5, "b is asked again", self.running())
        self.assertEqual(self.timeline.removals(), [])

    @staticmethod
    def circuit_open(entry, key):
        """How long the refusal took; None when it was another answer."""
        started = time.monotonic()
        answer = entry.get(route(key, "/echo"))
        return time.monotonic() - started if answer["Ringside-Error"] == "circuit_open" else None

    def test_with_all_descriptors_taken_by_clients_gossip_goes_on_and_requests_pass_when_they_are_gone(self):
        a, _, _ = self.three()
        resource.prlimit(a.daemon.pid, resource.RLIMIT_NOFILE, (64, 64))
        began = time.time()
        clients = []
        try:
            for _ in range(100):
                clients.append(socket.create_connection(("127.0.0.1", a.api_port), timeout=5))
            self.let(8)
            self.assertEqual(self.timeline.removals(began), [])
        finally:
            for client in clients:
                client.close()
        wait_until(lambda: a.answers(route("any", "/echo")) == 200, 5, "requests pass again", self.running())
        self.cluster.wait_agreed(5)

    def test_with_little_memory_it_refuses_what_it_has_no_room_for_and_lives(self):
        """The limit is hard: what is not given ends the process. All that 200 uploads may hold is 70 MiB."""
        app = self.enterContext(socket.create_server(("127.0.0.1", 0), backlog=256))  # takes connections and never reads
        a = self.cluster.add("a", app_address=f"127.0.0.1:{app.getsockname()[1]}",
                             flags=[*USUAL, "--forward-in-flight", "32"])
        b = self.cluster.add("b", app_command=ECHO, flags=USUAL)
        self.cluster.start()
        self.cluster.wait_agreed()
        self.timeline = Timeline(self.cluster.hosts)
        key = next(key for key in KEYS if a.owner(key) == "a")
        data = used_data(a.daemon.pid)
        resource.prlimit(a.daemon.pid, resource.RLIMIT_DATA, (data + 48 * MIB, data + 48 * MIB))
        head = f"POST {route(key, '/slow/0')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {64 * MIB}\r\n\r\n".encode()
        clients = []
        for _ in range(200):
            client = self.enterContext(socket.create_connection(("127.0.0.1", a.api_port), timeout=5))
            client.sendall(head)
            client.setblocking(False)
            clients.append(client)
        until = time.monotonic() + 5
        while time.monotonic() < until and a.daemon.running():
            for client in clients:
                with contextlib.suppress(OSError):  # its buffers are full, or it was refused
                    client.send(bytes(64 * 1024))
        self.assertTrue(a.daemon.running(), a.daemon.tail())
        refused = metric(a, 'ringside_overload_refusals_total{limit="in_flight"}')
        self.tell(f"{refused:.0f} of 200 refused, {(used_data(a.daemon.pid) - data) / MIB:.0f} MiB more")
        self.assertGreaterEqual(refused, 200 - 32)
        for client in clients:
            client.close()
        wait_until(lambda: a.get(route(next(k for k in KEYS if a.owner(k) == "b"), "/echo")).status == 200, 15, "requests pass",
                   self.running())
        self.assertEqual(self.timeline.removals(), [])
        self.assertTrue(b.ready())

    def test_a_full_disk_under_the_access_log_costs_no_request_and_is_said(self):
        a, _, _ = self.three(flags=[*USUAL, "--observability-access-log-file", "/dev/full"])
        for key in KEYS:
            self.assertEqual(a.get(route(key, "/echo")).status, 200)
        self.timeline.look()
        self.assertEqual(len(self.timeline.times["a", "access_log_not_written"]), 1)  # the log's disk may be the same
        self.assertGreaterEqual(metric(a, "ringside_access_log_dropped_total"), len(KEYS))
