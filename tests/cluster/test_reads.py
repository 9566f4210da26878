"""What a node tells of the others and of itself: round trips, versions, scores, digest, features; and a key that all are asked for.
"""
import json
import signal

from support import ECHO, ClusterTest, run, wait_until


class Reads(ClusterTest):
    def start(self, *flags_of_each):
        for name, flags in zip("abc", flags_of_each):
            self.cluster.add(name, app_command=ECHO, flags=flags)
        self.cluster.start()
        wait_until(lambda: all(len(host.ring()["members"]) == len(flags_of_each) for host in self.cluster.hosts), 15,
                   "all are in the ring", self.cluster.processes())
        return self.cluster.hosts

    def verb(self, host, *words):
        return run(*words, "--addr", host.api_address)

    def test_each_member_is_shown_with_its_round_trip_and_its_version_but_itself_without_the_former(self):
        a, b = self.start([], [])
        version = a.get("/v1/self").json()["ringside_version"]

        def known():
            rows = a.members()
            return all(("rtt" in m) != m["self"] and m.get("ringside_version") == version for m in rows) and rows
        for row in wait_until(known, 10, "both are known and measured", self.cluster.processes()):
            self.assertEqual(row["damp_score"], 0)
            if not row["self"]:
                self.assertRegex(row["rtt"], r"^[0-9.]+m?s$")
        code, out, err = self.verb(a, "members", "--wide")
        self.assertEqual(code, 0, err)
        self.assertRegex(out.splitlines()[0], "VERSION +RTT +FLAPS +WEIGHT +INCARNATION")
        self.assertNotIn("VERSION", self.verb(a, "members")[1])
        # What is measured anew wakes nobody who waits for a change.
        index = a.get("/v1/members")["Ringside-Index"]
        self.assertEqual(a.get(f"/v1/members?index={index}&wait=5s", timeout=15)["Ringside-Index"], index)

    def test_equal_settings_have_one_digest_whatever_is_each_ones_own(self):
        a, b, c = self.start(["--node-labels", "zone=eu"], ["--workers", "1"], ["--gossip-suspect-timeout", "6s"])
        selves = [host.get("/v1/self").json() for host in (a, b, c)]
        self.assertEqual(selves[0]["config_digest"], selves[1]["config_digest"])
        self.assertNotEqual(selves[0]["config_digest"], selves[2]["config_digest"])
        self.assertEqual(selves[0]["local_health"], {"score": 0, "max": 3})
        self.assertEqual((selves[0]["features"]["tls"], selves[0]["features"]["damping"]), ("off", "on"))
        out = self.verb(a, "status")[1]
        self.assertIn(f"digest {selves[0]['config_digest']}; ", out)
        self.assertIn("health   0 of 3, good", out)

    def test_all_nodes_are_asked_for_an_owner_and_who_is_silent_is_named(self):
        a, b, c = self.start([], [], [])
        code, out, err = self.verb(a, "lookup", "user:42", "--all-nodes")
        self.assertEqual(code, 0, out + err)
        owner = a.owner("user:42")
        rows = [line.split()[:2] for line in out.splitlines()[1:4]]
        self.assertEqual(rows[0], ["a", owner])  # who was asked comes first
        self.assertEqual(sorted(rows), [[name, owner] for name in "abc"])
        self.assertIn("all that answered name the same owner", out)
        checksum = a.ring()["checksum"]
        rows = [json.loads(line) for line in self.verb(a, "lookup", "user:42", "--all-nodes", "-o", "jsonl")[1].splitlines()]
        self.assertEqual([row["checksum"] for row in rows], [checksum] * 3)
        c.daemon.kill(signal.SIGSTOP)
        code, out, err = self.verb(b, "lookup", "user:42", "--all-nodes")
        c.daemon.kill(signal.SIGCONT)
        self.assertEqual(code, 0, out + err)
        self.assertRegex(out, r"\nc +- +- +failed: no answer within 1s\n")

    def test_nodes_that_do_not_agree_are_told_loudly(self):
        a, b = self.start([], ["--ring-points", "200"])  # nobody should; so that they differ for good
        key = next(key for key in map(str, range(1000)) if a.owner(key) != b.owner(key))
        code, out, err = self.verb(a, "lookup", key, "--all-nodes")
        self.assertEqual(code, 1)
        self.assertIn("THEY DO NOT AGREE", out)
        self.assertIn(f"do not agree on the owner of {key}", err)
        self.assertEqual([line.split()[:2] for line in out.splitlines()[1:3]], [["a", a.owner(key)], ["b", b.owner(key)]])

    def test_lists_are_a_line_for_each_row_with_jsonl(self):
        a, b = self.start([], [])
        names = [json.loads(line)["name"] for line in self.verb(a, "members", "-o", "jsonl")[1].splitlines()]
        self.assertEqual(sorted(names), ["a", "b"])
        for words in (["events"], ["logs"]):
            lines = self.verb(a, *words, "-o", "jsonl")[1].splitlines()
            self.assertTrue(lines)
            self.assertTrue(all(isinstance(json.loads(line), dict) for line in lines), lines)
        texts = [json.loads(line)["line"] for line in self.verb(b, "logs", "-o", "jsonl")[1].splitlines()]
        self.assertTrue(any("agent_listening" in text for text in texts), texts)


class Bench(ClusterTest):
    def test_64_connections_ask_two_hosts_and_all_is_counted(self):
        for name in "ab":
            self.cluster.add(name, app_command=ECHO)
        self.cluster.start()
        self.cluster.wait_agreed()
        host = self.cluster.hosts[0]
        code, out, err = run("bench", "--connections", "64", "--duration", "3s", "--keys", "500", "--path", "/x", "-o", "json",
                             "--addr", host.api_address, timeout=60)
        self.assertEqual(code, 0, out + err)
        done = json.loads(out)
        self.assertEqual(done["failed"], 0)
        self.assertEqual(done["results"], {"200": done["requests"]})
        self.assertGreater(done["requests"], 100)
        self.assertEqual(set(done["owners"]), {"a", "b"})
        self.assertEqual(sum(done["owners"].values()), done["requests"])
        self.assertRegex(err, r"\d+ requests, \d+ a second, 0 failed, [12]s left\n")  # a line now and then

    def test_an_app_that_is_gone_is_a_failure_and_an_exit_of_1(self):
        host = self.cluster.add("a", app_command=ECHO)
        self.cluster.start()
        host.app.kill(signal.SIGKILL)
        host.app.wait()
        wait_until(lambda: host.get("/v1/app").json()["state"] != "up", 10, "it is missed", [host.daemon])
        code, out, err = run("bench", "-c", "4", "--duration", "1s", "--addr", host.api_address, timeout=60)
        self.assertEqual(code, 1, out + err)
        self.assertRegex(out, r"\n(503 \w+|no answer) ")
        host.daemon.kill(signal.SIGKILL)
        host.daemon.wait()
        self.assertEqual(run("bench", "--duration", "1s", "--addr", host.api_address)[0], 3)
