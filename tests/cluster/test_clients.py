"""Clients that people have, through two ringsides: curl with all it can do, h2load, Python's http.client, node's fetch.
Requests enter at host a, which has no app. (What curl does over HTTP/2 for apps of either kind is in test_http2.py.)
"""
import hashlib
import http.client
import json
import os
import re
import shutil
import subprocess
import unittest

from support import ECHO, ROOT, SharedClusterTest, metric, route

BODY = bytes(range(256)) * 1024 * 4  # 1 MiB


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is missing here")


class Clients(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        # Many at once on a busy machine want patience; h2load asks for one key, a thousand times at once.
        flags = ["--app-connect-timeout", "30s", "--forward-timeout", "30s", "--forward-queue-per-key", "1024",
                 "--forward-in-flight-per-owner", "1024"]
        cluster.add("a", flags=flags)
        cluster.add("b", app_command=ECHO, flags=flags)
        if shutil.which("node"):  # an app for many requests at once
            cluster.add("c", app_command=["node", ROOT / "tests" / "apps" / "streams.js"], flags=flags)

    def setUp(self):
        super().setUp()
        self.a = self.cluster.hosts[0]
        self.key_of = {}
        for number in range(100):
            self.key_of.setdefault(self.a.owner(f"user:{number}"), f"user:{number}")

    def url(self, path, owner="b"):
        return f"http://127.0.0.1:{self.a.api_port}{route(self.key_of[owner], path)}"

    def run_client(self, *command, **options):
        done = subprocess.run([str(part) for part in command], capture_output=True, timeout=120, check=False, **options)
        self.assertEqual(done.returncode, 0, (done.stdout[-2000:] + done.stderr).decode(errors="replace"))
        return done

    def assert_echoed(self, said, method="GET", path="/echo", body=b""):
        self.assertEqual((said["app"], said["method"], said["path"], said["size"], said["sha256"]),
                         ("b", method, path, len(body), hashlib.sha256(body).hexdigest()))

    # --- curl

    def curl(self, *arguments, body=None):
        """What it printed, and what it tells of the conversation."""
        return self.run_client("curl", "--silent", "--show-error", "--verbose", "--max-time", "60", *arguments, input=body)

    def file(self):
        path = self.shared_folder / "body"
        path.write_bytes(BODY)
        return path

    @needs("curl")
    def test_curl_gets(self):
        for version in ("--http1.1", "--http1.0", "--http2-prior-knowledge"):
            with self.subTest(version):
                done = self.curl(version, self.url("/echo/a%20b?c=d&e"))
                self.assert_echoed(json.loads(done.stdout), path="/echo/a%20b?c=d&e")

    @needs("curl")
    def test_curl_posts_a_file(self):
        for version in ("--http1.1", "--http1.0", "--http2-prior-knowledge"):
            with self.subTest(version):
                said = json.loads(self.curl(version, self.url("/echo"), "--data-binary", f"@{self.file()}").stdout)
                self.assert_echoed(said, "POST", body=BODY)
                self.assertFalse(said["chunked"], "the length was known and should have travelled")

    @needs("curl")
    def test_curl_posts_a_form_with_a_file(self):
        said = json.loads(self.curl(self.url("/echo"), "--form", "note=hello", "--form", f"file=@{self.file()}").stdout)
        self.assertEqual((said["app"], said["method"]), ("b", "POST"))
        self.assertGreater(said["size"], len(BODY))
        headers = {name.lower(): value for name, value in said["headers"]}
        self.assertTrue(headers["content-type"].startswith("multipart/form-data; boundary="), headers)

    @needs("curl")
    def test_curl_uploads_from_a_pipe_without_a_length(self):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            with self.subTest(version):
                said = json.loads(self.curl(version, "--upload-file", "-", self.url("/echo"), body=BODY).stdout)
                self.assert_echoed(said, "PUT", body=BODY)
                self.assertTrue(said["chunked"])

    @needs("curl")
    def test_curl_waits_for_the_100_and_gets_it(self):
        for what in (["--upload-file", self.file()], ["--upload-file", "-"]):
            with self.subTest(what[1]):
                # It would go on by itself after 50 s: an answer within 10 s means that the 100 came.
                done = self.curl("--http1.1", "--header", "Expect: 100-continue", "--expect100-timeout", "50", "--max-time", "10",
                                 *what, self.url("/echo"), body=BODY)
                self.assert_echoed(json.loads(done.stdout), "PUT", body=BODY)
                self.assertIn(b"< HTTP/1.1 100 Continue", done.stderr)

    @needs("curl")
    def test_curl_asks_for_the_head_alone(self):
        for version in ("--http1.1", "--http1.0", "--http2-prior-knowledge"):
            with self.subTest(version):
                head = self.curl(version, "--head", self.url("/bytes/12345")).stdout.decode().lower()
                self.assertRegex(head, r"\Ahttp/[0-9.]+ 200")
                self.assertIn("\ncontent-length: 12345\r\n", head)

    @needs("curl")
    def test_curl_downloads(self):
        expected = hashlib.sha256((bytes(range(251)) * 4200)[:1_000_000]).hexdigest()
        chunks = hashlib.sha256(b"".join(bytes([i % 256]) * 1000 for i in range(500))).hexdigest()
        for version in ("--http1.1", "--http1.0", "--http2-prior-knowledge"):
            with self.subTest(version):
                self.assertEqual(hashlib.sha256(self.curl(version, self.url("/bytes/1000000")).stdout).hexdigest(), expected)
                self.assertEqual(hashlib.sha256(self.curl(version, self.url("/chunks/500")).stdout).hexdigest(), chunks)

    @needs("curl")
    def test_curl_keeps_its_connection(self):
        # (Not with --http2-prior-knowledge: curl 7.88 of Debian 12 cannot use such a connection twice, whatever serves it.)
        urls = [self.url(f"/echo/{number}") for number in range(20)]
        done = self.curl("--http1.1", "--write-out", "%{stderr}[connects %{num_connects}]", *urls)
        self.assertEqual(sum(map(int, re.findall(rb"\[connects (\d+)\]", done.stderr))), 1)
        self.assertEqual(re.findall(rb'"path": "/echo/(\d+)"', done.stdout), [str(n).encode() for n in range(20)])

    # --- h2load

    def h2load(self, count, *options):
        said = self.run_client("h2load", "-n", count, *options).stdout.decode()
        self.assertRegex(said, rf"{count} succeeded, 0 failed, 0 errored, 0 timeout")
        self.assertRegex(said, rf"status codes: {count} 2xx, 0 3xx, 0 4xx, 0 5xx")

    @needs("h2load")
    @needs("node")
    def test_h2load_has_every_request_answered(self):
        for name, options in (("HTTP/1.1", ["--h1", "-c", "100"]), ("pipelined", ["--h1", "-c", "10", "-m", "8"]),
                              ("HTTP/2", ["-c", "10", "-m", "100"])):
            with self.subTest(name):
                self.h2load(5000, *options, self.url("/", "c"))

    @needs("h2load")
    @needs("node")
    def test_h2load_has_every_upload_taken(self):
        for name, options in (("HTTP/1.1", ["--h1", "-c", "10"]), ("HTTP/2", ["-c", "4", "-m", "16"])):
            with self.subTest(name):
                self.h2load(200, "--data", self.file(), *options, self.url("/digest", "c"))

    # --- Python

    def test_http_client_keeps_its_connection_over_bodies_of_every_kind(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.a.api_port, timeout=30)
        self.addCleanup(connection.close)
        pieces = [bytes([number]) * (number * 97 % 3000) for number in range(100)]
        sockets = set()
        for number in range(30):
            path = f"/echo/{number}"
            for method, body in (("GET", None), ("POST", BODY[:number * 1000]), ("PUT", iter(pieces)), ("DELETE", b"")):
                connection.request(method, route(self.key_of["b"], path), body=body)
                said = json.loads(connection.getresponse().read())
                sent = b"".join(pieces) if method == "PUT" else body or b""
                self.assert_echoed(said, method, path, sent)
                self.assertEqual(said["chunked"], method == "PUT")
                sockets.add(connection.sock)
            connection.request("GET", route(self.key_of["b"], f"/chunks/{number}"))
            self.assertEqual(len(connection.getresponse().read()), number * 1000)
        self.assertEqual(len(sockets), 1, "the connection was not kept")

    # --- node

    @needs("node")
    def test_node_fetch_is_answered_in_turn_and_all_at_once(self):
        before = metric(self.a, "ringside_client_connections_accepted_total")
        done = self.run_client("node", "--no-warnings", ROOT / "tests" / "support" / "fetch.js", self.url("/echo"),
                               env={**os.environ, "NO_PROXY": "*"})
        said = json.loads(done.stdout)
        self.assertEqual(said["wrong"], [])
        self.assertEqual(said["answered"], 300 + 1000)
        # node opens twice as many connections as it has requests under way.
        opened = metric(self.a, "ringside_client_connections_accepted_total") - before
        self.assertLess(opened, 200, "connections were not kept")


if __name__ == "__main__":
    unittest.main()
