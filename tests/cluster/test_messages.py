"""What an operator reads when something is wrong: one message that names the cause and the remedy, and a fixed exit code.

Each row of the tables below is a mistake with the pieces its message must hold: first the cause, last the remedy.
"""
import socket

from support import ClusterTest, ECHO, fetch, free_port, route, run, wait_until

# The file, the exact place of each fault, and pieces of the message about it. All faults are told at once.
BAD_FILE = """\
cluster: shop
gossip:
  suspect_timout: 5s
  period: soon
listen:
  api: [127.0.0.1:7600]
  peer: 127.0.0.1:7600
ring:
  points: 0
"""
BAD_FILE_FAULTS = [
    ("3:3", "suspect_timout", "suspect_timeout"),
    ("4:3", "gossip.period", "soon", "200ms"),
    ("7:3", "listen.peer", "listen.api", "another port"),
    ("9:3", "ring.points", "1 to 10000"),
]
BAD_FLAGS = [
    (["--gosip-period", "1s"], 2, ["--gosip-period", "--gossip-period"]),
    (["--gossip-period", "1 fortnight"], 2, ["gossip", "period", "fortnight", "200ms"]),
    (["--listen-api", "0.0.0.0:0"], 2, ["listen.api", "0.0.0.0:0", "ringside token new", "--insecure"]),
    (["--app-address", "localhost"], 2, ["app.address", "localhost", ":"]),
    (["--name", "127.0.0.1:1"], 2, ["node.name", "127.0.0.1:1"]),
    (["-c", "/nonexistent/ringside.yaml"], 2, ["/nonexistent/ringside.yaml", "No such file"]),
]


class Messages(ClusterTest):
    def test_every_fault_of_a_file_is_told_at_once_with_its_place(self):
        path = self.folder / "ringside.yaml"
        path.write_text(BAD_FILE, encoding="utf-8")
        for verb in ("agent", "validate"):
            code, out, err = run(verb, "-c", path)
            self.assertEqual(code, 2, out + err)
            lines = (out + err).splitlines()
            for fault in BAD_FILE_FAULTS:
                with self.subTest(verb=verb, fault=fault):
                    self.assertTrue(any(all(piece in line for piece in fault) for line in lines), out + err)

    def test_flags_that_are_wrong(self):
        for flags, expected, pieces in BAD_FLAGS:
            with self.subTest(flags=flags):
                code, out, err = run("agent", *flags)
                self.assertEqual(code, expected, out + err)
                for piece in pieces:
                    self.assertIn(piece, out + err)

    def test_a_variable_that_is_wrong(self):
        code, out, err = run("agent", env={"RINGSIDE_GOSSIP_PERIOD": "soon"})
        self.assertEqual(code, 2)
        self.assertIn("RINGSIDE_GOSSIP_PERIOD", out + err)

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for flag, other in (("--listen-api", "--listen-peer"), ("--listen-peer", "--listen-api")):
                with self.subTest(flag=flag):
                    code, out, err = run("agent", flag, f"127.0.0.1:{port}", other, f"127.0.0.1:{free_port()}")
                    self.assertEqual(code, 1, out + err)
                    self.assertIn(f"127.0.0.1:{port}", out + err)
                    self.assertRegex(out + err, "in use|taken")
                    self.assertIn(flag.removeprefix("--").replace("-", "."), out + err)

    def test_a_seed_that_nobody_listens_on(self):
        seed = f"127.0.0.1:{free_port()}"
        host = self.cluster.add("a", app_command=ECHO)
        host.start_app()
        host.seeds = [seed]
        host.start_daemon()
        # Alone is better than nothing: it serves once the first round over its seeds has ended, and says so.
        self.cluster.wait_ready(host)
        wait_until(lambda: seed in host.daemon.log(), 5, "the log names the seed", [host.daemon])
        line = next(line for line in host.daemon.log().splitlines() if seed in line)
        self.assertRegex(line, "refused")
        self.assertIn("join.seeds", host.daemon.log())

    def test_an_app_that_is_dead(self):
        for name in "ab":  # nobody waits for it, and its keys stay
            self.cluster.add(name, app_command=ECHO, flags=["--app-grace", "0s", "--app-health-required", "false"])
        self.cluster.start()
        self.cluster.wait_agreed()
        a, b = self.cluster.hosts
        key = next(f"k{i}" for i in range(1000) if a.owner(f"k{i}") == "b")
        b.app.stop()
        for entry in (a, b):
            with self.subTest(entry=entry.name):
                answer = entry.get(route(key, "/echo"))
                problem = answer.json()
                self.assertEqual((answer.status, answer["Ringside-Error"]), (503, "app_down"), problem)
                self.assertEqual(answer["Content-Type"], "application/problem+json")
                self.assertTrue(answer["Retry-After"])
                self.assertEqual((problem["executed"], problem["owner"], problem["key"]), ("no", "b", key))
                self.assertIn(b.app_address, problem["detail"])
                self.assertIn("app.address", problem["remedy"])

    def test_requests_that_name_nobody_or_nothing(self):
        host = self.cluster.add("a", app_command=ECHO)
        self.cluster.start()
        rows = [
            ("GET", "/v1/members/nobody", 404, "unknown_node", ["nobody"], "ringside members"),
            ("GET", "/cart", 404, "not_found", ["/cart"], "Ringside-Key"),
            ("GET", "/v1/route/", 400, "missing_key", ["names no key"], "Ringside-Key"),
            ("GET", "/v1/route//cart", 400, "bad_key", ["empty"], "1 to 4096 bytes"),
            ("GET", "/v1/lookup", 400, "missing_key", ["?key="], "/v1/lookup/{key}"),
            ("POST", "/v1/ring", 405, "method_not_allowed", ["POST"], "Allow"),
        ]
        for method, path, status, code, cause, remedy in rows:
            with self.subTest(path=path):
                answer = host.get(path, method=method)
                problem = answer.json()
                self.assertEqual((answer.status, answer["Ringside-Error"], problem["code"]), (status, code, code), problem)
                for piece in cause:
                    self.assertIn(piece, problem["detail"])
                self.assertIn(remedy, problem["remedy"])
                self.assertEqual(problem["executed"], "no")

    def test_a_daemon_that_is_not_there(self):
        address = f"http://127.0.0.1:{free_port()}"
        for verb in (["members"], ["lookup", "k"], ["status"], ["health"], ["call", "k", "/"]):
            with self.subTest(verb=verb):
                code, out, err = run(*verb, "--addr", address)
                self.assertEqual(code, 3, out + err)
                self.assertIn(address.removeprefix("http://"), err)
                self.assertRegex(err, "ringside agent|--addr")

    def test_a_verb_that_does_not_exist(self):
        code, out, err = run("membres")
        self.assertEqual(code, 2)
        self.assertIn("members", err)

    def test_an_app_that_answers_too_late_or_not_at_all(self):
        host = self.cluster.add("a", app_command=ECHO, flags=["--forward-timeout", "600ms"])
        self.cluster.start()
        for path, status, code in (("/slow/30", 504, "timeout"), ("/hang-up", 502, "app_error")):
            with self.subTest(path=path):
                answer = host.get(route("k", path), method="POST", body=b"once")
                problem = answer.json()
                self.assertEqual((answer.status, answer["Ringside-Error"], problem["executed"]), (status, code, "maybe"))
                self.assertTrue(problem["remedy"])
        # A POST that may have run is not sent twice.
        self.assertEqual(fetch(host.app_port, "/count").json()["count"], 2)
