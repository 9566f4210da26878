"""The lesser endpoints of ringpop-node's tools on a real daemon: settings, the hosts file, traces, the timing."""
import json
import queue
import sys

from support import ECHO, ROOT, ClusterTest, wait_until

sys.path.insert(0, str(ROOT / "tests" / "support"))
import tchannel  # noqa: E402


class RingpopTools(ClusterTest):
    def setUp(self):
        super().setUp()
        self.reports = queue.Queue()
        self.peer = tchannel.Peer({"/trace/here": self.take_report})
        self.addCleanup(self.peer.stop)

    def take_report(self, call):
        self.reports.put((call.service, dict(call.headers), json.loads(call.arg3)))
        return tchannel.Answer()

    def ask(self, host, endpoint, body=None, code=0):
        arg3 = b"" if body is None else json.dumps(body).encode()
        answer = self.peer.call(host.peer, endpoint, arg3=arg3, service="ringpop")
        self.assertEqual(answer.code, code, answer.arg3)
        return json.loads(answer.arg3)

    def alone(self, *flags):
        host = self.cluster.add("a", app_command=ECHO, flags=flags)
        self.cluster.start()
        return host

    def test_settings_are_told_changed_and_refused(self):
        host = self.alone("--gossip-heal-period", "20s")
        self.assertEqual(self.ask(host, "/admin/config/get", ["TEST_KEY", "discoverProviderHealerPeriod"]),
                         {"TEST_KEY": 100, "discoverProviderHealerPeriod": 20_000})
        self.assertEqual(self.ask(host, "/admin/config/set", {"TEST_KEY": 7, "defaultLogLevel": "debug"}), {"status": "ok"})
        told = self.ask(host, "/admin/config/get")
        self.assertEqual((told["TEST_KEY"], told["defaultLogLevel"]), (7, "debug"))
        refused = self.ask(host, "/admin/config/set", {"TEST_KEY": 8, "maxInflightRequests": 9}, code=1)
        for piece in ("maxInflightRequests", "restart", "forward.in_flight"):
            self.assertIn(piece, refused["message"])
        self.assertEqual(self.ask(host, "/admin/config/get", ["TEST_KEY"]), {"TEST_KEY": 7})

    def test_the_hosts_file_is_replaced(self):
        first, second = self.folder / "first.json", self.folder / "second.json"
        first.write_text("[]")
        a = self.cluster.add("a", app_command=ECHO)
        b = self.cluster.add("b", app_command=ECHO)
        second.write_text(json.dumps([b.peer]))
        for host in (a, b):
            host.start_app()
        a.seeds, b.seeds = [f"file:{first}"], []
        for host in (a, b):
            host.start_daemon()
            self.cluster.wait_ready(host)
        for file, piece in ((self.folder / "none.json", "none.json"), (first, "lists no address")):
            self.assertIn(piece, self.ask(a, "/admin/reload", {"file": str(file)}, code=1)["message"])
        self.assertIn("file", self.ask(a, "/admin/reload", code=1)["message"])
        self.assertIn("join.seeds", self.ask(b, "/admin/reload", {"file": str(second)}, code=1)["message"])
        self.assertEqual(len(a.members()), 1)
        self.assertEqual(self.ask(a, "/admin/reload", {"file": str(second)}), {"status": "ok"})
        self.cluster.wait_agreed()

    def test_a_trace_reports_each_new_checksum_until_it_is_removed(self):
        host = self.alone()
        sink = {"type": "tchannel", "host-port": self.peer.address, "endpoint": "/trace/here"}
        order = {"event": "membership.checksum.update", "sink": sink}
        self.assertIn("expires", self.ask(host, "/trace/add", order, code=1)["message"])
        self.assertEqual(self.ask(host, "/trace/add", order | {"expiresIn": 60_000}), {"status": "ok"})
        self.ask(host, "/trace/add", {"event": "membership.checksum.update", "expiresIn": 60_000,
                                      "sink": {"type": "log", "message": "look-here"}})
        self.ask(host, "/admin/member/leave")
        service, headers, report = self.reports.get(timeout=10)
        self.assertEqual((service, headers["as"], headers["cn"]), ("ringpop", "raw", "ringpop"))
        stats = self.ask(host, "/admin/stats")
        self.assertEqual(report["checksum"], stats["membership"]["checksum"])
        self.assertEqual((report["id"], report["address"]), (host.peer, host.peer))
        self.assertEqual(report["membershipStatusCounts"], {"alive": 0, "suspect": 0, "faulty": 0, "leave": 1, "tombstone": 0})
        wait_until(lambda: "look-here" in host.daemon.log(), 10, "the log has the report", [host.daemon])
        self.assertEqual(self.ask(host, "/trace/remove", order), {"status": "ok"})
        self.ask(host, "/admin/member/join")
        wait_until(lambda: host.daemon.log().count("look-here") == 2, 10, "the log has the next one", [host.daemon])
        self.ask(host, "/health")  # behind the report on the same connection, had there been one
        self.assertTrue(self.reports.empty())

    def test_the_timing_of_the_protocol_is_in_the_statistics(self):
        for name in "ab":
            self.cluster.add(name, app_command=ECHO)
        self.cluster.start()
        self.cluster.wait_agreed()

        def timing():
            return self.ask(self.cluster.hosts[0], "/admin/stats")["protocol"]["timing"]

        # It starts full of the least period; ten pings on the loopback later no trace of it is left.
        wait_until(lambda: timing()["max"] < 150, 15, "ten periods were timed", self.cluster.processes())
        self.assertEqual(set(timing()), {"type", "min", "max", "sum", "variance", "mean", "std_dev", "count", "median", "p75",
                                         "p95", "p99", "p999"})
        self.assertEqual(timing()["count"], 10)
