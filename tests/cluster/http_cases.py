"""What the tests of HTTP/1 through real daemons share: the case lists of proto/vectors/http1, a client on a raw socket
that knows where replies end, and a cluster of two hosts in front of an app that keeps every byte: host a owns all keys,
host c has no app and sends everything on. On listen.ingress a catch-all route gives every request the same key."""
import json
import re
import socket
import sys

from support import ROOT, SharedClusterTest, free_port

sys.path.insert(0, str(ROOT / "tests" / "support"))
from recorder import OK, Recorder  # noqa: E402,F401

VECTORS = ROOT / "proto" / "vectors" / "http1"
KEY_LINE = b"Ringside-Key: k\r\n"
GOOD = b"POST /before HTTP/1.1\r\nHost: a\r\n" + KEY_LINE + b"Content-Length: 3\r\n\r\nabc"
HOSTS = "a,a:80,[::1]:7"  # what the requests ask for, of either host
PATIENCE = 10  # a bound, not an expectation


def cases(name):
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]


def bytes_of(parts):
    parts = [parts] if isinstance(parts, str) else parts
    return b"".join(part.encode("latin-1") if isinstance(part, str) else part[0].encode("latin-1") * part[1] for part in parts)


def keyed(request):
    """The same with a key, behind the last field of each head: nothing in front of it changes its meaning."""
    start = len(request) - len(request.lstrip(b"\r\n"))
    at = request.find(b"\r\n\r\n", start)
    if at < 0 or request.startswith(b"PRI * HTTP/2.0"):
        return request
    first, rest = request[:at + 2] + KEY_LINE, request[at + 2:]
    return first + rest.replace(b"GET /2 HTTP/1.1\r\n", b"GET /2 HTTP/1.1\r\n" + KEY_LINE)


class Client:
    """A raw connection that knows where replies end."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.ended, self.was_reset = b"", False, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, pieces=1):
        """In so many pieces; what is refused half-way is not read to its end, and that is no error here."""
        size = max(1, -(-len(data) // pieces))
        try:
            for at in range(0, len(data), size):
                self.socket.sendall(data[at:at + size])
        except (BrokenPipeError, ConnectionResetError):
            pass

    def send_cut(self, data):
        self.send(data, len(data) if len(data) <= 4096 else 64)

    def end(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data, self.was_reset = b"", True
        self.buffer += data
        self.ended |= not data
        return not self.ended

    def rest(self):
        while self.more():
            pass
        rest, self.buffer = self.buffer, b""
        return rest

    def until(self, end):
        while end not in self.buffer:
            if not self.more():
                raise EOFError(f"the connection ended behind {self.buffer!r}")
        part, _, self.buffer = self.buffer.partition(end)
        return part + end

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self.more():
                raise EOFError(f"the connection ended behind {self.buffer!r}")
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def reply(self, to_head=False, interim=False):
        """Status, fields (lower-case names), body. Interim replies are passed over unless they are asked for."""
        while True:
            head = self.until(b"\r\n\r\n")
            start, *lines = head.split(b"\r\n")[:-2]
            status = int(re.fullmatch(rb"HTTP/1\.1 ([1-5][0-9][0-9]) .*", start)[1])
            if status >= 200 or interim:
                break
        fields = {}
        for line in lines:
            name, value = line.split(b": ", 1)
            fields.setdefault(name.lower(), []).append(value)
        if to_head or status < 200 or status in (204, 304):
            return status, fields, b""
        if b"content-length" in fields:
            return status, fields, self.exactly(int(fields[b"content-length"][0]))
        if fields.get(b"transfer-encoding") == [b"chunked"]:
            body = b""
            while (size := int(self.until(b"\r\n"), 16)) > 0:
                body += self.exactly(size)
                self.until(b"\r\n")
            while self.until(b"\r\n") != b"\r\n":
                pass
            return status, fields, body
        return status, fields, self.rest()


class HttpCaseTest(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        cls.app = Recorder()
        cls.addClassCleanup(cls.app.close)
        cluster.add("a", app_address=f"127.0.0.1:{cls.app.port}")
        cluster.add("c")
        for host in cluster.hosts:
            host.ingress_port = free_port()
            host.flags += ["--workers", "1", "--security-api-hosts", HOSTS, "--routes", '[{match: "/**", key: k}]',
                           "--listen-ingress", f"127.0.0.1:{host.ingress_port}"]

    def setUp(self):
        super().setUp()
        self.app.reset()

    def each_way(self, listener="api"):
        """The owner itself, and a host that sends everything on to it."""
        for host in self.cluster.hosts:
            yield {"entry": host.name, "listener": listener}, getattr(host, f"{listener}_port")
