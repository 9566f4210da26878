"""Fake Ringpop nodes and a ringside among them, to play scenes of Ringpop's protocol one by one.

A FakeNode answers join, ping and ping-req as a Ringpop node would that agrees with everybody, and remembers what it got.
It says nothing by itself: the story makes it ping, gossip, fall silent or close down. A Stage is a ringside, started
by scripts/testpop, with its fakes; they share one idea of the membership (stage.rows), so that checksums agree and no full
sync happens unless a story wants one. Every body that ringside writes is held against the closed lists in
ringpop_bodies.py; close() fails when one was wrong, or when ringside joined more often than the story expects.

The fakes are as odd as those of Ringpop's own suite: no checksum and our entry without incarnation while we join, pings
without app, changes with id and tombstone: false, arg2 empty, checksum type 3.
"""
import concurrent.futures
import functools
import json
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field

from support import BINARY, ROOT, clean_environment, free_port, wait_until
from processes import Process

sys.path.insert(0, str(ROOT / "tests" / "support"))
import ringpop  # noqa: E402
import ringpop_bodies  # noqa: E402
import tchannel  # noqa: E402

FIRST_INCARNATION = 1337
JOIN, PING, PING_REQ = "/protocol/join", "/protocol/ping", "/protocol/ping-req"


@dataclass
class Row:
    """A member as the fakes see it."""
    status: str
    incarnation: int | None = FIRST_INCARNATION
    labels: dict = field(default_factory=dict)
    tombstone: bool = False  # the flag; only sent when set


@dataclass
class Received:
    node: "FakeNode"
    endpoint: str
    body: dict
    at: float


def change(address, row, source=None, **more):
    """A change or a list entry, with the fields that ringpop-node writes."""
    told = {"address": address, "status": row.status}
    if row.incarnation is not None:
        told["incarnationNumber"] = row.incarnation
    if row.labels:
        told["labels"] = row.labels
    if row.tombstone:
        told["tombstone"] = True
    if source is not None:
        told["source"] = source
    return {**told, **more}


class FakeNode(tchannel.Peer):
    def __init__(self, stage, labels=None):
        self.stage, self.labels = stage, labels or {}
        self.incarnation = FIRST_INCARNATION
        self.silent = False  # takes calls and never answers
        self.refuses = set()  # endpoints that are answered with an error frame, which fails at once
        self.joins_held = threading.Event()  # cleared: joins wait
        self.joins_held.set()
        self.closed = False
        self.own_rows = None  # instead of the stage's, for partitions
        super().__init__({JOIN: self.on_join, PING: self.on_ping, PING_REQ: self.on_ping_req}, language="node")

    @property
    def rows(self):
        return self.stage.rows if self.own_rows is None else self.own_rows

    def checksum(self):
        """None before the stage is set, as with fakes that do not know yet how to compute it."""
        return self.stage.checksum(self.rows)

    def close(self):
        """Nobody listens any more: a dial is refused."""
        if not self.closed:
            self.closed = True
            self.stop()

    # -- what ringside asks

    def take(self, endpoint, call):
        body = json.loads(call.arg3)
        self.stage.received(self, endpoint, body)
        if endpoint in self.refuses:
            raise tchannel.CallError(tchannel.UNEXPECTED, "not in the mood")
        return body

    def reply(self, body):
        return None if self.silent else tchannel.Answer(arg3=json.dumps(body).encode())

    def on_join(self, call):
        self.take(JOIN, call)
        self.joins_held.wait(20)
        membership = [change(address, row, self.address) for address, row in self.rows.items()]
        return self.reply({"app": "ringpop", "coordinator": self.address, "membership": membership,
                           "membershipChecksum": self.checksum()})

    def on_ping(self, call):
        self.take(PING, call)
        return self.reply({"changes": [], "checksum": self.checksum()})

    def on_ping_req(self, call):
        target = self.take(PING_REQ, call)["target"]
        fine = not any(node.address == target and (node.silent or node.closed) for node in self.stage.fakes)
        return self.reply({"changes": [], "pingStatus": fine, "target": target, "checksum": self.checksum()})

    # -- what it asks ringside

    def ask(self, endpoint, body, timeout=5):
        answer = self.call(self.stage.address, endpoint, arg3=json.dumps(body).encode(), timeout=timeout)
        return self.stage.judged(endpoint, answer)

    def join(self, **more):
        return self.ask(JOIN, {"app": "ringpop", "source": self.address, "incarnationNumber": self.incarnation, **more})

    def ping(self, *changes, **more):
        return self.ask(PING, {**self.signed(changes), **more})

    def ping_req(self, target, *changes, **more):
        return self.ask(PING_REQ, {**self.signed(changes), "target": target, **more}, timeout=8)

    def signed(self, changes):
        return {"source": self.address, "sourceIncarnationNumber": self.incarnation, "checksum": self.checksum(),
                "changes": list(changes)}

    def claim(self, address, status, incarnation=None, labels=None, **more):
        """A change with this node as its source; by default at the incarnation everybody knows."""
        known = self.stage.rows.get(address)
        if incarnation is None:
            incarnation = known.incarnation if known else FIRST_INCARNATION
        return {"id": str(uuid.uuid4()), "tombstone": False, "sourceIncarnationNumber": self.incarnation,
                **change(address, Row(status, incarnation, labels or {}), self.address), **more}

    def gossip(self, address, status, incarnation=None, labels=None):
        """Claims it to ringside; from then on all fakes know it too. Returns ringside's answer."""
        claim = self.claim(address, status, incarnation, labels)
        self.stage.rows[address] = Row(status, claim["incarnationNumber"], labels or {})
        return self.ping(claim)


class Stage:
    """One ringside and n fakes. Use with `with`."""

    def __init__(self, n, suspect=60_000, faulty=60_000, tombstone=60_000, identity=None, extra=None, labels=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringside-test-"))
        self.address = f"127.0.0.1:{free_port()}"
        self.rows = {}
        self.agreed = False
        self.events, self.news = [], threading.Condition()
        self.faults = []
        self.joins_expected = min(6, n)
        self.hosts_file = self.folder / "hosts.json"
        self.fakes = [FakeNode(self, labels) for _ in range(n)]
        for node in self.fakes:
            self.rows[node.address] = Row("alive", FIRST_INCARNATION, node.labels)
        self.rows[self.address] = Row("alive", None)
        self.extra = dict(extra or {})
        self.rows |= self.extra
        self.periods = {"suspect": suspect, "faulty": faulty, "tombstone": tombstone}
        self.identity = identity
        self.caller = self.process = None

    def __enter__(self):
        try:
            self.start()
        except Exception as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and self.process:
            error.add_note(self.process.tail())
        self.end()
        if error is None:
            assert not self.faults, "bodies that no Ringpop takes:\n" + "\n".join(self.faults)
            joins = len(self.got(JOIN))
            assert joins == self.joins_expected, f"{joins} joins instead of {self.joins_expected}: an unwanted full sync?"

    def start(self):
        """Returns when ringside has joined by exactly the joins it needs, pings, and knows everybody."""
        self.write_hosts([node.address for node in self.fakes] + [self.address])
        command = [ROOT / "scripts" / "testpop", f"--listen={self.address}", f"--hosts={self.hosts_file}"]
        command += [f"--{name}-period={ms}" for name, ms in self.periods.items()]
        command += [f"--identity={self.identity}"] if self.identity else []
        environment = {**clean_environment(), "RINGSIDE_BINARY": str(BINARY)}
        self.process = Process("testpop", command, self.folder / "testpop.log", env=environment)
        self.wait(lambda: self.got(PING), "the first ping")
        first = self.got(JOIN)[0].body["incarnationNumber"]
        me = self.members()[self.address]
        assert me["incarnationNumber"] == first, f"joined with {first}, now {me}"
        self.rows[self.address] = Row("alive", first, me.get("labels", {}))
        for address, row in self.extra.items():  # what is a tombstone in a join list makes nobody known
            if row.status == "tombstone" or row.tombstone:
                del self.rows[address]
        self.agreed = True

    def end(self):
        if self.caller:
            self.caller.close()
        if self.process:
            self.process.stop()
        for node in self.fakes:
            node.joins_held.set()
            node.close()
        shutil.rmtree(self.folder)

    def write_hosts(self, addresses):
        self.hosts_file.write_text(json.dumps(addresses), encoding="utf-8")

    def add_fake(self):
        """One that is not known to anybody but is known to agree with all."""
        node = FakeNode(self)
        self.fakes.append(node)
        return node

    # -- what was received

    def received(self, node, endpoint, body):
        self.faults += [f"{endpoint} request: {fault}" for fault in ringpop_bodies.request_faults(endpoint, body)]
        with self.news:
            self.events.append(Received(node, endpoint, body, time.monotonic()))
            self.news.notify_all()

    def got(self, endpoint, since=0, by=None):
        return [e for e in self.events[since:] if e.endpoint == endpoint and (by is None or e.node is by)]

    def mark(self):
        return len(self.events)

    def wait(self, condition, what, timeout=10):
        """Until the condition holds; it is asked again whenever something was received."""
        deadline = time.monotonic() + timeout
        with self.news:
            while not (answer := condition()):
                left = deadline - time.monotonic()
                assert left > 0, f"{what}: not within {timeout} s"
                assert self.process.running(), f"{what}: ringside has died"
                self.news.wait(min(left, 0.05))
        return answer

    def wait_ping(self, matches=lambda body: True, what="a ping", since=None, by=None, endpoint=PING):
        """The first ping from now on (or since a mark) whose body matches."""
        since = self.mark() if since is None else since
        return self.wait(lambda: next((e for e in self.got(endpoint, since, by) if matches(e.body)), None), what)

    def none_within(self, seconds, endpoint=PING):
        """Nothing of the kind comes in this time. The one place that has to let time pass."""
        since = self.mark()
        deadline = time.monotonic() + seconds
        with self.news:
            while (left := deadline - time.monotonic()) > 0:
                self.news.wait(left)
                assert not self.got(endpoint, since), f"an unexpected {endpoint}: {self.got(endpoint, since)[0].body}"

    # -- asking ringside as a tool would

    def ask(self, endpoint, body=None):
        if self.caller is None:
            self.caller = tchannel.Connection.to(self.address)
        arg3 = b"" if body is None else json.dumps(body).encode()
        return self.judged(endpoint, self.caller.call(tchannel.Call(endpoint, arg3=arg3), timeout=10))

    def judged(self, endpoint, answer):
        body = json.loads(answer.arg3)
        if answer.code != 0:
            raise Refused(body)
        self.faults += [f"{endpoint} answer: {fault}" for fault in ringpop_bodies.answer_faults(endpoint, body)]
        return body

    def members(self):
        """address -> row of /admin/stats, without its damp score. The checksum must be that of the rows."""
        membership = self.ask("/admin/stats")["membership"]
        expected = ringpop.membership_checksum(membership["members"])
        assert membership["checksum"] == expected, f"{membership} should have the checksum {expected}"
        return {row["address"]: {k: v for k, v in row.items() if k != "dampScore"} for row in membership["members"]}

    def statuses(self):
        return {address: row["status"] for address, row in self.members().items()}

    def owner(self, key):
        return self.ask("/admin/lookup", {"key": key})["dest"]

    # -- common scenes

    def checksum(self, rows):
        if not self.agreed:
            return None
        return ringpop.membership_checksum([change(address, row) for address, row in rows.items()])

    def drain(self):
        """Until ringside has nothing left to tell: its answers are empty, and so is its next ping."""
        while self.fakes[-1].ping()["changes"]:
            pass
        self.wait_ping(lambda body: body["changes"] == [], "a ping without changes")

    def stop_gossip(self):
        self.ask("/admin/gossip/stop")
        wait_until(lambda: self.ask("/admin/gossip/status") == {"status": "stopped"}, 5, "gossip has stopped")

    def split(self):
        """From here on each fake has its own idea of the membership, the present one at first."""
        for node in self.fakes:
            node.own_rows = {address: Row(row.status, row.incarnation, dict(row.labels)) for address, row in self.rows.items()}


def staged(*sizes, **options):
    """A test for stages of each size, all at once; a failure says which size it was."""
    def decorate(story):
        @functools.wraps(story)
        def test(self):
            def play(n):
                with Stage(n, **options) as stage:
                    story(self, stage)

            with concurrent.futures.ThreadPoolExecutor(len(sizes)) as pool:
                played = [(n, pool.submit(play, n)) for n in sizes]
            for n, result in played:
                with self.subTest(fakes=n):
                    result.result()
        return test
    return decorate


class Refused(Exception):
    """An answer with code 1; .body is its JSON."""

    def __init__(self, body):
        super().__init__(str(body))
        self.body = body
