"""Members that talk in TLS, members that must not get in, and who may ask the API for what."""
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys

from support import ClusterTest, ECHO, ROOT, free_port, metric, route, run, wait_until

from load import Load

sys.path.insert(0, str(ROOT / "tests" / "support"))
import tchannel  # noqa: E402


def refused(reason):
    return f'ringside_peer_connections_refused_total{{reason="{reason}"}}'


def handshakes(result):
    return f'ringside_tls_handshakes_total{{result="{result}"}}'


class SecurityTest(ClusterTest):
    def secret(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def key(self, name="ring_key"):
        code, out, err = run("keygen")
        self.assertEqual(code, 0, err)
        return self.secret(name, out)

    def told(self, host, event, *pieces):
        """One line of the log that has the event and all pieces."""
        wait_until(lambda: any(event in line and all(p in line for p in pieces) for line in host.daemon.log().splitlines()),
                   10, f"{host.name} says {event} with {pieces}", [host.daemon])


class Tls(SecurityTest):
    def test_members_with_one_key_gossip_and_forward_in_tls(self):
        key = self.key()
        for name in "abc":
            self.cluster.add(name, app_command=ECHO, flags=["--cluster-key-file", key])
        self.cluster.start()
        self.cluster.wait_agreed()
        a, b, c = self.cluster.hosts
        for i in range(50):
            answer = a.get(route(f"k{i}", "/echo"))
            self.assertEqual(answer.status, 200)
        for host in (a, b, c):
            self.assertGreater(metric(host, handshakes("accepted")), 0)
            self.assertEqual(metric(host, refused("plain")), 0)
            self.assertNotIn("peer_refused", host.daemon.log())
            self.assertNotIn(key.read_text(encoding="utf-8").strip(), host.daemon.log())

    def test_bodies_go_through_whole_both_ways(self):
        key = self.key()
        a, b = [self.cluster.add(name, app_command=ECHO, flags=["--cluster-key-file", key]) for name in "ab"]
        self.cluster.start()
        self.cluster.wait_agreed()
        far = next(f"k{i}" for i in range(1000) if a.owner(f"k{i}") == "b")
        for size in (1, 16 * 1024, 300_000, 5_000_000):
            body = os.urandom(size)
            said = a.get(route(far, "/echo"), method="POST", body=body, timeout=30).json()
            self.assertEqual((said["app"], said["sha256"]), ("b", hashlib.sha256(body).hexdigest()), f"{size} bytes")
            came = a.get(route(far, f"/bytes/{size}"), timeout=30).body
            self.assertEqual(came, (bytes(range(251)) * (size // 251 + 1))[:size])

    def test_a_plain_member_is_refused_by_tls_ones_and_told_what_to_do(self):
        key = self.key()
        a = self.cluster.add("a", app_command=ECHO, flags=["--cluster-key-file", key])
        b = self.cluster.add("b", app_command=ECHO)
        a.start_app()
        b.start_app()
        a.start_daemon()
        self.cluster.wait_ready(a)
        b.seeds = [a.peer]
        b.start_daemon()
        self.told(a, "plain_peer_refused", "security.cluster_key_file")
        self.told(b, "peer_misbehaved", "speaks TLS only", "security.cluster_key_file")
        self.assertGreater(metric(a, refused("plain")), 0)
        self.assertEqual([m["name"] for m in a.members()], ["a"])

    def test_a_tls_member_is_refused_by_plain_ones_and_told_what_to_do(self):
        a = self.cluster.add("a", app_command=ECHO)
        b = self.cluster.add("b", app_command=ECHO, flags=["--cluster-key-file", self.key()])
        a.start_app()
        b.start_app()
        a.start_daemon()
        self.cluster.wait_ready(a)
        b.seeds = [a.peer]
        b.start_daemon()
        self.told(a, "tls_peer_refused", "security.cluster_key_file")
        self.told(b, "peer_misbehaved", "security.cluster_key_file")
        self.assertGreater(metric(a, refused("tls")), 0)
        self.assertEqual([m["name"] for m in a.members()], ["a"])

    def test_a_member_with_another_key_is_refused_and_both_say_so(self):
        a = self.cluster.add("a", app_command=ECHO, flags=["--cluster-key-file", self.key("one")])
        b = self.cluster.add("b", app_command=ECHO, flags=["--cluster-key-file", self.key("other")])
        a.start_app()
        b.start_app()
        a.start_daemon()
        self.cluster.wait_ready(a)
        b.seeds = [a.peer]
        b.start_daemon()
        self.told(a, "peer_refused", "its key id is", "security.cluster_key_file")
        self.told(b, "peer_misbehaved", "refused", "security.cluster_key_file")
        self.assertGreater(metric(a, handshakes("refused")), 0)
        self.assertEqual([m["name"] for m in a.members()], ["a"])

    def test_a_key_is_changed_by_its_file_without_a_failed_request(self):
        old, new = self.key("old").read_text(), self.key("new").read_text()
        files = {}
        for name in "abc":
            files[name] = self.secret(f"key-{name}", old)
            self.cluster.add(name, app_command=ECHO, flags=["--cluster-key-file", files[name]])
        self.cluster.start()
        self.cluster.wait_agreed()
        with Load(lambda key: route(key, "/echo")) as load:
            load.send_forever([(f"k{i}", h) for i in range(30) for h in self.cluster.hosts], 3, pause=0.01)
            for times, text in enumerate((old + new, new + old, new), 1):
                for host in self.cluster.hosts:
                    files[host.name].write_text(text, encoding="utf-8")
                    host.daemon.kill(signal.SIGHUP)
                    wait_until(lambda: host.daemon.log().count("secrets_reloaded") == times, 5, "reloaded", [host.daemon])
            # A member that starts now has the new key only, and gets in.
            late = self.cluster.add("late", app_command=ECHO, flags=["--cluster-key-file", self.secret("key-late", new)])
            late.seeds = [self.cluster.hosts[0].peer]
            late.start_app()
            late.start_daemon()
            self.cluster.wait_ready(late)
            self.cluster.wait_agreed()
            load.finish_soon(0.2)
        self.assertEqual([r for r in load.results if r.status != 200], [])

    def test_a_file_that_went_bad_changes_nothing(self):
        key = self.key()
        a = self.cluster.add("a", app_command=ECHO, flags=["--cluster-key-file", key])
        self.cluster.start()
        key.write_text("nonsense\n", encoding="utf-8")
        a.daemon.kill(signal.SIGHUP)
        self.told(a, "secrets_not_reloaded", "line 1", "ringside keygen")
        self.assertTrue(a.ready())

    def test_a_cluster_moves_to_tls_member_by_member_without_a_failed_request(self):
        key = self.key()
        for name in "abc":
            self.cluster.add(name, app_command=ECHO)
        self.cluster.start()
        self.cluster.wait_agreed()
        with_key = ["--cluster-key-file", key]
        steps = [with_key + ["--security-tls-plain", "dial"], with_key + ["--security-tls-plain", "accept"], with_key]
        with Load(lambda k: route(k, "/echo")) as load:
            for flags in steps:
                for host in self.cluster.hosts:
                    others = [h for h in self.cluster.hosts if h is not host]
                    load.stop_at = None
                    load.send_forever([(f"k{i}", h) for i in range(60) for h in others], 3, pause=0.005)
                    host.daemon.kill(signal.SIGTERM)
                    self.assertEqual(host.daemon.wait(15), 0, host.daemon.tail())
                    host.flags = flags
                    host.start_daemon()
                    self.cluster.wait_ready(host)
                    self.cluster.wait_agreed()
                    load.finish_soon(0.2)
                    for thread in load.threads:
                        thread.join()
        self.assertGreater(len(load.results), 500)
        self.assertEqual([r for r in load.results if r.status != 200], [])
        for host in self.cluster.hosts:
            self.assertGreater(metric(host, handshakes("accepted")), 0)

    def test_a_cluster_moves_to_tls_while_it_runs_without_a_failed_request(self):
        key, files = self.key(), {}
        for name in "abc":
            files[name] = self.secret(f"{name}.yaml", "{}\n")
            self.cluster.add(name, app_command=ECHO, flags=["-c", files[name]])
        self.cluster.start()
        self.cluster.wait_agreed()
        with Load(lambda k: route(k, "/echo")) as load:
            load.send_forever([(f"k{i}", h) for i in range(60) for h in self.cluster.hosts], 3, pause=0.005)
            for times, plain in enumerate(("dial", "accept", "refuse"), 1):
                for host in self.cluster.hosts:
                    files[host.name].write_text(f"security: {{cluster_key_file: {key}, tls: {{plain: {plain}}}}}\n", encoding="utf-8")
                    host.daemon.kill(signal.SIGHUP)
                    wait_until(lambda: host.daemon.log().count(" reloaded ") == times, 5, "reloaded", [host.daemon])
            wait_until(lambda: all(metric(h, handshakes("accepted")) >= 2 for h in self.cluster.hosts), 10,
                       "requests of both others come in TLS", [h.daemon for h in self.cluster.hosts])
            load.finish_soon(3)  # several rounds of gossip, of which a connection that was refused would be missing
        self.assertGreater(len(load.results), 300)
        self.assertEqual([r for r in load.results if r.status != 200], [])
        self.cluster.wait_agreed()
        for host in self.cluster.hosts:
            for event in ("plain_peer_refused", "tls_peer_refused", "peer_refused", "suspect"):
                self.assertNotIn(event, host.daemon.log())

    def test_the_peer_port_survives_silence_garbage_and_floods_inside_tls_records(self):
        key = self.key()
        a, b = [self.cluster.add(name, app_command=ECHO, flags=["--cluster-key-file", key]) for name in "ab"]
        self.cluster.start()
        self.cluster.wait_agreed()
        kept = []
        for i in range(400):
            peer = socket.create_connection(("127.0.0.1", a.peer_port), timeout=5)
            peer.sendall(b"\x16\x03\x01" + (b"\x00\x05hello" if i % 2 else b"\x02\x00"))  # garbage, or half a hello
            kept.append(peer)
        wait_until(lambda: metric(a, handshakes("refused")) >= 200, 15, "garbage is refused", [a.daemon])
        self.assertEqual(b.get(route("k", "/echo")).status, 200)
        for peer in kept:
            peer.close()
        self.assertTrue(a.ready() and b.ready())


class Orders(SecurityTest):
    """What Ringpop's tools may order: anything where all is plain, and nothing over the peer port once members prove themselves."""

    def ask(self, port, endpoint):
        connection = tchannel.Connection.to(f"127.0.0.1:{port}")
        try:
            answer = connection.call(tchannel.Call(endpoint, arg3=b"{}"), timeout=10)
        finally:
            connection.close()
        return answer.code, json.loads(answer.arg3)

    def test_with_tls_orders_are_taken_on_the_tchannel_listener_alone_and_questions_everywhere(self):
        port = free_port()
        a = self.cluster.add("a", app_command=ECHO, flags=["--cluster-key-file", self.key(), "--security-tls-plain", "accept",
                                                           "--listen-tchannel", f"127.0.0.1:{port}"])
        self.cluster.start()
        for endpoint in ("/admin/leave", "/admin/gossip/stop", "/admin/reap", "/admin/config/set", "/admin/reload", "/trace/add"):
            code, said = self.ask(a.peer_port, endpoint)
            self.assertEqual((code, said["type"]), (1, "ringside.forbidden"), endpoint)
        self.assertEqual(self.ask(a.peer_port, "/admin/gossip/status")[0], 0)
        self.assertEqual(self.ask(a.peer_port, "/admin/stats")[0], 0)
        self.assertTrue(a.ready())
        self.assertEqual(self.ask(port, "/admin/reap")[0], 0)


class Networks(SecurityTest):
    def test_connections_from_other_networks_are_closed_and_the_log_says_what_to_do(self):
        a = self.cluster.add("a", app_command=ECHO, flags=["--security-allow-cidrs", "10.0.0.0/8,127.0.0.2"])
        self.cluster.start()
        for source, is_taken in (("127.0.0.2", True), ("127.0.0.3", False)):
            with socket.create_connection(("127.0.0.1", a.peer_port), timeout=10, source_address=(source, 0)) as stranger:
                try:
                    stranger.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
                    said = stranger.recv(4096)
                except ConnectionResetError:
                    said = b""
                self.assertEqual(bool(said), is_taken, source)
        self.assertEqual(metric(a, refused("stranger")), 1)
        self.told(a, "stranger_refused", "127.0.0.3", "security.allow_cidrs")

    def test_members_of_the_networks_find_each_other(self):
        for name in "ab":
            self.cluster.add(name, app_command=ECHO, flags=["--security-allow-cidrs", "127.0.0.0/8"])
        self.cluster.start()
        self.cluster.wait_agreed()


class Files(SecurityTest):
    def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(self):
        key = self.key()
        key.chmod(0o644)
        code, out, err = run("agent", "--name", "a", "--listen-api", "127.0.0.1:0", "--listen-peer", "127.0.0.1:0",
                             "--cluster-key-file", key)
        self.assertEqual(code, 1)
        self.assertIn(f"chmod 0600 {key}", out + err)

    def test_a_peer_port_open_to_others_without_a_key_names_the_command(self):
        code, out, err = run("agent", "--name", "a", "--listen-api", "127.0.0.1:0", "--listen-peer", "0.0.0.0:0")
        self.assertEqual(code, 2)
        for piece in ("listen.peer", "ringside keygen > ring_key", "--cluster-key-file", "--insecure"):
            self.assertIn(piece, out + err)
        key = self.key()
        host = self.cluster.add("b", app_command=ECHO, flags=["--cluster-key-file", key, "--advertise", "127.0.0.1"])
        on_loopback = host.agent_command
        host.agent_command = lambda: [f"0.0.0.0:{host.peer_port}" if part == host.peer else part for part in on_loopback()]
        host.start_app()
        host.start_daemon()
        self.cluster.wait_ready(host)
        self.assertTrue(host.ready())

    def test_insecure_is_said_at_every_start(self):
        host = self.cluster.add("a", app_command=ECHO, flags=["--insecure"])
        self.cluster.start()
        self.told(host, " insecure", "security.cluster_key_file")
        self.assertEqual(metric(host, "ringside_insecure"), 1)


READ, APP, OPS, OLD = "r" * 20, "a" * 20, "o" * 20, "b" * 20


class Tokens(SecurityTest):
    """A node whose API is open to others: 127.0.0.1 counts as any of them."""

    def setUp(self):
        super().setUp()
        self.tokens = self.secret("ring_token", f"# rotation\n{APP}\napp {OLD}\nread {READ}\nops {OPS}\n")
        self.socket = self.folder / "api.sock"
        self.host = self.cluster.add("a", app_command=ECHO, flags=["--api-token-file", self.tokens])
        everywhere = free_port()
        self.host.flags += ["--listen-api", f"0.0.0.0:{everywhere}", "--listen-api", f"unix:{self.socket}"]
        self.host.ready = lambda: self.host.get("/v1/readyz", headers={"Ringside-Token": READ}).status == 204
        self.host.start_app()
        self.host.start_daemon()
        self.host.api_port = everywhere
        wait_until(self.answers_ready, 10, "a is ready", [self.host.daemon])

    def answers_ready(self):
        try:
            return self.host.ready()
        except OSError:
            return False

    def test_each_role_may_what_it_may_and_no_more(self):
        def status(path, token, method="GET"):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return self.host.get(path, method=method, headers=headers, body=b"{}" if method == "POST" else None).status
        lookup = "/v1/lookup"
        for token, expected in ((None, (401,) * 4), ("x" * 20, (401,) * 4), (READ, (200, 403, 403, 403)),
                                (APP, (200, 200, 400, 403)), (OLD, (200, 200, 400, 403)), (OPS, (200, 200, 400, 200))):
            with self.subTest(token=token):
                self.assertEqual((status("/v1/members", token), status(route("k", "/echo"), token),
                                  status(lookup, token, "POST"), status("/v1/reload", token, "POST")), expected)

    def test_a_refusal_names_what_is_missing(self):
        answer = self.host.get("/v1/members")
        self.assertEqual((answer.status, answer["Ringside-Error"], answer["WWW-Authenticate"]), (401, "unauthorized", "Bearer"))
        self.assertIn("--token-file", answer.json()["remedy"])
        answer = self.host.get(route("k"), headers={"Ringside-Token": READ})
        self.assertEqual((answer.status, answer["Ringside-Error"]), (403, "forbidden"))
        self.assertIn("the role app is needed, and this is read", answer.json()["detail"])

    def test_tokens_never_reach_the_app(self):
        for headers in ({"Authorization": f"bearer {APP}"}, {"Ringside-Token": APP},
                        {"Ringside-Token": APP, "Authorization": "Bearer the-apps-own"}):
            answer = self.host.get(route("k", "/echo"), headers=headers)
            self.assertEqual(answer.status, 200)
            self.assertNotIn(APP, answer.body.decode())
            self.assertEqual("the-apps-own" in answer.body.decode(), "the-apps-own" in str(headers))

    def test_a_token_waives_the_check_of_the_host_name(self):
        self.assertEqual(self.host.get("/v1/ring", headers={"Host": "elsewhere.example", "Ringside-Token": READ}).status, 200)
        self.assertEqual(self.host.get("/v1/ring", headers={"Host": "elsewhere.example"}).status, 421)

    def test_a_token_is_changed_by_its_file(self):
        self.secret("ring_token", f"app {OLD}\n")
        self.host.daemon.kill(signal.SIGHUP)
        wait_until(lambda: "secrets_reloaded" in self.host.daemon.log(), 5, "reloaded", [self.host.daemon])
        self.assertEqual(self.host.get("/v1/ring", headers={"Ringside-Token": APP}).status, 401)
        self.assertEqual(self.host.get("/v1/ring", headers={"Ringside-Token": OLD}).status, 200)

    def test_the_unix_socket_knows_our_user_and_the_command_line_takes_a_token_file(self):
        self.assertEqual(run("health", "--addr", f"unix:{self.socket}")[0], 0)
        self.assertEqual(os.stat(self.socket).st_mode & 0o777, 0o660)
        self.assertEqual(run("reload", "--addr", f"unix:{self.socket}")[0], 0)  # an order of the role ops, without a token
        if os.geteuid() == 0:  # whoever of the group uses it as another user is an app
            self.folder.chmod(0o750)
            other = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "--unix-socket",
                                    str(self.socket), "http://localhost/v1/reload"], capture_output=True, text=True, check=False,
                                   timeout=20, user=65534, group=os.getegid())
            self.assertEqual(other.stdout, "403")
        at = ["--addr", f"127.0.0.1:{self.host.api_port}"]
        code, _, err = run("members", *at)
        self.assertEqual(code, 1)
        self.assertIn("--token-file", err)
        self.assertEqual(run("members", *at, "--token-file", self.tokens)[0], 0)
        self.assertEqual(run("members", *at, env={"RINGSIDE_API_TOKEN_FILE": str(self.tokens)})[0], 0)
        self.assertEqual(run("call", "k", "/echo", *at, "--token-file", self.tokens)[0], 0)

    def test_no_token_stands_in_log_or_settings(self):
        shown = run("config", "show", "--api-token-file", self.tokens)[1]
        self.assertIn(str(self.tokens), shown)
        for text in (shown, self.host.daemon.log()):
            for token in (READ, APP, OPS, OLD):
                self.assertNotIn(token, text)

    def test_an_api_open_to_others_without_tokens_names_the_command(self):
        code, out, err = run("agent", "--name", "b", "--listen-api", "0.0.0.0:0", "--listen-peer", "127.0.0.1:0")
        self.assertEqual(code, 2)
        for piece in ("listen.api", "ringside token new > ring_token", "--api-token-file", "--insecure"):
            self.assertIn(piece, out + err)
