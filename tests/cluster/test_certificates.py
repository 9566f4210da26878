"""security.tls.mode: certs. Each member has a certificate for its own name, and speaks for nobody else."""
import json
import socket
import ssl
import subprocess
import sys
import time

from support import ECHO, ROOT, free_port, metric, route, run, wait_until
from test_security import SecurityTest, handshakes

sys.path.insert(0, str(ROOT / "tests" / "support"))
import tchannel  # noqa: E402


class CertificateTest(SecurityTest):
    def setUp(self):
        super().setUp()
        self.authority("pki")

    def authority(self, name):
        (self.folder / name).mkdir()
        self.assertEqual(run("cert", "ca", "--folder", self.folder / name)[0], 0)

    def certificate(self, name, authority="pki"):
        code, _, err = run("cert", "node", name, "--folder", self.folder / authority)
        self.assertEqual(code, 0, err)

    def expired(self, name):
        """A certificate of yesterday for that name."""
        pki = self.folder / "pki"

        def openssl(*words):
            subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pki / f"{name}-key.pem",
                "-out", pki / f"{name}.csr", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
        openssl("x509", "-req", "-in", pki / f"{name}.csr", "-CA", pki / "ca.pem", "-CAkey", pki / "ca-key.pem",
                "-copy_extensions", "copy", "-days", "-1", "-out", pki / f"{name}.pem")
        (pki / f"{name}-key.pem").chmod(0o600)

    def member(self, name, authority="pki", certificate=None):
        """A host with the certificate of its name, or with another's."""
        pki, own = self.folder / authority, certificate or name
        return self.cluster.add(name, app_command=ECHO, flags=[
            "--security-tls-mode", "certs", "--security-tls-ca", pki / "ca.pem", "--security-tls-cert", pki / f"{own}.pem",
            "--security-tls-key", pki / f"{own}-key.pem"])

    def first(self, name="a"):
        self.certificate(name)
        host = self.member(name)
        self.cluster.start()
        return host

    def stranger(self, host, at):
        """One that tries to join that host."""
        host.seeds = [at.peer]
        host.start_app()
        host.start_daemon()


class Ends(CertificateTest):
    def test_a_certificate_that_ends_is_told_of_before_and_after(self):
        for days, event in ((400, None), (3, "certificate_ends_soon"), (-1, "certificate_has_ended")):
            name = f"localhost{days}".replace("-", "m")
            self.expired(name) if days < 0 else self.assertEqual(
                run("cert", "node", name, "--days", str(days), "--folder", self.folder / "pki")[0], 0)
            pki = self.folder / "pki"
            host = self.cluster.add(name, app_command=ECHO, flags=[
                "--listen-telemetry", f"https://127.0.0.1:{free_port()}", "--listen-tls-cert", pki / f"{name}.pem",
                "--listen-tls-key", pki / f"{name}-key.pem"])
            host.start_app()
            host.start_daemon()
            self.cluster.wait_ready(host)
            left = metric(host, "ringside_certificates_end_timestamp_seconds") - time.time()
            self.assertAlmostEqual(left / 86400, days, delta=1.1)
            self.assertEqual("certificate_" in host.daemon.log(), bool(event))
            if event:
                self.assertIn(event, host.daemon.log())
            host.kill()


class Members(CertificateTest):
    def test_members_with_certificates_of_one_authority_gossip_and_forward(self):
        for name in "abc":
            self.certificate(name)
            self.member(name)
        self.cluster.start()
        self.cluster.wait_agreed()
        for i in range(30):
            for host in self.cluster.hosts:
                self.assertEqual(host.get(route(f"k{i}", "/echo")).status, 200)
        for host in self.cluster.hosts:
            self.assertGreater(metric(host, handshakes("accepted")), 0)
            self.assertEqual(metric(host, "ringside_gossip_errors_total"), 0)
            self.assertNotIn("peer_refused", host.daemon.log())

    def test_an_expired_certificate_is_refused_and_both_say_so(self):
        a = self.first()
        self.expired("b")
        b = self.member("b")
        self.stranger(b, a)
        self.told(a, "peer_refused", "certificate has expired", "security.tls.ca")
        self.told(b, "peer_misbehaved", "refused", "security.tls.ca")
        self.assertEqual([m["name"] for m in a.members()], ["a"])

    def test_a_certificate_of_another_authority_is_refused_and_both_say_so(self):
        a = self.first()
        self.authority("other")
        self.certificate("b", "other")
        b = self.member("b", authority="other")
        self.stranger(b, a)
        self.told(b, "peer_misbehaved", "security.tls.ca")
        self.assertEqual([m["name"] for m in a.members()], ["a"])
        # And as a server: who dials it does not take it for a member either.
        a.get("/v1/join", method="POST", body=json.dumps({"peers": [b.peer]}).encode())
        self.told(a, "peer_misbehaved", "security.tls.ca")
        self.assertEqual([m["name"] for m in b.members()], ["b"])

    def test_members_with_a_key_and_members_with_certificates_do_not_mix(self):
        a = self.first()
        b = self.cluster.add("b", app_command=ECHO, flags=["--cluster-key-file", self.key()])
        self.stranger(b, a)
        self.told(a, "peer_refused")
        self.told(b, "peer_misbehaved")
        self.assertEqual([m["name"] for m in a.members()], ["a"])
        self.assertIn("security.cluster_key_file", run("keys", "list", "--addr", a.api_address)[2])

    def test_a_daemon_does_not_start_with_the_certificate_of_another_name(self):
        self.certificate("a")
        b = self.member("b", certificate="a")
        b.start_daemon()
        self.assertEqual(b.daemon.wait(10), 1)
        self.assertIn("ringside cert node b", b.daemon.log())


class Impostor(CertificateTest):
    """Somebody who has the certificate of b, and says what it likes."""

    def setUp(self):
        super().setUp()
        for name in "ab":
            self.certificate(name)
        self.a = self.member("a")
        self.cluster.start()
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"

    def connect(self, announced, protocol="ringside-tchannel"):
        pki = self.folder / "pki"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(pki / "ca.pem")
        context.load_cert_chain(pki / "b.pem", pki / "b-key.pem")
        context.set_alpn_protocols([protocol])
        sock = socket.create_connection(("127.0.0.1", self.a.peer_port), timeout=5)
        wire = tchannel.Wire(context.wrap_socket(sock, server_hostname="b.example"))
        self.addCleanup(wire.close)
        wire.handshake(tchannel.init_headers(announced))
        return wire

    def ping(self, wire, source, name):
        """-> the answer. One thread only: Python's TLS sockets are not for two."""
        now = int(time.time() * 1000)
        body = {"checksum": 1, "source": source, "sourceIncarnationNumber": now, "changes": [
            {"address": source, "status": "alive", "incarnationNumber": now, "source": source, "sourceIncarnationNumber": now,
             "labels": {"__identity": name}}]}
        wire.send(*tchannel.call_frames(2, tchannel.Call("/protocol/ping", b"{}", json.dumps(body).encode(),
                                                         headers={"as": "json", "cn": "ringpop"})))
        assembler = tchannel.Assembler()
        while (frame := wire.receive()) is not None:
            if frame.type == tchannel.CALL_RES and (answer := assembler.feed(frame)) is not None:
                return answer
        raise ConnectionError("hung up")

    def names(self):
        return {m["name"]: m["address"] for m in self.a.members()}

    def refused(self, answer, *pieces):
        self.assertEqual((answer.code, json.loads(answer.arg3)["type"]), (1, "ringside.not-its-name"))
        self.told(self.a, "peer_misbehaved", *pieces)
        self.assertGreater(metric(self.a, "ringside_gossip_errors_total"), 0)
        self.assertEqual(self.names(), {"a": self.a.peer})

    def test_it_may_speak_for_itself(self):
        self.assertEqual(self.ping(self.connect(self.address), self.address, "b").code, 0)
        wait_until(lambda: "b" in self.names(), 5, "b is a member", [self.a.daemon])

    def test_it_may_not_call_itself_by_another_name(self):
        self.refused(self.ping(self.connect(self.address), self.address, "a"), "it speaks for a", "its certificate is for b")
        self.assertEqual(self.a.get("/v1/readyz").status, 204)

    def test_it_may_not_speak_for_another_address(self):
        self.refused(self.ping(self.connect(self.address), "127.0.0.1:1", "b"), "it speaks for 127.0.0.1:1")

    def test_it_may_not_gossip_on_a_connection_for_calls(self):
        self.refused(self.ping(self.connect(self.address, "ringside-calls"), self.address, "a"), "on a connection for calls")

    def test_it_may_not_say_that_it_listens_where_another_member_is(self):
        with self.assertRaises(ConnectionError):
            self.ping(self.connect(self.a.peer), self.a.peer, "b")
        self.told(self.a, "peer_misbehaved", "its certificate is for b")
