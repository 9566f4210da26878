"""What an operator may tell a node about its cluster: evict, reap, heal, join, and the question whether all agree."""
import signal

from support import ClusterTest, ECHO, fetch, run, wait_until


class Orders(ClusterTest):
    def start(self, names):
        hosts = [self.cluster.add(name, app_command=ECHO, flags=["--gossip-suspect-timeout", "1s"]) for name in names]
        self.cluster.start(hosts)
        self.cluster.wait_agreed(hosts=hosts)
        return hosts

    def verb(self, host, *words):
        return run(*words, "--addr", f"127.0.0.1:{host.api_port}")

    def status(self, asked, name):
        return next((m["status"] for m in asked.members() if m["name"] == name), None)

    def test_the_dead_can_be_forgotten_at_once_and_the_living_come_back(self):
        a, b, c = self.start("abc")
        code, _, err = self.verb(a, "evict", "b")
        self.assertEqual(code, 1)
        self.assertIn("conflict: b is alive", err)
        self.assertEqual(self.verb(a, "evict", "a")[0], 1)
        self.assertEqual(self.verb(a, "evict", "nobody")[0], 4)
        incarnation = next(m["incarnation"] for m in b.members() if m["name"] == "b")
        code, out, err = self.verb(a, "evict", "b", "--force")
        self.assertEqual((code, out), (0, f"evicted {b.peer}; the others are being told\n"), err)
        wait_until(lambda: any(m["name"] == "b" and m["status"] == "alive" and m["incarnation"] > incarnation
                               for m in a.members()), 10, "b has refuted it", [a.daemon, b.daemon])
        self.cluster.wait_agreed()

        for host in (b, c):
            host.daemon.kill(signal.SIGKILL)
        wait_until(lambda: [self.status(a, n) for n in "bc"] == ["faulty"] * 2, 20, "b and c are faulty", [a.daemon])
        self.assertEqual(self.verb(a, "evict", "b")[0], 0)
        self.assertEqual(self.status(a, "b"), "tombstone")
        self.assertEqual(self.verb(a, "reap")[1], "1 faulty member is forgotten\n")
        self.assertEqual(self.status(a, "c"), "tombstone")

    def test_two_clusters_are_joined_by_one_word_and_then_all_agree(self):
        a, b = self.start("ab")
        c = self.cluster.add("c", app_command=ECHO)
        c.start_app()
        c.start_daemon()
        self.cluster.wait_ready(c)
        code, out, _ = self.verb(a, "partitions")
        self.assertEqual(code, 0, out)
        self.assertIn("a, b", out)
        self.assertNotIn("c", out.split("\n")[1].split())
        code, out, err = self.verb(c, "join", a.peer, "127.0.0.1:1")
        self.assertEqual(code, 0, err)
        self.assertIn(f"{a.peer}: joined\n127.0.0.1:1: it did not answer", out)
        self.cluster.wait_agreed()
        answer = fetch(c.api_port, "/v1/partitions").json()
        self.assertEqual((answer["agree"], [g["members"] for g in answer["groups"]], answer["silent"]),
                         (True, [["a", "b", "c"]], []))
        self.assertEqual(self.verb(c, "join", "127.0.0.1:1")[0], 1)
        self.assertEqual(self.verb(c, "heal")[1], "no other partition was found among the seeds\n")

    def test_a_member_that_does_not_answer_is_named(self):
        a, b = self.start("ab")
        b.daemon.kill(signal.SIGSTOP)
        self.addCleanup(b.daemon.kill, signal.SIGCONT)
        answer = a.get("/v1/partitions").json()
        self.assertEqual((answer["silent"], [g["members"] for g in answer["groups"]]), (["b"], [["a"]]))
        for method, path, body in (("POST", "/v1/join", "{}"), ("POST", "/v1/join", '{"peers":["' + 'x","' * 64 + 'x"]}')):
            self.assertEqual(a.get(path, method=method, body=body).status, 400)
        self.assertEqual(a.get("/v1/reap").status, 405)
