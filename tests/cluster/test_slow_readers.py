"""Readers that are slow cost no memory and hold up nobody else. Requests enter at host a; host b, with an app of node, has
the keys. The memory is that of both daemons; what the kernel holds for a socket is not theirs.
"""
import shutil
import socket
import statistics
import time
import unittest

from support import ROOT, SharedClusterTest, fetch, resident_bytes, route, sanitized

MIB = 1024 * 1024
SIZE = 64 * MIB
STREAM_MAX = (256 + 64 + 32) * 1024  # limits.hpp: stream_window_bytes, and an AppConnection's head_bytes and read_ahead_bytes
SLOW = 1_000_000  # bytes a second
SECONDS = 5
TICK = 0.05
MANY = 100


@unittest.skipUnless(shutil.which("node"), "node is missing here")
@unittest.skipIf(sanitized(), "a sanitizer's memory is not the daemon's")
class SlowReaders(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        for name, options in (("a", {}), ("b", {"app_command": ["node", ROOT / "tests" / "apps" / "streams.js"]})):
            cluster.add(name, flags=["--workers", "1"], **options)

    def setUp(self):
        super().setUp()
        self.a = self.cluster.hosts[0]
        self.latencies(200)  # what the daemons need for any request, they have now

    def begin_download(self, number):
        reader = socket.socket()
        self.addCleanup(reader.close)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        reader.settimeout(60)
        reader.connect(("127.0.0.1", self.a.api_port))
        reader.sendall(f"GET {route(f'user:{number}', f'/bytes/{SIZE}')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return reader

    def latencies(self, count=None, until=None):
        """Seconds that small requests take, each on a connection of its own."""
        taken = []
        while (time.monotonic() < until) if until else (len(taken) < count):
            started = time.perf_counter()
            self.assertEqual(fetch(self.a.api_port, route("user:7", "/")).status, 200)
            taken.append(time.perf_counter() - started)
        return taken

    def resident(self):
        return [resident_bytes(host.daemon.pid) for host in self.cluster.hosts]

    def grown_since(self, before):
        return [now - then for now, then in zip(self.resident(), before)]

    def test_one_costs_less_than_4_mib_and_nobody_else_any_time(self):
        alone = self.latencies(300)
        before = self.resident()
        reader = self.begin_download(1)
        beside, grown, taken, started = [], [0, 0], 0, time.monotonic()
        while (now := time.monotonic()) < started + SECONDS:
            due = int((now - started) * SLOW)
            if due > taken:
                taken += len(reader.recv(due - taken))
            beside += self.latencies(until=now + TICK)
            grown = [max(pair) for pair in zip(grown, self.grown_since(before))]
        print(f"[{taken / 1e6:.1f} MB read in {SECONDS} s: a {grown[0] / MIB:+.1f} MiB, b {grown[1] / MIB:+.1f} MiB; p50 of others "
              f"{1e3 * statistics.median(beside):.2f} ms, alone {1e3 * statistics.median(alone):.2f} ms] ", end="", flush=True)
        self.assertLess(max(grown), 4 * MIB)
        while taken < SIZE:  # it is not given up: all of it comes
            piece = reader.recv(MIB)
            self.assertTrue(piece, "the answer broke off")
            taken += len(piece)

    def test_many_are_held_to_the_bound_of_a_stream_each(self):
        before = self.resident()
        readers = [self.begin_download(number) for number in range(MANY)]
        for reader in readers:
            self.assertTrue(reader.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n"))
        beside, grown, done = [], [0, 0], time.monotonic() + 3
        while time.monotonic() < done:
            beside += self.latencies(20)
            grown = [max(pair) for pair in zip(grown, self.grown_since(before))]
        print(f"[{MANY} that stand still: a {grown[0] / MIB:+.1f} MiB, b {grown[1] / MIB:+.1f} MiB; p50 of others "
              f"{1e3 * statistics.median(beside):.2f} ms] ", end="", flush=True)
        self.assertLess(max(grown), MANY * STREAM_MAX + 4 * MIB)


if __name__ == "__main__":
    unittest.main()
