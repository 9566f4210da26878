"""Planned change loses nothing: members are restarted one after the other, added and taken away, under an open load of GETs
and POSTs. Afterwards what was sent is held against what the apps' journals say ran (tests/support/ledger.py).

A cluster is upgraded in the same way, when RINGSIDE_OLD_BINARY names a ringside of an earlier version (fault B18).

RINGSIDE_LOAD_RATE requests a second (500), RINGSIDE_ROLLING_ROUNDS times around (1); `scripts/dev nightly rolling` does
twenty. The goal is 3,000 a second, on a machine that has nothing else to do.
"""
import os
import signal
import sys
import unittest

from support import ROOT, ClusterTest, run, wait_until

sys.path.insert(0, str(ROOT / "tests" / "support"))
from ledger import balance  # noqa: E402
from open_load import OpenLoad  # noqa: E402

RATE = float(os.environ.get("RINGSIDE_LOAD_RATE", 500))
OLD = os.environ.get("RINGSIDE_OLD_BINARY")
ROUNDS = int(os.environ.get("RINGSIDE_ROLLING_ROUNDS", 1))


class Rolling(ClusterTest):
    def add(self, name, flags=()):
        journal = self.folder / f"journal-{name}"
        host = self.cluster.add(name, app_command=["python3", ROOT / "tests" / "apps" / "journal.py", journal],
                                flags=["--workers", "2", *flags])
        host.journal = journal
        return host

    def begin(self, hosts):
        self.cluster.start(hosts)
        self.cluster.wait_agreed(hosts=hosts)
        load = OpenLoad({host.name: host.api_port for host in hosts}, RATE, self.folder / "record")
        self.addCleanup(setattr, load, "stopping", True)
        self.go_on(load)
        return load

    def go_on(self, load):
        """A second more of it, whatever is under way."""
        until = load.sent + RATE
        wait_until(lambda: load.sent >= until, 60, "a second's requests are sent", self.daemons())

    def daemons(self):
        return [host.daemon for host in self.cluster.hosts if host.daemon and host.daemon.running()]

    def settle(self, load):
        load.stop()
        account = balance(self.folder / "record", [host.journal for host in self.cluster.hosts])
        print(f"\n{account}")
        for host in self.cluster.hosts:
            self.assertGreater(account.by_app[str(host.journal)], 0, f"{host.name} had nothing to do")
        self.assertTrue(account.good(), account)

    def test_five_members_restarted_one_by_one_lose_and_repeat_nothing(self):
        hosts = [self.add(name, ["--node-data-dir", self.folder / f"data-{name}"]) for name in "abcde"]
        load = self.begin(hosts)
        for host in hosts:  # from here on they find each other by what they remember (fault A18)
            host.seeds = []
        for _ in range(ROUNDS):
            self.restart(hosts, load)
        self.settle(load)

    def restart(self, hosts, load):
        for host in hosts:
            host.daemon.kill(signal.SIGTERM)
            self.assertEqual(host.daemon.wait(30), 0, host.daemon.tail())
            host.app.kill(signal.SIGTERM)
            host.app.wait()
            host.start_app()
            host.start_daemon()
            self.cluster.wait_ready(host)
            self.go_on(load)

    @unittest.skipUnless(OLD, "no RINGSIDE_OLD_BINARY, a ringside of an earlier version")
    def test_five_members_upgraded_one_by_one_and_taken_back_lose_and_repeat_nothing(self):
        hosts = [self.add(name) for name in "abcde"]
        for host in hosts:
            host.binary = OLD
        load = self.begin(hosts)
        for binary in (self.cluster.binary, OLD):
            for host in hosts:
                host.binary = binary
                self.restart([host], load)
                self.cluster.wait_agreed(hosts=hosts)  # old and new, about members and owners
        self.settle(load)

    def test_from_three_members_to_six_and_back_loses_and_repeats_nothing(self):
        hosts = [self.add(name) for name in "abc"]
        load = self.begin(hosts)
        for _ in range(ROUNDS):
            more = []
            for name in "def":
                host = next((h for h in self.cluster.hosts if h.name == name), None) or self.add(name)
                host.seeds = [other.peer for other in self.cluster.hosts]
                host.start_app()
                host.start_daemon()
                self.cluster.wait_ready(host)
                load.put(host.name, host.api_port)
                more.append(host)
                self.go_on(load)
            for host in more:
                code, _, err = run("leave", "--addr", f"127.0.0.1:{host.api_port}", timeout=40)
                self.assertEqual(code, 0, err)
                self.assertEqual(host.daemon.wait(30), 0, host.daemon.tail())
                load.take(host.name)
                host.app.kill(signal.SIGTERM)
                host.app.wait()
                self.go_on(load)
        self.settle(load)
