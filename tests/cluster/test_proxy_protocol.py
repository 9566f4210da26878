"""ingress.proxy_protocol: load balancers that pass on bytes say who their client is, in front of HTTP and of TLS."""
import json
import socket
import ssl

from support import ECHO, free_port, metric, wait_until
from test_certificates import CertificateTest

REQUEST = b"GET /echo HTTP/1.1\r\nHost: shop\r\nRingside-Key: k\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n"
VERSION_1 = b"PROXY TCP4 203.0.113.9 10.0.0.1 12345 443\r\n"
START = b"\r\n\r\n\0\r\nQUIT\n"
VERSION_2 = START + b"\x21\x11\0\x0c" + bytes([203, 0, 113, 9, 10, 0, 0, 1, 0x30, 0x39, 1, 0xbb])
VERSION_2_V6 = START + b"\x21\x21\0\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::7") + bytes(16) + b"\x30\x39\x01\xbb"
LOCAL = START + b"\x20\x00\0\0"


class ProxyProtocol(CertificateTest):
    def setUp(self):
        super().setUp()
        self.certificate("localhost")
        pki = self.folder / "pki"
        self.plain, self.secured = free_port(), free_port()
        self.a = self.cluster.add("a", app_command=ECHO, flags=[
            "--listen-ingress", f"127.0.0.1:{self.plain},https://127.0.0.1:{self.secured}",
            "--listen-tls-cert", pki / "localhost.pem", "--listen-tls-key", pki / "localhost-key.pem",
            "--ingress-trusted", "127.0.0.1", "--ingress-proxy-protocol", "true"])
        self.cluster.start()

    def send(self, pieces, source="127.0.0.1", port=None):
        with socket.create_connection(("127.0.0.1", port or self.plain), timeout=10, source_address=(source, 0)) as raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                raw.sendall(piece)
            return raw.makefile("rb").read()

    def said(self, reply):
        """What the app was told of the way."""
        head, _, body = reply.partition(b"\r\n\r\n")
        self.assertIn(b" 200 ", head.split(b"\r\n")[0])
        headers = {name.lower(): value for name, value in json.loads(body)["headers"]}
        return headers["x-forwarded-for"], headers["x-forwarded-proto"]

    def test_the_app_hears_of_the_client_that_the_load_balancer_names(self):
        for header, client in ((VERSION_1, "203.0.113.9"), (VERSION_2, "203.0.113.9"), (VERSION_2_V6, "2001:db8::7")):
            self.assertEqual(self.said(self.send([header + REQUEST])), (client, "http"))
            self.assertEqual(self.said(self.send([bytes([b]) for b in header + REQUEST])), (client, "http"))

    def test_a_load_balancer_that_speaks_for_itself_is_itself_and_trusted(self):
        self.assertEqual(self.said(self.send([LOCAL + REQUEST])), ("6.6.6.6, 127.0.0.1", "http"))

    def test_whom_the_load_balancer_does_not_name_nobody_believes(self):
        for header in (b"PROXY UNKNOWN\r\n", START + b"\x21\x00\0\0", START + b"\x21\x31\0\xd8" + bytes(216)):
            self.assertEqual(self.said(self.send([header + REQUEST])), ("unknown", "http"))

    def test_others_come_without_a_header(self):
        self.assertEqual(self.said(self.send([REQUEST], source="127.0.0.2")), ("127.0.0.2", "http"))
        self.assertIn(b" 400 ", self.send([VERSION_1 + REQUEST], source="127.0.0.2"))

    def test_without_a_good_header_a_trusted_connection_is_closed_and_the_log_says_why(self):
        self.assertEqual(self.send([REQUEST]), b"")
        self.assertEqual(self.send([START + b"\x31\x11\0\0"]), b"")
        wait_until(lambda: "proxy_header_refused" in self.a.daemon.log(), 5, "it is told", [self.a.daemon])
        self.assertEqual(metric(self.a, "ringside_client_proxy_headers_refused_total"), 2)

    def test_the_header_stands_before_tls(self):
        context = ssl.create_default_context(cafile=self.folder / "pki" / "ca.pem")
        for header in (VERSION_1, VERSION_2):
            with socket.create_connection(("127.0.0.1", self.secured), timeout=10) as raw:
                raw.sendall(header)
                with context.wrap_socket(raw, server_hostname="localhost") as tls:
                    tls.sendall(REQUEST)
                    reply = b""
                    while piece := tls.recv(65536):
                        reply += piece
            self.assertEqual(self.said(reply), ("203.0.113.9", "https"))
