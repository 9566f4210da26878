"""What a daemon tells of each request: the access log and its formats, Server-Timing, traceparent. Requests enter at a,
whose app says where they came out; b logs in the common format.
"""
import json
import re
import signal
import socket
import shutil
import subprocess
import unittest

from support import BINARY, ECHO, ClusterTest, route, run, wait_until

CUT = b"POST /v1/route/user:1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nonly"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class AccessLog(ClusterTest):
    def start(self, *flags):
        self.log = self.folder / "access.log"
        self.common = self.folder / "common.log"
        self.a = self.cluster.add("a", app_command=ECHO, flags=["--observability-access-log-file", self.log, *flags])
        self.b = self.cluster.add("b", app_command=ECHO, flags=["--observability-access-log-file", self.common,
                                                                "--observability-access-log-format", "common", *flags])
        self.cluster.start()
        self.cluster.wait_agreed()
        self.key_of = {self.a.owner(f"user:{n}"): f"user:{n}" for n in range(50)}

    def lines(self, path=None):
        return (path or self.log).read_text().splitlines()

    def line_of(self, target):
        found = []

        def there():
            found[:] = [each for each in map(json.loads, self.lines()) if each.get("target") == target]
            return found
        wait_until(there, 10, f"a line about {target}", [self.a.daemon])
        self.assertEqual(len(found), 1)
        return found[0]

    def test_a_line_for_each_request_of_a_client(self):
        self.start()
        far = route(self.key_of["b"], "/echo/far?x=1")
        answer = self.a.get(far, method="POST", body=b"hello", headers={"X-Request-Id": "id-1"})
        self.assertEqual(answer.status, 200)
        line = self.line_of(far)
        self.assertRegex(line.pop("ts"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertGreater(line.pop("took_ms"), 0)
        self.assertEqual(line, {"listener": "api", "client": "127.0.0.1", "http": "1.1", "method": "POST",
                                "host": f"127.0.0.1:{self.a.api_port}", "target": far, "status": 200, "bytes_in": 5,
                                "bytes_out": len(answer.body), "owner": "b", "served_by": "b", "hops": 1, "attempts": 1,
                                "request_id": "id-1"})
        self.assertEqual(self.b.get(route(self.key_of["b"], "/echo/near")).status, 200)
        pattern = r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /v1/route/\S+/echo/near HTTP/1\.1" 200 \d+'
        wait_until(lambda: any(re.fullmatch(pattern, each) for each in self.lines(self.common)), 10, "b's line", [self.b.daemon])
        self.assertFalse([each for each in self.lines(self.common) if "/echo/far" in each], "a peer is no client")

        self.a.get("/v1/members?x=2")
        self.assertEqual(self.line_of("/v1/members?x=2")["status"], 200)
        with socket.create_connection(("127.0.0.1", self.a.api_port), 10) as client:
            client.sendall(b"nonsense\r\n\r\n")
            self.assertIn(b"400 Bad Request", client.recv(4096))
        wait_until(lambda: any('"status":400' in each and '"method"' not in each for each in self.lines()), 10, "the 400",
                   [self.a.daemon])
        with socket.create_connection(("127.0.0.1", self.a.api_port), 10) as client:
            client.sendall(CUT)
        self.assertTrue(self.line_of("/v1/route/user:1/x")["cut"])
        if shutil.which("curl"):
            target = route(self.key_of["b"], "/echo/h2")
            subprocess.run(["curl", "-s", "--http2-prior-knowledge", f"http://127.0.0.1:{self.a.api_port}{target}"], check=True,
                           capture_output=True, timeout=30)
            line = self.line_of(target)
            self.assertEqual((line["http"], line["status"], line["served_by"]), ("2", 200, "b"))

    def test_sighup_begins_a_new_file_after_the_old_one_was_moved_away(self):
        self.start()
        self.a.get("/v1/members?n=1")
        self.line_of("/v1/members?n=1")
        old = self.log.rename(self.folder / "access.log.1")
        self.a.get("/v1/members?n=2")
        wait_until(lambda: "?n=2" in old.read_text(), 10, "the old file is still written", [self.a.daemon])
        self.a.daemon.kill(signal.SIGHUP)
        wait_until(lambda: "logs_reopened" in self.a.daemon.log(), 10, "the signal is heard", [self.a.daemon])
        self.a.get("/v1/members?n=3")
        wait_until(self.log.exists, 10, "there is a new file", [self.a.daemon])
        self.line_of("/v1/members?n=3")
        self.assertNotIn("?n=3", old.read_text())

    def test_a_sample_leaves_requests_out(self):
        self.start("--observability-access-log-sample", "10%")
        for n in range(300):
            self.a.get(f"/v1/livez?n={n}")
            self.assertEqual(self.a.get("/v1/route/%zz").status, 400)  # its head was read: a line names it, or there is none
        self.a.daemon.stop()
        self.assertEqual([each for each in self.lines() if "method" not in json.loads(each)], [])
        logged = [each for each in self.lines() if "/v1/livez?n=" in each]
        self.assertTrue(5 <= len(logged) <= 75, len(logged))  # 30 expected, standard deviation 5.2

    def test_a_file_that_cannot_be_opened_is_named(self):
        (self.folder / "file").write_text("no folder")
        code, _, errors = run("agent", "--observability-access-log-file", self.folder / "file" / "log")
        self.assertEqual(code, 1)
        self.assertIn("observability.access_log.file", errors)
        self.assertIn("file/log", errors)

    def test_replies_say_how_long_app_and_members_took(self):
        self.start("--observability-server-timing", "true")
        timing = self.a.get(route(self.key_of["b"], "/echo")).headers.get_all("Server-Timing")
        match = re.fullmatch(r'app;dur=([\d.]+), ringside;desc="b";dur=([\d.]+); ringside;desc="a";dur=([\d.]+)', "; ".join(timing))
        self.assertTrue(match, timing)
        app, b, a = map(float, match.groups())
        self.assertTrue(0 < app <= b <= a, timing)

    def test_a_trace_is_passed_on_or_begun(self):
        self.start("--observability-traceparent", "make")

        def seen(**headers):
            said = self.a.get(route(self.key_of["b"], "/echo"), headers=headers).json()["headers"]
            return {name.lower(): value for name, value in said}.get("traceparent")
        self.assertEqual(seen(traceparent=TRACE), TRACE)
        made = {seen(), seen(), seen(traceparent="nonsense")}
        self.assertEqual(len(made), 3)
        for each in made:
            self.assertRegex(each, r"^00-[0-9a-f]{32}-[0-9a-f]{16}-00$")


if __name__ == "__main__":
    assert BINARY.exists()
    unittest.main()
