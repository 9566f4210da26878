#!/usr/bin/env python3
"""The benchmark of idle connections: `scripts/dev bench idle`.

Many clients connect to one daemon and stay. Some have had one request answered, some have never said anything. What the
daemon's resident set has grown by meanwhile, divided by their number, beside HAProxy and nginx in front of the same app; each
kind of connection meets a fresh daemon. What the kernel holds for a socket is not counted.
"""
import argparse
import pathlib
import resource
import socket
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "lib"))
from cluster import Cluster  # noqa: E402
from processes import free_port, resident_bytes  # noqa: E402
from proxies import Bench  # noqa: E402

LIMIT = 8 * 1024  # bytes that one may cost in a ringside
WARM = 200  # connections before the first measurement: tables and pools that any work needs
REQUEST = (b"GET /cart?items=all HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101\r\n"
           b"Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nCookie: session=0123456789abcdef0123456789abcdef\r\n"
           b"Ringside-Key: user-1\r\n\r\n")


class Daemons:
    """Fresh daemons, one at a time, all before one app."""

    def __init__(self, bench):
        self.bench, self.number = bench, 0
        self.servers = [("a", bench.app["a"])]

    def start(self, kind):
        """Its process and its port."""
        self.number += 1
        return getattr(self, kind)(f"{kind}-{self.number}", free_port())

    def ringside(self, name, _):
        cluster = Cluster(self.bench.build / "ringside", self.bench.folder)
        host = cluster.add(name, app_address=f"127.0.0.1:{self.bench.app['a']}", flags=["--workers", "1"])
        cluster.start()
        return host.daemon, host.api_port

    def haproxy(self, name, port):
        return self.bench.start_haproxy(name, port, self.servers), port

    def nginx(self, name, port):
        return self.bench.start_nginx(name, port, self.servers), port


def ask(connection):
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\na"):  # the app's body is its name
        piece = connection.recv(65536)
        answer += piece
        if not piece or not answer.startswith(b"HTTP/1.1 200"[:len(answer)]):
            sys.exit(f"bench: not answered well: {answer!r}")


def connect(port, count, talk):
    connections = []
    for _ in range(count):
        connections.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        if talk:
            ask(connections[-1])
    return connections


def settled(process, port, talk):
    """Its resident set once every connection has been accepted: the last one is answered, and it takes them in turn."""
    if not talk:
        connect(port, 1, True)[0].close()
    return resident_bytes(process.pid)


def cost(process, port, count, talk):
    """Bytes for each of `count` connections."""
    for connection in connect(port, WARM, True):
        connection.close()
    before = settled(process, port, talk)
    connections = connect(port, count, talk)
    grown = settled(process, port, talk) - before
    for connection in connections:
        connection.settimeout(0)
        try:
            if connection.recv(1) == b"":
                sys.exit("bench: a connection was closed meanwhile")
        except BlockingIOError:
            pass
        connection.close()
    return grown / count


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev bench idle", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="folder of the release build")
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--only", default="haproxy,nginx,ringside", help="comma-separated candidates (default all)")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for the daemons, too
    if hard != resource.RLIM_INFINITY and hard < options.connections + 1000:
        sys.exit(f"bench: {options.connections} connections need {options.connections + 1000} descriptors, the hard limit is {hard}")

    print(f"{options.connections} connections, one thread per daemon; KiB of the daemon's memory for each\n")
    print(f"{'':<12}{'after a request':>16}{'x ringside':>12}{'never used':>16}{'x ringside':>12}")
    costs = {}
    with tempfile.TemporaryDirectory(prefix="ringside-bench-") as folder, Bench(options.build, folder) as bench:
        daemons = Daemons(bench)
        for kind in options.only.split(","):
            costs[kind] = []
            for talk in (True, False):
                process, port = daemons.start(kind)
                costs[kind].append(cost(process, port, options.connections, talk))
                process.stop()
    ours = costs.get("ringside")
    for kind, both in costs.items():
        cells = (f"{each / 1024:>16.2f}{f'{each / own:.2f}' if own else '-':>12}" for each, own in zip(both, ours or (0, 0)))
        print(f"{kind:<12}{''.join(cells)}")
    if ours and max(ours) > LIMIT:
        sys.exit(f"\na ringside's idle connection costs more than {LIMIT // 1024} KiB")


if __name__ == "__main__":
    main()
