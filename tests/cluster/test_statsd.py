"""Ringpop's statistics of real daemons, as a StatsD server and a file get them."""
import collections
import re
import socket

from support import ClusterTest, ECHO, free_port, route, run, wait_until

DATAGRAM = re.compile(r"^ringpop\.127_0_0_1_(\d+)\.([A-Za-z.-]+):(\d+(?:\.\d{3})?)\|(c|g|ms)$")
FILE_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z: shop\.a\.([a-zA-Z.-]+):\d+(\.\d{3})?\|(c|g|ms)$")


class Server:
    """Counts what arrives: port of the sender's prefix -> name -> values; and what is no StatsD."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.values = collections.defaultdict(lambda: collections.defaultdict(list))
        self.odd = []

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def read(self):
        while True:
            try:
                datagram = self.socket.recv(65536).decode()
            except BlockingIOError:
                return
            match = DATAGRAM.match(datagram)
            if match:
                port, name, value, kind = match.groups()
                self.values[int(port)][name].append((float(value), kind))
            else:
                self.odd.append(datagram)

    def of(self, host):
        self.read()
        return self.values[host.peer_port]

    def total(self, host, name):
        return sum(value for value, _ in self.of(host)[name])

    def last(self, host, name):
        values = self.of(host)[name]
        return values[-1][0] if values else None


class Statsd(ClusterTest):
    def test_a_server_gets_gossip_membership_ring_and_forwarding_of_two_daemons(self):
        server = Server()
        self.addCleanup(server.socket.close)
        flags = ["--observability-statsd-address", f"localhost:{server.port}", "--gossip-suspect-timeout", "1s",
                 "--gossip-proof-of-death", "false"]  # whoever is killed is to be a suspect first
        a, b = (self.cluster.add(name, app_command=ECHO, flags=flags) for name in "ab")
        self.cluster.start()
        self.cluster.wait_agreed()

        def eventually(what, condition):
            wait_until(condition, 15, what, a.processes())

        for host in (a, b):
            for name in ("ping.send", "ping.recv", "ping", "join.complete", "join", "protocol.delay",
                         "membership-set.alive", "membership-update.alive", "changes.disseminate", "ring.changed",
                         "membership.checksum-periodic", "ring.checksum-periodic", "requestProxy.inflight"):
                eventually(f"{host.name} tells {name}", lambda h=host, n=name: server.of(h)[n])
            eventually("the ring of two", lambda h=host: server.total(h, "ring.server-added") == 2)
            self.assertEqual(server.last(host, "checksum"), int(host.get("/v1/members").json()["checksum"], 16))
            self.assertEqual(server.last(host, "ring.checksum"), int(host.ring()["checksum"], 16))

        # Who starts first asks in vain, and is asked.
        eventually("a join received", lambda: server.total(a, "join.recv") + server.total(b, "join.recv") >= 1)

        key = next(f"k{i}" for i in range(1000) if a.owner(f"k{i}") == "b")
        for _ in range(3):
            self.assertEqual(a.get(route(key, "/echo")).status, 200)
        eventually("three requests forwarded", lambda: server.total(a, "requestProxy.egress") == 3)
        eventually("and received", lambda: server.total(b, "requestProxy.ingress") == 3)

        b.kill()
        for name in ("make-suspect", "make-faulty", "membership-set.faulty", "ring.server-removed"):
            eventually(f"a tells {name}", lambda n=name: server.total(a, n) >= 1)
        self.assertEqual(server.last(a, "num-members"), 1)
        self.assertEqual(server.odd, [])

    def test_a_file_gets_one_line_for_each_under_the_prefix_of_ones_choice(self):
        path = self.folder / "stats"
        a = self.cluster.add("a", app_command=ECHO, flags=["--observability-statsd-file", path,
                                                           "--observability-statsd-prefix", "shop.a"])
        self.cluster.start()
        wait_until(lambda: "ring.checksum-periodic" in path.read_text(), 10, "the 5 s have passed", [a.daemon])
        lines = path.read_text().splitlines()
        for line in lines[:-1]:  # the last one may be half written
            self.assertRegex(line, FILE_LINE)
        self.assertIn("join.complete", {FILE_LINE.match(line)[1] for line in lines[:-1]})

    def test_a_file_that_cannot_be_written_stops_the_start_with_its_reason(self):
        code, out, err = run("agent", "--listen-api", f"127.0.0.1:{free_port()}", "--listen-peer",
                             f"127.0.0.1:{free_port()}", "--observability-statsd-file", self.folder / "no" / "stats")
        self.assertEqual(code, 1, out + err)
        for piece in ("no/stats", "observability.statsd.file", "No such file"):
            self.assertIn(piece, out + err)
