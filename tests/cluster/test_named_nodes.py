"""Requests for the app of a named node, and other wishes of callers, through real daemons; and what apps are told.
Hosts a and b have apps, host c has none and only forwards. Their apps are sent a token."""
import re
import signal
import time
from datetime import datetime, timedelta, timezone

from support import ECHO, ClusterTest, SharedClusterTest, route, run, wait_until

OLD, NEW = "0123456789abcdef0123", "fedcba98765432100123"


def write_token(folder, name, token):
    file = folder / name
    file.write_text(f"# the app's\n{token}\n")
    file.chmod(0o600)
    return file


def seen(answer):
    """Header fields that the app saw, by their names in lower case; each was there once."""
    fields = {}
    for name, value in answer.json()["headers"]:
        assert name.lower() not in fields, f"{name} is there twice"
        fields[name.lower()] = value
    return fields


class NamedNodes(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        token = write_token(cls.shared_folder, "token", OLD)
        flags = ["--app-id", "shop", "--security-app-token-file", token]
        cluster.add("a", app_command=ECHO, flags=flags)
        cluster.add("b", app_command=ECHO, flags=flags)
        cluster.add("c", flags=flags)

    def setUp(self):
        super().setUp()
        self.a, self.b, self.c = self.cluster.hosts
        self.key_of = {name: next(k for k in (f"user:{i}" for i in range(1000)) if self.a.owner(k) == name) for name in "ab"}

    def test_each_app_is_reached_by_name_from_everywhere(self):
        for entry in self.cluster.hosts:
            for host in (self.a, self.b):
                for name in (host.name, host.peer):
                    with self.subTest(entry=entry.name, node=name):
                        answer = entry.get(f"/v1/nodes/{name}/echo/x?y=1", method="PUT", body=b"hello", headers={"X-Mine": "1"})
                        said = answer.json()
                        self.assertEqual((answer.status, said["app"], said["method"], said["path"], said["size"]),
                                         (200, host.name, "PUT", "/echo/x?y=1", 5))
                        self.assertEqual(answer["Ringside-Served-By"], host.name)
                        self.assertEqual(answer["Ringside-Hops"], "0" if entry is host else "1")
                        fields = seen(answer)
                        self.assertEqual((fields["x-mine"], fields["ringside-from"]), ("1", entry.name))
                        self.assertNotIn("ringside-key", fields)
                        self.assertNotIn("ringside-owner-since", fields)

    def test_streams_flow_both_ways(self):
        pieces = [bytes([i % 256]) * (i * 37 % 5000 + 1) for i in range(200)]
        said = self.c.get("/v1/nodes/b/echo", method="POST", body=iter(pieces)).json()
        self.assertEqual(said["size"], sum(map(len, pieces)))
        self.assertEqual(self.c.get("/v1/nodes/b/chunks/300").body, b"".join(bytes([i % 256]) * 1000 for i in range(300)))

    def test_a_name_that_nobody_has_and_a_node_without_an_app(self):
        for entry in self.cluster.hosts:
            answer = entry.get("/v1/nodes/zed/x")
            self.assertEqual((answer.status, answer["Ringside-Error"], answer.json()["executed"]), (404, "unknown_node", "no"))
            answer = entry.get("/v1/nodes/c/x")
            self.assertEqual((answer.status, answer["Ringside-Error"]), (503, "app_down"))

    def test_local_only_and_prefer_local(self):
        for wish, owner, status, app in (("local-only", "a", 200, "a"), ("prefer-local", "b", 200, "a"), ("owner", "b", 200, "b")):
            answer = self.a.get(route(self.key_of[owner], "/echo"), headers={"Ringside-Route": wish})
            self.assertEqual((answer.status, answer.json()["app"]), (status, app), wish)
        refused = self.a.get(route(self.key_of["b"], "/echo"), headers={"Ringside-Route": "local-only"})
        self.assertEqual((refused.status, refused["Ringside-Error"]), (421, "not_owner"))
        self.assertEqual((refused.json()["owner"], refused.json()["executed"]), ("b", "no"))
        away = self.c.get(route(self.key_of["b"], "/echo"), headers={"Ringside-Route": "prefer-local"})
        self.assertEqual((away.status, away.json()["app"]), (200, "b"), "c has no app to prefer")

    def test_checks_and_apps(self):
        for check in ("key", "view", "none"):
            answer = self.a.get(route(self.key_of["b"], "/echo"), headers={"Ringside-Check": check, "Ringside-App": "shop"})
            self.assertEqual((answer.status, answer.json()["app"]), (200, "b"), check)
        other = self.a.get(route(self.key_of["b"], "/echo"), headers={"Ringside-App": "depot"})
        self.assertEqual((other.status, other["Ringside-Error"]), (404, "unknown_app"))
        for field, values in (("Ringside-Route", "owner, local-only, prefer-local"), ("Ringside-Check", "key, view, none")):
            answer = self.a.get(route("k", "/echo"), headers={field: "x"})
            self.assertEqual((answer.status, answer["Ringside-Error"]), (400, "bad_request"))
            self.assertIn(f"{field} is 'x'; it is one of {values}", answer.json()["detail"])

    def test_what_the_app_is_told_and_nothing_a_client_made_up(self):
        forged = {"Ringside-Owner-Since": "1", "Ringside-Deadline": "never", "Ringside-App-Token": "evil", "ringside_app_token": "evil"}
        for entry in self.cluster.hosts:
            for owner in "ab":
                with self.subTest(entry=entry.name, owner=owner):
                    began = datetime.now(timezone.utc)
                    fields = seen(entry.get(route(self.key_of[owner], "/echo"), headers=forged | {"Ringside-Timeout": "3s"}))
                    self.assertEqual(fields["ringside-app-token"], OLD)
                    self.assertNotIn("ringside_app_token", fields)
                    self.assertLessEqual(int(fields["ringside-owner-since"]), time.time() * 1000 + 1)
                    self.assertGreater(int(fields["ringside-owner-since"]), (time.time() - 600) * 1000)
                    self.assertRegex(fields["ringside-deadline"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
                    left = datetime.fromisoformat(fields["ringside-deadline"].replace("Z", "+00:00")) - began
                    self.assertLess(timedelta(seconds=2), left)
                    self.assertLess(left, timedelta(seconds=10))

    def test_the_secret_is_shown_nowhere(self):
        self.assertIn("shop", self.a.get("/v1/app").body.decode())
        for page in ("/v1/config", "/v1/self", "/v1/app", "/v1/logs", "/metrics"):
            self.assertNotIn(OLD, self.a.get(page).body.decode(), page)
        self.assertIn("app_token_file", self.a.get("/v1/config").body.decode())


class Changes(ClusterTest):
    def start(self, **options):
        for name in "ab":
            self.cluster.add(name, app_command=ECHO, **options)
        self.cluster.start()
        self.cluster.wait_agreed()
        return self.cluster.hosts

    def test_nodes_that_drain_and_nodes_that_die(self):
        a, b = self.start(flags=["--drain-notice", "0s"])
        self.assertEqual(run("drain", "--addr", b.api_address)[0], 0)
        wait_until(lambda: a.get("/v1/nodes/b/echo").status == 503, 10, "a has heard that b drains")
        self.assertEqual(a.get("/v1/nodes/b/echo")["Ringside-Error"], "draining")
        self.assertEqual(b.get("/v1/nodes/b/echo").json()["app"], "b", "the node itself is asked at once")
        self.assertEqual(run("drain", "--cancel", "--addr", b.api_address)[0], 0)
        wait_until(lambda: a.get("/v1/nodes/b/echo").status == 200, 10, "a has heard that b is back")
        b.kill()
        answer = a.get("/v1/nodes/b/echo")
        self.assertEqual((answer.status, answer["Ringside-Error"], answer.json()["executed"]), (503, "peer_unreachable", "no"))

    def test_an_app_that_dies_is_said_to_be_down(self):
        a, b = self.start(flags=["--app-grace", "200ms"])
        b.app.kill(signal.SIGKILL)
        b.app.wait()
        wait_until(lambda: a.get("/v1/nodes/b/echo")["Ringside-Error"] == "app_down", 15, "a knows that the app of b is down")
        self.assertEqual(a.get("/v1/nodes/b/echo").json()["executed"], "no")

    def test_what_is_gained_has_a_later_time_than_what_was_kept(self):
        a, b = self.start()
        keys = [f"user:{i}" for i in range(40)]
        owner = {key: a.owner(key) for key in keys}

        def since(key):
            return int(seen(a.get(route(key, "/echo")))["ringside-owner-since"])

        before = {key: since(key) for key in keys}
        b.kill()
        wait_until(lambda: all(a.owner(key) == "a" for key in keys), 15, "a owns all keys")
        for key in keys:
            if owner[key] == "a":
                self.assertEqual(since(key), before[key])
            else:
                self.assertGreater(since(key), before[key])

    def test_a_token_is_changed_without_a_stop_and_a_bad_one_is_refused(self):
        token = write_token(self.folder, "token", OLD)
        a, _ = self.start(flags=["--security-app-token-file", token, "--app-health-path", "/echo"])

        def told():
            return seen(a.get("/v1/local/echo"))["ringside-app-token"]

        self.assertEqual(told(), OLD)
        write_token(self.folder, "token", "short")
        code, _, error = run("reload", "--addr", a.api_address)
        self.assertEqual(code, 1)
        self.assertRegex(error, r"security\.app_token_file: .*its token has 5 bytes")
        self.assertEqual(told(), OLD)
        write_token(self.folder, "token", NEW)
        self.assertEqual(run("reload", "--addr", a.api_address)[0], 0)
        wait_until(lambda: told() == NEW, 5, "the app is sent the new token")
        self.assertIsNone(re.search(f"{OLD}|{NEW}", a.daemon.log()))
