"""The cluster's keys, changed on all members from one of them; and what stands in the way of a change."""
import json
import re
import signal
import subprocess
import sys
import time

from support import ECHO, ROOT, free_port, metric, route, run, wait_until
from test_security import SecurityTest, handshakes

from load import Load

sys.path.insert(0, str(ROOT / "tests" / "support"))
import tchannel  # noqa: E402


class KeyringTest(SecurityTest):
    def member(self, name, key, *flags, data=True):
        """A host with a key file and a folder of its own."""
        own = ["--node-data-dir", self.folder / f"data-{name}"] if data else []
        return self.cluster.add(name, app_command=ECHO, flags=["--cluster-key-file", key, *own, *flags])

    def members(self, names, key, *flags):
        hosts = [self.member(name, key, *flags) for name in names]
        self.cluster.start()
        self.cluster.wait_agreed()
        return hosts

    def late(self, host):
        host.seeds = [self.cluster.hosts[0].peer]
        host.start_app()
        host.start_daemon()
        self.cluster.wait_ready(host)
        self.cluster.wait_agreed()

    def restart(self, host):
        host.daemon.kill(signal.SIGTERM)
        self.assertEqual(host.daemon.wait(15), 0, host.daemon.tail())
        host.start_daemon()
        self.cluster.wait_ready(host)
        self.cluster.wait_agreed()

    def keys(self, host, *words, code=0):
        """The verb; -> what it prints, and its complaint."""
        got, out, err = run("keys", *words, "--addr", host.api_address)
        self.assertEqual(got, code, out + err)
        return out, err

    def rows(self, host, status=200):
        answer = host.get("/v1/keyring")
        self.assertEqual(answer.status, status, answer.body)
        return {row["name"]: row for row in answer.json()["nodes"]}

    def id_of(self, host):
        return self.rows(host)[host.name]["primary"]

    def install(self, host, key, code=0):
        """-> the id that it has."""
        before = set(self.rows(host)[host.name]["keys"])
        self.keys(host, "install", key, code=code)
        return next(iter(set(self.rows(host)[host.name]["keys"]) - before), None)

    def digits(self, *keys):
        return [key.read_text(encoding="utf-8").strip() for key in keys]


class Rotation(KeyringTest):
    def test_a_key_is_rotated_from_one_member_without_a_failed_request(self):
        old, new = self.key("old"), self.key("new")
        a, b, c = self.members("abc", old)
        old_id = self.id_of(a)
        with Load(lambda key: route(key, "/echo")) as load:
            load.send_forever([(f"k{i}", host) for i in range(30) for host in (a, b, c)], 3, pause=0.01)
            self.some_more(load)
            new_id = self.install(a, new)
            self.some_more(load)
            self.assertEqual({row["primary"] for row in self.rows(c).values()}, {old_id})
            out, _ = self.keys(b, "use", new_id)
            self.assertEqual([line.split() for line in out.splitlines()[1:]],
                             [[name, new_id, f"{new_id},", old_id] for name in "abc"])
            self.some_more(load)
            out, _ = self.keys(c, "remove", old_id)
            self.assertNotIn(old_id, out)
            # Whoever starts now needs the new key only; who has the old one in its file has kept the new one.
            self.late(self.member("late", new))
            self.some_more(load)
            load.finish_soon(0.2)
        self.assertEqual([r for r in load.results if r.status != 200], [])
        self.restart(b)
        self.told(b, "keyring_restored")
        self.assertEqual({row["primary"] for row in self.rows(b).values()}, {new_id})
        self.assertEqual({tuple(row["keys"]) for row in self.rows(b).values()}, {(new_id,)})
        self.assertEqual(metric(b, "ringside_cluster_keys"), 1)
        self.no_secret((a, b, c), self.digits(old, new))

    def some_more(self, load):
        """Requests begin and end between two steps."""
        before = len(load.results)
        wait_until(lambda: len(load.results) > before + 30, 10, "requests go on")

    def no_secret(self, hosts, secrets):
        seen = [host.daemon.log() for host in hosts] + [host.get("/v1/config").body.decode() for host in hosts]
        seen += [host.get("/v1/keyring").body.decode() for host in hosts] + [host.get("/metrics").body.decode() for host in hosts]
        seen.append(subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout)
        for text in seen:
            for secret in secrets:
                self.assertNotIn(secret, text)

    def test_a_rotation_goes_over_tls_while_members_still_dial_plain(self):
        old, new = self.key("old"), self.key("new")
        a, b = self.members("ab", old, "--security-tls-plain", "dial")
        self.assertEqual(metric(b, handshakes("accepted")), 0)
        new_id = self.install(a, new)
        self.assertGreater(metric(b, handshakes("accepted")), 0)
        self.assertIn(new_id, self.rows(a)["b"]["keys"])

    def test_the_keys_are_kept_for_this_user_alone(self):
        a, = self.members("a", self.key("old"))
        self.install(a, self.key("new"))
        folder = self.folder / "data-a"
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual({file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}, {"keyring": 0o600, "lock": 0o600})

    def test_an_installation_is_asked_again_for_a_member_that_was_away(self):
        old, new = self.key("old"), self.key("new")
        a, b = self.members("ab", old)
        b.daemon.kill(signal.SIGTERM)
        b.daemon.wait(15)
        new_id = self.install(a, new)
        b.start_daemon()
        self.cluster.wait_ready(b)
        self.cluster.wait_agreed()
        _, err = self.keys(a, "use", new_id, code=1)
        self.assertIn("b lacks it; install it again", err)
        self.keys(a, "install", new)
        self.keys(a, "use", new_id)

    def test_a_key_file_that_is_edited_counts_again(self):
        file, new, third = self.key("file"), self.key("new"), self.key("third")
        a, = self.members("a", file)
        old_id, kept = self.id_of(a), self.folder / "data-a" / "keyring"
        new_id = self.install(a, new)
        self.keys(a, "use", new_id)
        run("reload", "--addr", a.api_address)
        self.assertEqual(self.id_of(a), new_id)  # the file is the one that it was
        before = file.read_text(encoding="utf-8")
        file.write_text(third.read_text(encoding="utf-8"), encoding="utf-8")
        run("reload", "--addr", a.api_address)
        self.told(a, "keyring_replaced")
        self.assertNotIn(self.id_of(a), (old_id, new_id))
        self.assertFalse(kept.exists())
        file.write_text(before, encoding="utf-8")
        run("reload", "--addr", a.api_address)
        self.assertEqual(self.rows(a)["a"]["keys"], [old_id])


class Refusals(KeyringTest):
    def test_a_key_in_use_is_not_removed_and_one_that_a_member_lacks_is_not_used(self):
        old, new = self.key("old"), self.key("new")
        a, b = self.member("a", old), self.member("b", old, data=False)
        self.cluster.start()
        self.cluster.wait_agreed()
        old_id = self.id_of(a)
        _, err = self.keys(a, "remove", old_id, code=1)
        for name in "ab":
            self.assertIn(f"{name} dials with it", err)
        out, _ = self.keys(a, "install", new, code=1)
        self.assertRegex(out, r"\nb +- +failed: it has no node.data_dir")
        self.assertEqual(self.rows(b)["b"]["keys"], [old_id])
        new_id = self.rows(a)["a"]["keys"][1]
        answer = a.get("/v1/keyring/primary", method="PUT", body=json.dumps({"id": new_id}).encode())
        self.assertEqual((answer.status, answer["Ringside-Error"]), (409, "keys_refused"))
        self.assertEqual(answer.json()["errors"], ["b lacks it; install it again"])
        self.assertEqual(self.id_of(a), old_id)

    def test_a_member_that_does_not_answer_stands_in_the_way_of_a_removal(self):
        old, new = self.key("old"), self.key("new")
        a, b, c = self.members("abc", old, "--gossip-suspect-timeout", "30s", "--gossip-proof-of-death", "false")
        old_id, new_id = self.id_of(a), self.install(a, new)
        self.keys(a, "use", new_id)
        c.daemon.kill(signal.SIGSTOP)
        try:
            _, err = self.keys(a, "remove", old_id, code=1)
        finally:
            c.daemon.kill(signal.SIGCONT)
        self.assertIn("c: nobody knows which keys it has", err)
        self.assertEqual(self.rows(b)["b"]["keys"], [new_id, old_id])

    def test_the_ninth_key_is_refused_with_the_way_out(self):
        a, = self.members("a", self.key("k0"))
        for i in range(1, 8):
            self.install(a, self.key(f"k{i}"))
        _, err = self.keys(a, "install", self.key("k8"), code=1)
        self.assertIn("8 keys", err)
        self.assertIn("remove one first", err)

    def test_members_without_a_cluster_key_say_so(self):
        a = self.cluster.add("a", app_command=ECHO)
        self.cluster.start()
        _, err = self.keys(a, "list", code=1)
        self.assertIn("security.cluster_key_file", err)

    def test_what_is_no_key_is_refused_and_not_repeated(self):
        a, = self.members("a", self.key("old"))
        for text in ("nonsense-that-is-secret\n", "", self.key("x").read_text() + self.key("y").read_text()):
            _, err = self.keys(a, "install", self.secret("bad", text), code=1)
            self.assertIn(str(self.folder / "bad"), err)
            self.assertNotIn("secret", err.replace(str(self.folder / "bad"), ""))
        readable = self.key("readable")
        readable.chmod(0o644)
        self.assertIn(f"chmod 0600 {readable}", self.keys(a, "install", readable, code=1)[1])
        self.assertEqual(run("keys", "install")[0], 2)
        self.assertEqual(run("keys", "burn", "it")[0], 2)

    def test_a_key_is_not_sent_where_others_could_read_it(self):
        new, port = self.key("new"), free_port()
        a = self.member("a", self.key("old"), "--insecure", "--listen-api", f"0.0.0.0:{port}")
        self.cluster.start()
        code, _, err = run("keys", "install", new, "--addr", "192.0.2.1:7600")
        self.assertEqual(code, 2)
        self.assertIn("on its way", err)
        body = json.dumps({"key": self.digits(new)[0]}).encode()
        a.api_port, own = port, a.api_port
        refused = a.get("/v1/keyring", method="POST", body=body)
        self.assertEqual((refused.status, refused["Ringside-Error"]), (403, "forbidden"))
        a.api_port = own
        self.assertEqual(a.get("/v1/keyring", method="POST", body=body).status, 200)

    def test_only_operators_see_or_change_the_keyring(self):
        ops, app = "o" * 20, "a" * 20
        tokens = self.secret("tokens", f"ops {ops}\n{app}\n")
        a, = self.members("a", self.key("old"), "--api-token-file", tokens)
        old_id = self.key_ids(a, ops)[0]
        for method, path, body in (("GET", "/v1/keyring", None), ("POST", "/v1/keyring", b"{}"), ("DELETE", f"/v1/keyring/{old_id}", None),
                                   ("PUT", "/v1/keyring/primary", b"{}")):
            self.assertEqual(a.get(path, method=method, body=body, headers={"Ringside-Token": app}).status, 403)
            self.assertIn(a.get(path, method=method, body=body, headers={"Ringside-Token": ops}).status, (200, 400, 409))

    def key_ids(self, host, token):
        return host.get("/v1/keyring", headers={"Ringside-Token": token}).json()["nodes"][0]["keys"]

    def test_members_answer_for_their_keys_over_tls_only(self):
        a, = self.members("a", self.key("old"), "--security-tls-plain", "accept")
        plain = tchannel.Connection.to(a.peer)
        self.addCleanup(plain.close)
        answer = plain.call(tchannel.Call("/keyring", b"{}", b'{"verb":"list"}', service="ringside", headers={"as": "json", "cn": "x"}))
        self.assertEqual(answer.code, 1)
        self.assertIn("TLS", json.loads(answer.arg3)["message"])

    def test_ringpop_nodes_are_listed_as_no_ringside_and_stand_in_the_way_of_nothing(self):
        a, = self.members("a", self.key("old"), "--security-tls-plain", "dial")
        ringpop = tchannel.Peer(language="go")
        self.addCleanup(ringpop.stop)
        now = int(time.time() * 1000)
        me = {"address": ringpop.address, "status": "alive", "incarnationNumber": now, "source": ringpop.address,
              "sourceIncarnationNumber": now}
        self.assertEqual(ringpop.call(a.peer, "/protocol/ping", arg3=json.dumps({
            "checksum": 1, "source": ringpop.address, "sourceIncarnationNumber": now, "changes": [me]}).encode()).code, 0)
        wait_until(lambda: len(a.members()) == 2, 5, "the Ringpop node is a member", [a.daemon])
        row = self.rows(a, status=207)[ringpop.address]
        self.assertEqual((row["ok"], row["reason"]), (False, "not a ringside"))
        out, _ = self.keys(a, "install", self.key("new"), code=1)
        new_id = re.search(r"^a +\w+ +\w+, (\w+)$", out, re.MULTILINE)[1]
        self.keys(a, "use", new_id, code=1)
        self.assertEqual(self.rows(a, status=207)["a"]["primary"], new_id)


class Folder(KeyringTest):
    def start_fails(self, host):
        host.start_daemon()
        self.assertEqual(host.daemon.wait(10), 1)
        return host.daemon.log()

    def test_two_daemons_do_not_share_a_folder(self):
        key = self.key()
        a, = self.members("a", key)
        b = self.cluster.add("b", flags=["--cluster-key-file", key, "--node-data-dir", self.folder / "data-a"])
        self.assertIn("another ringside uses", self.start_fails(b))
        self.assertTrue(a.ready())

    def test_a_folder_that_cannot_be_made_is_named(self):
        b = self.cluster.add("b", flags=["--node-data-dir", self.folder / "no" / "such"])
        self.assertIn("node.data_dir: cannot make", self.start_fails(b))

    def test_kept_keys_that_were_damaged_stop_the_start_and_name_the_way_out(self):
        a, = self.members("a", self.key("old"))
        new = self.key("new")
        self.install(a, new)
        kept = self.folder / "data-a" / "keyring"
        a.daemon.kill(signal.SIGTERM)
        a.daemon.wait(15)
        kept.write_text(kept.read_text(encoding="utf-8")[:-20], encoding="utf-8")
        log = self.start_fails(a)
        self.assertIn(str(kept), log)
        self.assertIn("security.cluster_key_file are used", log)
        self.assertNotIn(self.digits(new)[0], log)
        kept.unlink()
        a.start_daemon()
        self.cluster.wait_ready(a)
