"""Clusters of ringsides and real Ringpop nodes, and the questions that all of them must answer alike.

Every member is asked by npm's client, over TChannel, with the same calls (/admin/stats, /admin/lookup), so that nothing
of ours translates between a question and its answer.
"""
import json
import pathlib
import sys
import time
from dataclasses import dataclass

import peers
from ask import Client

sys.path.append(str(peers.ROOT / "tests" / "cluster"))
from support import Cluster, ClusterTest, free_port, wait_until  # noqa: E402
from processes import Process  # noqa: E402

KEYS = [f"user:{number}" for number in range(50)]


@dataclass
class Real:
    """A Ringpop node; the fields are the arguments of peers.command."""

    kind: str
    address: str
    identity: str | None
    http_port: int | None
    process: Process | None = None

    def start(self, hosts_file, log):
        command = peers.command(self.kind, self.address, hosts_file, self.identity, self.http_port)
        self.process = Process(f"{self.kind} {self.address}", command, log)


class Mixed(Cluster):
    """The hosts of Cluster with Ringpop nodes among them. All start at once and know each other's addresses."""

    def __init__(self, binary, folder):
        super().__init__(binary, folder)
        self.real, self.client = [], Client()

    def add_ringside(self, name, identity, *flags, app_command=None):
        # Without a command nothing is forwarded to the app; a host without an app would not be in the ring.
        return self.add(name, app_command=app_command, app_address=None if app_command else "127.0.0.1:9",
                        flags=["--cluster", "ringpop", "--ring-identity", identity, *flags])

    def add_real(self, kind, identity=None, http_port=None):
        peers.command(kind, "", "")  # skips the test now, before anything runs
        self.real.append(Real(kind, f"127.0.0.1:{free_port()}", identity, http_port))
        return self.real[-1]

    def start(self):
        """Returns when each has its process; they find each other in their own time."""
        seeds = [host.peer for host in self.hosts] + [peer.address for peer in self.real]
        hosts_file = pathlib.Path(self.folder) / "hosts.json"
        hosts_file.write_text(json.dumps(seeds), encoding="ascii")
        for host in self.hosts:
            if host.app_command:
                host.start_app()
        for host in self.hosts:
            host.seeds = seeds
            host.start_daemon()
        for number, peer in enumerate(self.real):
            peer.start(hosts_file, self.folder / f"{peer.kind}-{number}.log")

    def processes(self):
        return super().processes() + [peer.process for peer in self.real if peer.process]

    def stop(self):
        super().stop()
        for peer in self.real:
            if peer.process:
                peer.process.stop()
        self.client.close()

    def living(self):
        """address -> process of those that run."""
        every = [(host.peer, host.daemon) for host in self.hosts] + [(peer.address, peer.process) for peer in self.real]
        return {address: process for address, process in every if process.running()}

    def stats(self):
        """address -> its /admin/stats, or None while one of them cannot say."""
        living = list(self.living())
        answers = self.client.ask_all([{"to": address, "endpoint": "/admin/stats"} for address in living])
        if not all(answer.get("ok") for answer in answers):
            return None
        return {address: json.loads(answer["body"]) for address, answer in zip(living, answers)}

    def statuses(self, address):
        """What the living say of a member, each word once."""
        return {member["status"] for stats in (self.stats() or {}).values()
                for member in stats["membership"]["members"] if member["address"] == address}

    def agreed(self, faulty=()):
        """Does everybody hold one list, with the living alive and `faulty` faulty, and one ring?"""
        answers = self.stats()
        if not answers:
            return False
        lists = {tuple(sorted((m["address"], m["status"], m["incarnationNumber"]) for m in a["membership"]["members"]))
                 for a in answers.values()}
        expected = {**dict.fromkeys(answers, "alive"), **dict.fromkeys(faulty, "faulty")}
        return (len(lists) == 1 and {address: status for address, status, _ in next(iter(lists))} == expected
                and len({a["ring"]["checksum"] for a in answers.values()}) == 1)

    def owners(self):
        """address of the asked -> the owners of KEYS, in their order, as it sees them."""
        living = list(self.living())
        answers = self.client.ask_all([{"to": address, "endpoint": "/admin/lookup", "body": json.dumps({"key": key})}
                                       for address in living for key in KEYS])
        found = [json.loads(answer["body"])["dest"] for answer in answers]
        return {address: found[n * len(KEYS):(n + 1) * len(KEYS)] for n, address in enumerate(living)}


class MixedTest(ClusterTest):
    cluster_type = Mixed

    def setUp(self):
        peers.need("npm")
        super().setUp()

    def assert_one_ring(self):
        views = self.cluster.owners()
        reference = next(iter(views.values()))
        self.assertLessEqual(set(reference), set(self.cluster.living()))
        self.assertGreater(len(set(reference)), 1)
        for address, view in views.items():
            self.assertEqual(view, reference, f"{address} names other owners")

    def assert_agreement(self, limit):
        """All living members hold one list and one ring within `limit` seconds, and name the same owners."""
        wait_until(self.cluster.agreed, limit, "all members agree", self.cluster.processes())
        self.assert_one_ring()

    def assert_each_death_is_seen(self, limit, *victims):
        """Kills one after another; each is faulty everywhere within `limit` seconds, and the rest agree again."""
        dead = []
        for address in victims:
            victim = self.cluster.living()[address]
            victim.stop()
            dead.append(address)
            killed = time.monotonic()
            wait_until(lambda: self.cluster.statuses(address) == {"faulty"}, limit,
                       f"{victim.name} is faulty everywhere", list(self.cluster.living().values()))
            self.assertGreater(time.monotonic() - killed, 4.5, "faulty before the suspicion could end")
            wait_until(lambda: self.cluster.agreed(faulty=dead), 2, "the others agree again")
            self.assert_one_ring()
