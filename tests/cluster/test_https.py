"""listen.* at https://: TLS for clients of the API, of the apps and of the telemetry; and the verbs that ask there."""
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess

from support import ECHO, free_port, metric, receiver, route, run, wait_until
from test_certificates import CertificateTest


class Https(CertificateTest):
    def setUp(self):
        super().setUp()
        self.certificate("localhost")
        self.pki = self.folder / "pki"
        self.ports = {}

    def host(self, name, *flags):
        """One that listens at https:// for all kinds of clients; beside it the API of every host of a test is plain."""
        ports = {kind: free_port() for kind in ("api", "ingress", "telemetry")}
        host = self.cluster.add(name, app_command=ECHO, flags=[
            "--listen-api", f"https://127.0.0.1:{ports['api']}", "--listen-ingress", f"https://127.0.0.1:{ports['ingress']}",
            "--listen-telemetry", f"https://127.0.0.1:{ports['telemetry']}",
            "--listen-tls-cert", self.pki / "localhost.pem", "--listen-tls-key", self.pki / "localhost-key.pem", *flags])
        self.ports[name] = ports
        return host

    def context(self):
        return ssl.create_default_context(cafile=self.pki / "ca.pem")

    def ask(self, host, path, kind="api", headers=None, method="GET", body=None):
        port = self.ports[host.name][kind]
        connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=self.context())
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def verb(self, host, *words, ca=True):
        extra = ["--ca-file", self.pki / "ca.pem"] if ca else []
        return run(*words, "--addr", f"https://localhost:{self.ports[host.name]['api']}", *extra)

    def two(self, *flags):
        hosts = [self.host(name, *flags) for name in "ab"]
        self.cluster.start()
        self.cluster.wait_agreed()
        return hosts

    def test_requests_reach_the_owner_and_its_app_hears_that_they_came_over_https(self):
        a, b = self.two()
        for key in (f"k{i}" for i in range(20)):
            for host in (a, b):
                status, headers, body = self.ask(host, "/echo", "ingress", {"Ringside-Key": key})
                said = json.loads(body)
                sent = {name.lower(): value for name, value in said["headers"]}
                self.assertEqual((status, said["app"]), (200, a.owner(key)))
                self.assertEqual(sent["x-forwarded-proto"], "https")
                self.assertEqual(sent["x-forwarded-for"], "127.0.0.1")
                self.assertFalse([name for name in sent if name in ("ringside-secured", "ringside-passport")])
                self.assertEqual(headers["Ringside-Owner"], said["app"])
        plain = json.loads(a.get(route("k1", "/echo")).body)
        self.assertIn(["X-Forwarded-Proto", "http"], plain["headers"])
        self.assertEqual(self.ask(a, "/v1/members")[0], 200)
        self.assertEqual(self.ask(a, "/metrics", "telemetry")[0], 200)
        body = os.urandom(3_000_000)
        self.assertEqual(json.loads(self.ask(a, route("k1", "/echo"), method="POST", body=body)[2])["size"], len(body))
        self.assertEqual(metric(a, "ringside_client_tls_refused_total"), 0)

    def test_http2_is_agreed_on_within_tls(self):
        a, _ = self.two()
        url = f"https://localhost:{self.ports['a']['ingress']}/echo"
        for version, flag in (("2", "--http2"), ("1.1", "--http1.1")):
            done = subprocess.run(["curl", "-sS", flag, "--cacert", self.pki / "ca.pem", "-H", "Ringside-Key: k", "-o", "/dev/null",
                                   "-w", "%{http_version} %{http_code}", url], capture_output=True, text=True, check=False, timeout=20)
            self.assertEqual(done.stdout, f"{version} 200", done.stderr)
        self.assertTrue(a.daemon.running())

    def test_who_speaks_no_tls_there_is_told_so_and_bad_handshakes_are_counted(self):
        a, _ = self.two()
        port = self.ports["a"]["api"]
        for request in (b"GET /v1/members HTTP/1.1\r\nHost: localhost\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
                plain.sendall(request)
                said = plain.makefile("rb").read().decode()
            self.assertIn("400 Bad Request", said)
            self.assertIn("https://", said)
            self.assertNotIn('"members"', said)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as garbage:
            garbage.sendall(b"\x16\x03\x01\x00\x05hello")
            garbage.makefile("rb").read()
        with self.assertRaises(ssl.SSLError):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
                ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")
        wait_until(lambda: metric(a, "ringside_client_tls_refused_total") == 2, 5, "both are counted", [a.daemon])
        self.assertIn("client_tls_refused", a.daemon.log())  # and told of, at most once a second

    def test_a_hello_in_single_bytes_is_understood(self):
        a, _ = self.two()
        context, inward, outward = self.context(), ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(inward, outward, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", self.ports["a"]["api"]), timeout=10) as raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def step(what):
                while True:
                    try:
                        result = what()
                    except ssl.SSLWantReadError:
                        result = None
                    for byte in outward.read():
                        raw.sendall(bytes([byte]))
                    if result is not None:
                        return result
                    inward.write(raw.recv(65536))

            step(lambda: tls.do_handshake() or True)
            step(lambda: tls.write(b"GET /v1/livez HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            self.assertIn(b" 204 ", step(lambda: tls.read(65536)))

    def test_the_verbs_ask_over_tls_and_say_what_is_wrong_with_a_certificate(self):
        a, _ = self.two()
        code, out, err = self.verb(a, "members")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("alive", out)
        self.assertEqual(self.verb(a, "call", "k1", "/echo")[0], 0)
        self.assertEqual(self.verb(a, "events", "--types", "ring-*")[0], 0)
        code, _, err = self.verb(a, "members", ca=False)
        self.assertEqual(code, 3)
        self.assertIn("--ca-file", err)
        port = self.ports["a"]["api"]
        code, _, err = run("members", "--addr", f"https://127.0.0.1:{port}", env={"RINGSIDE_CA_FILE": str(self.pki / "ca.pem")})
        self.assertEqual(code, 3)
        self.assertIn("mismatch", err)
        code, out, _ = run("members", env={"RINGSIDE_CA_FILE": str(self.pki / "ca.pem"), "RINGSIDE_ADDR": f"https://localhost:{port}"})
        self.assertEqual(code, 0)
        code, _, err = run("members", "--addr", f"https://localhost:{port}", "--ca-file", "/nowhere.pem")
        self.assertEqual(code, 2)
        self.assertIn("/nowhere.pem", err)
        code, _, err = run("members", "--addr", f"http://localhost:{port}")
        self.assertEqual(code, 1)
        self.assertIn("https://", err)
        code, _, err = run("members", "--addr", f"https://localhost:{a.api_port}", "--ca-file", self.pki / "ca.pem")
        self.assertEqual(code, 3)
        self.assertIn("TLS", err)

    def test_a_new_certificate_counts_after_a_reload_and_open_connections_go_on(self):
        a = self.host("a")
        self.cluster.start()
        before = self.context().wrap_socket(socket.create_connection(("127.0.0.1", self.ports["a"]["api"]), timeout=10),
                                            server_hostname="localhost")
        old = before.getpeercert()["serialNumber"]
        (self.pki / "localhost.pem").unlink()
        (self.pki / "localhost-key.pem").unlink()
        self.certificate("localhost")
        a.daemon.kill(signal.SIGHUP)

        def serial():
            with socket.create_connection(("127.0.0.1", self.ports["a"]["api"]), timeout=10) as raw, \
                    self.context().wrap_socket(raw, server_hostname="localhost") as tls:
                return tls.getpeercert()["serialNumber"]

        wait_until(lambda: serial() != old, 10, "the new certificate is shown", [a.daemon])
        before.sendall(b"GET /v1/livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b" 204 ", before.recv(65536))
        before.close()
        (self.pki / "localhost.pem").write_text("broken", encoding="utf-8")
        a.daemon.kill(signal.SIGHUP)
        wait_until(lambda: "listen.tls" in a.daemon.log() or "localhost.pem holds no certificate" in a.daemon.log(), 10,
                   "a broken one is refused", [a.daemon])
        self.assertEqual(self.ask(a, "/v1/livez")[0], 204)

    def test_without_its_files_the_daemon_says_what_is_missing(self):
        code, _, err = run("agent", "--name", "x", "--listen-api", "https://127.0.0.1:0", "--listen-peer", "127.0.0.1:0")
        self.assertEqual(code, 2)
        self.assertIn("listen.tls.cert", err)
        code, _, err = run("agent", "--name", "x", "--listen-api", "https://127.0.0.1:0", "--listen-peer", "127.0.0.1:0",
                           "--listen-tls-cert", "/nowhere.pem", "--listen-tls-key", "/nowhere.key")
        self.assertEqual(code, 1)
        self.assertIn("/nowhere.pem", err)


class WebhooksOverTls(CertificateTest):
    def test_a_webhook_at_https_is_told_only_where_the_certificate_is_for_its_name(self):
        self.certificate("localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "pki/localhost.pem", self.folder / "pki/localhost-key.pem")
        told = {"/good": [], "/foreign": []}

        def take(path):
            return receiver(self, lambda headers, body: told[path].append(body) or 204, context).server_port

        good, foreign = take("/good"), take("/foreign")
        hooks = (f'[{{url: "https://localhost:{good}/good", ca_file: {self.folder / "pki/ca.pem"}}},'
                 f' {{url: "https://127.0.0.1:{foreign}/foreign", ca_file: {self.folder / "pki/ca.pem"}}}]')
        a = self.cluster.add("a", app_command=ECHO, flags=["--events-webhooks", hooks])
        self.cluster.start()
        wait_until(lambda: any(b"ring-changed" in body for body in told["/good"]), 10, "the webhook is told of the ring", [a.daemon])
        wait_until(lambda: "webhook_failed" in a.daemon.log(), 10, "the other one is not", [a.daemon])
        self.assertEqual(told["/foreign"], [])
