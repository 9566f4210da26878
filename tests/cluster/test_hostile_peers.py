"""Peers that mean harm, on the peer port of a small cluster: what they send is refused by a rule, the refusal is counted,
memory stays bounded, and the cluster goes on, which means that its members agree and a request is forwarded.

Nothing here is authenticated; what a believable lie can do is not the subject, only that nonsense does nothing.
"""
import contextlib
import json
import random
import socket
import struct
import time
import unittest

from fake_ringpop import JOIN, PING, Row, Stage, change, tchannel
from support import ECHO, ClusterTest, SharedClusterTest, metric, resident_bytes, route, sanitized, wait_until

MIB = 1024 * 1024
YEAR_MS = 366 * 24 * 3600 * 1000
GOSSIP_ERRORS = "ringside_gossip_errors_total"


def refused_changes(reason):
    return f'ringside_gossip_refused_changes_total{{reason="{reason}"}}'


def turned_away(reason):
    return f'ringside_peer_connections_refused_total{{reason="{reason}"}}'


def dead_address(i):
    """Of the loopback, where nobody listens."""
    return f"127.77.{i // 250}.{i % 250 + 1}:9"


def claims(count, start=0, **more):
    row = Row("alive", 1_400_000_000_000)
    return [change(dead_address(i), row, "127.77.250.1:9", **more) for i in range(start, start + count)]


class Hostile:
    def dial(self, host):
        wire = tchannel.Wire.dial(host.peer)
        self.addCleanup(wire.close)
        return wire

    def shake(self, host):
        wire = self.dial(host)
        wire.handshake()
        return wire

    def ping(self, host, *changes, **more):
        """-> the code of the answer, or that of the error frame, negative."""
        body = {"source": "127.77.250.1:9", "sourceIncarnationNumber": 1, "checksum": 1, "changes": list(changes), **more}
        return self.ask(host, PING, json.dumps(body).encode())

    def ask(self, host, endpoint, arg3):
        connection = tchannel.Connection.to(host.peer)
        try:
            return connection.call(tchannel.Call(endpoint, arg3=arg3, checksum=tchannel.CRC32), timeout=20).code
        except tchannel.CallError as error:
            return -error.code
        finally:
            connection.close()

    @contextlib.contextmanager
    def counted(self, host, name, at_least, within=5):
        before = metric(host, name)
        yield
        wait_until(lambda: metric(host, name) >= before + at_least, within, f"{name} rises from {before} by {at_least}",
                   [host.daemon])

    @contextlib.contextmanager
    def bounded(self, host, growth):
        before = resident_bytes(host.daemon.pid)
        yield
        after = resident_bytes(host.daemon.pid)
        if not sanitized():
            self.assertLess(after - before, growth, f"{before / MIB:.1f} MiB before, {after / MIB:.1f} MiB after")

    def goes_on(self):
        """The members that are real see each other alive, and each forwards a request to each."""
        hosts = self.cluster.hosts
        real = {host.peer for host in hosts}
        wait_until(lambda: all({m["address"] for m in host.members() if m["status"] == "alive"} >= real for host in hosts), 15,
                   "all see each other alive", [host.daemon for host in hosts])
        for owner in hosts:
            key = next(key for key in map(str, range(200_000)) if hosts[0].owner(key) == owner.name)
            for entry in hosts:
                # The list that a join brings is believed, fakes and all, until these are found dead.
                wait_until(lambda: self.served(entry, key) == (200, owner.name), 15, f"{entry.name} to {owner.name}",
                           [entry.daemon, owner.daemon])

    @staticmethod
    def served(entry, key):
        answer = entry.get(route(key, "/echo"))
        return answer.status, answer["Ringside-Served-By"]


class Bytes(Hostile, SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        for name in "abc":
            cluster.add(name, app_command=ECHO)

    def closed_by_them(self, wire, within):
        """Reads on until ringside hangs up."""
        wire.socket.settimeout(within)
        with contextlib.suppress(ConnectionError):
            while wire.socket.recv(65536):
                pass

    def test_bytes_that_are_no_tchannel_end_the_connection(self):
        host = self.cluster.hosts[0]
        init = tchannel.init_frame(tchannel.init_headers("0.0.0.0:0")).encode()
        nonsense = {
            "random bytes": random.Random(1).randbytes(5000),
            "zeros": bytes(100),
            "an HTTP/1 request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "an init of 64 KiB": struct.pack(">HBxI8x", 65535, tchannel.INIT_REQ, 1),
            "a call instead of an init": tchannel.call_frames(2, tchannel.Call("/health"))[0].encode(),
            "a frame shorter than its header": init + struct.pack(">HBxI8x", 15, tchannel.PING_REQ, 1),
            "an unknown type of frame": init + tchannel.Frame(0x77, 1).encode(),
            "a second init": init + init,
        }
        with self.bounded(host, 8 * MIB):
            for what, data in nonsense.items():
                with self.subTest(what), self.counted(host, GOSSIP_ERRORS, 1):
                    wire = self.dial(host)
                    wire.send(data)
                    self.closed_by_them(wire, 5)
        self.goes_on()

    def test_what_is_begun_and_never_ended_is_given_up_after_5_seconds(self):
        host = self.cluster.hosts[0]
        init = tchannel.init_frame(tchannel.init_headers("0.0.0.0:0")).encode()
        with self.counted(host, GOSSIP_ERRORS, 1, 10), self.counted(host, turned_away("silent"), 3, 10):
            started = time.monotonic()
            for begun in (b"", b"PRI * HTTP/2.0\r\n", init[:40]):
                wire = self.dial(host)
                wire.send(begun)
            half_a_call = self.shake(host)
            half_a_call.send(tchannel.call_frames(2, tchannel.Call(PING, arg3=bytes(200)), size_max=150)[0])
            frame = half_a_call.receive(timeout=10)
            self.assertEqual((frame.type, tchannel.parse_error(frame.payload)[0]), (tchannel.ERROR, tchannel.TIMEOUT))
            self.assertGreater(time.monotonic() - started, 4)
            self.closed_by_them(wire, 10)
        self.goes_on()

    def test_frames_that_are_cut_off_leave_nothing_behind(self):
        host = self.cluster.hosts[0]
        with self.bounded(host, 12 * MIB), self.counted(host, GOSSIP_ERRORS, 200):
            for _ in range(200):
                wire = self.shake(host)
                wire.send(struct.pack(">HBxI8x", 65535, tchannel.CALL_REQ, 2) + bytes(60_000))
                wire.close()
        self.goes_on()

    def test_a_call_without_end_is_refused_when_it_is_too_long(self):
        host = self.cluster.hosts[0]
        with self.bounded(host, 32 * MIB), self.counted(host, GOSSIP_ERRORS, 1):
            wire = self.shake(host)
            first = tchannel.call_frames(2, tchannel.Call(PING, arg3=bytes(100_000), checksum=tchannel.NONE))[0]
            chunk = bytes([1, tchannel.NONE]) + tchannel.text(bytes(65_000), ">H")
            more = tchannel.Frame(tchannel.CALL_REQ_CONTINUE, 2, chunk).encode()
            wire.send(first)
            for _ in range(1000):  # 65 MB: refused after 8 MiB, the rest is skipped
                wire.send(more)
            frame = wire.receive()
            self.assertEqual((frame.type, frame.id), (tchannel.ERROR, 2))
            self.assertEqual(tchannel.parse_error(frame.payload)[0], tchannel.BAD_REQUEST)
            wire.send(*tchannel.call_frames(3, tchannel.Call("/health")))
            self.assertEqual(wire.receive().type, tchannel.CALL_RES)
        self.goes_on()

    def test_http_2_frames_and_http_1_bodies_of_gigabytes_are_refused_by_their_announcement(self):
        host = self.cluster.hosts[0]
        with self.bounded(host, 8 * MIB):
            wire = self.dial(host)
            settings = bytes(3) + b"\x04\x00" + bytes(4)
            wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(1000))
            self.closed_by_them(wire, 5)
            with self.counted(host, "ringside_request_refused_total", 1):
                answer = host.get("/v1/lookup", method="POST", headers={"Content-Length": str(1 << 32)})
                self.assertEqual(answer.status, 413)
        self.goes_on()

    def test_deep_json_is_refused_wherever_it_comes(self):
        host = self.cluster.hosts[0]
        deep = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        with self.bounded(host, 16 * MIB):
            for endpoint, body in ((PING, deep), (JOIN, deep), ("/protocol/ping-req", deep), ("/admin/lookup", b"[" * 5_000_000),
                                   ("/protocol/damp-req", b"[" * 5_000_000), ("/admin/lookup", b"[" + b"1," * 2_000_000 + b"1]")):
                with self.subTest(endpoint), self.counted(host, GOSSIP_ERRORS, 1):
                    self.assertEqual(self.ask(host, endpoint, body), 1)
        self.goes_on()

    def test_a_peer_that_never_reads_is_dropped(self):
        host = self.cluster.hosts[0]
        with self.bounded(host, 64 * MIB), self.counted(host, GOSSIP_ERRORS, 1, 20):
            wire = self.shake(host)
            wire.socket.settimeout(5)
            ask = tchannel.call_frames(2, tchannel.Call("/" * 15_000, checksum=tchannel.NONE))[0].encode()
            with contextlib.suppress(ConnectionError):
                for _ in range(100_000):  # each is answered with as much
                    wire.send(ask)
                self.fail("1.5 GB of answers were kept for it")
        self.goes_on()

    def test_2000_connections_at_once_are_bounded_and_let_the_cluster_work(self):
        host = self.cluster.hosts[0]
        with contextlib.ExitStack() as sockets, self.bounded(host, 32 * MIB), \
                self.counted(host, turned_away("too_many"), 900, 10), self.counted(host, turned_away("silent"), 900, 15):
            for _ in range(2000):
                sockets.enter_context(socket.create_connection(("127.0.0.1", host.peer_port), timeout=5))
            wait_until(lambda: metric(host, "ringside_process_open_fds") > 1000, 5, "most of 1,024 are held", [host.daemon])
            self.goes_on()
        wait_until(lambda: metric(host, "ringside_process_open_fds") < 200, 10, "all are closed", [host.daemon])

    def test_an_incarnation_of_next_year_is_refused(self):
        a, b, _ = self.cluster.hosts
        before = {m["address"]: m for m in a.members()}
        future = int(time.time() * 1000) + YEAR_MS
        with self.counted(a, refused_changes("ahead_of_time"), 3):
            self.ping(a, *[change(address, Row("faulty", future)) for address in (a.peer, b.peer, dead_address(0))])
        self.assertEqual({m["address"]: m for m in a.members()}, before)
        self.goes_on()

    def test_addresses_nobody_can_dial_and_values_of_other_types_are_left_out(self):
        a = self.cluster.hosts[0]
        before = {m["address"] for m in a.members()}
        with self.counted(a, refused_changes("bad_address"), 3):
            self.ping(a, *[change(address, Row("alive", 1)) for address in ("nowhere", "127.77.0.1:0", "x" * 4000)])
        with self.counted(a, refused_changes("malformed"), 2):
            self.ping(a, {"address": dead_address(0), "status": "damped", "incarnationNumber": 1},
                      {"address": dead_address(0), "status": "alive", "incarnationNumber": -1})
        self.assertEqual({m["address"] for m in a.members()}, before)
        self.goes_on()


class FakeMembers(Hostile, ClusterTest):
    CAP = 4096

    def three(self):
        for name in "abc":
            self.cluster.add(name, app_command=ECHO)
        self.cluster.start()
        self.cluster.wait_agreed()
        return self.cluster.hosts

    def test_10_000_in_one_ping_are_refused_whole(self):
        a, b, c = self.three()
        with self.bounded(a, 16 * MIB), self.counted(a, GOSSIP_ERRORS, 1):
            self.assertEqual(self.ping(a, *claims(10_000)), 1)
        self.assertEqual({m["address"] for m in a.members()}, {h.peer for h in (a, b, c)})
        self.goes_on()

    def test_10_000_in_many_pings_are_bounded(self):
        hosts = a, _, _ = self.three()
        with self.bounded(a, 64 * MIB), self.counted(a, refused_changes("too_many_new"), 10_000 - 60):
            for start in range(0, 10_000, 1000):
                self.ping(a, *claims(1000, start))
        for host in hosts:
            self.assertLessEqual(len(host.members()), self.CAP)
        self.goes_on()

    def test_who_fills_the_list_with_the_dead_gives_none_of_them_a_key(self):
        """By pings, by the answer to one, and by the whole list that a full sync asks it for."""
        hosts = a, _, _ = self.three()
        real = {h.name for h in hosts}
        owners = {key: a.owner(key) for key in map(str, range(100))}
        lists = {"answered": 0, "pulled": 0}

        def answer_ping(call):
            lists["answered"] += 1
            body = {"source": liar.address, "sourceIncarnationNumber": 1, "checksum": 1, "changes": claims(200, 1000)}
            return tchannel.Answer(arg3=json.dumps(body).encode())

        def answer_join(call):
            lists["pulled"] += 1
            body = {"app": "ringside", "coordinator": liar.address, "membershipChecksum": 1, "membership": claims(200, 2000)}
            return tchannel.Answer(arg3=json.dumps(body).encode())

        liar = tchannel.Peer({PING: answer_ping, JOIN: answer_join})
        self.addCleanup(liar.stop)
        before = {host.name: metric(host, "ringside_ring_changes_total") for host in hosts}
        own = change(liar.address, Row("alive", int(time.time() * 1000)), liar.address)
        with self.bounded(a, 32 * MIB):
            self.ping(a, own, *claims(50), source=liar.address)
            # Once it has nothing to tell, another checksum than its own makes it ask for our list.
            wait_until(lambda: self.ping(a, source=liar.address) == 0 and all(lists.values()), 30, f"a takes lists: {lists}",
                       [a.daemon])
        wait_until(lambda: len(a.members()) > 400, 10, "the dead stand in the list", [a.daemon])
        named = {dead_address(i) for i in (0, 1000, 2000)}
        for host in hosts:
            wait_until(lambda: named <= {m["address"] for m in host.members()}, 10, f"{host.name} has heard of them", [host.daemon])
            # The liar itself answers, so it has its place.
            self.assertEqual({m["name"] for m in host.ring()["members"]} - {liar.address}, real, host.name)
            self.assertLessEqual(metric(host, "ringside_ring_changes_total") - before[host.name], 2, host.name)
        moved = {key: a.owner(key) for key in owners}
        self.assertEqual({k: o for k, o in moved.items() if o != liar.address},
                         {k: o for k, o in owners.items() if moved[k] != liar.address})

    def test_10_000_in_a_join_answer_are_refused_whole_and_other_seeds_are_asked(self):
        hosts = self.three()

        def tell_stories(call):
            body = {"app": "ringside", "coordinator": liar.address, "membershipChecksum": 1, "membership": claims(10_000)}
            return tchannel.Answer(arg3=json.dumps(body).encode())

        liar = tchannel.Peer({JOIN: tell_stories})
        self.addCleanup(liar.stop)
        newcomer = self.cluster.add("d", app_command=ECHO)
        newcomer.start_app()
        newcomer.seeds = [liar.address, *(h.peer for h in hosts)]
        newcomer.start_daemon()
        self.cluster.wait_ready(newcomer)
        wait_until(lambda: metric(newcomer, GOSSIP_ERRORS) >= 1, 5, "the long answer is refused", [newcomer.daemon])
        self.cluster.wait_agreed()
        self.goes_on()

    def test_a_flood_of_others_that_bear_its_name_drives_nobody_out_of_the_ring(self):
        hosts = a, _, _ = self.three()
        owners = {key: a.owner(key) for key in map(str, range(100))}
        conflicts = metric(a, "ringside_gossip_name_conflicts_total")
        with self.bounded(a, 32 * MIB):
            for start in range(0, 2000, 500):
                namesakes = claims(500, start, labels={"__identity": "a"})
                for ahead, claim in enumerate(namesakes[::2]):
                    claim["incarnationNumber"] = int(time.time() * 1000) + 60_000 + ahead
                self.ping(a, *namesakes)
        self.goes_on()
        # Nobody is there to be in conflict with: none of them has answered.
        self.assertEqual(metric(a, "ringside_gossip_name_conflicts_total"), conflicts)
        for host in hosts:
            self.assertEqual({key: host.owner(key) for key in owners}, owners)


class ThousandMembers(unittest.TestCase):
    """A list of 1,000 members takes several frames, from us and to us."""

    def measured(self, stage, what, act, adopted):
        """Runs act; prints how long it took until adopted(), and what memory has grown. On a machine with nothing else to
        do it is well under a second; the limit here is for a busy one."""
        before = resident_bytes(stage.process.pid)
        started = time.monotonic()
        act()
        wait_until(adopted, 5, what, [stage.process])
        took = time.monotonic() - started
        grown = resident_bytes(stage.process.pid) - before
        print(f"\n    {what}: {took * 1000:.0f} ms, {grown / MIB:+.1f} MiB", end=" ", flush=True)
        return grown

    def test_they_are_synced_both_ways_within_8_mib(self):
        with Stage(1) as stage:
            stage.drain()
            stage.stop_gossip()
            stage.split()
            peer, start, grown = stage.fakes[0], stage.mark(), 0
            for i in range(1000):
                peer.own_rows[dead_address(i)] = Row("alive", 1_400_000_000_000 + i)
            grown += self.measured(stage, "1,000 members pulled from a peer", peer.ping, lambda: len(stage.members()) == 1002)
            stage.joins_expected += 1
            while peer.ping()["changes"]:  # its answers are news of all until all was told; then checksums agree
                pass
            late = dead_address(7)
            peer.own_rows[late].status = "faulty"
            answers = []
            grown += self.measured(stage, "the same list sent and pulled for one that differs",
                                   lambda: answers.append(peer.ping()), lambda: stage.statuses()[late] == "faulty")
            stage.joins_expected += 1
            self.assertEqual(len(answers[0]["changes"]), 1002)
            self.assertEqual(len(stage.got(JOIN, start)), 2)
            if not sanitized():
                self.assertLess(grown, 8 * MIB)
