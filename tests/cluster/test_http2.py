"""HTTP/2 at both ends, with clients and an app that are not ours: curl, h2load and node's http2 module. Host a has an
app that speaks HTTP/1, host b one that speaks HTTP/2 (skipped where there is no node)."""
import hashlib
import json
import re
import shutil
import subprocess
import unittest

from support import ECHO, ROOT, SharedClusterTest, fetch, route

HTTP2_ECHO = ["node", ROOT / "tests" / "apps" / "http2_echo.js"]


def curl(*arguments, body=None):
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20", "--http2-prior-knowledge", *arguments],
                          input=body, capture_output=True, timeout=30, check=False)
    if done.returncode != 0:
        raise AssertionError(f"curl failed with {done.returncode}: {done.stderr.decode()}")
    return done.stdout


@unittest.skipUnless(shutil.which("node"), "node is missing here")
class Http2(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        cluster.add("a", app_command=ECHO)
        cluster.add("b", app_command=HTTP2_ECHO, flags=["--app-protocol", "h2c"])

    def setUp(self):
        super().setUp()
        self.hosts = self.cluster.hosts
        self.key_of = {}
        for number in range(100):
            self.key_of.setdefault(self.hosts[0].owner(f"user:{number}"), f"user:{number}")

    def each_path(self):
        for entry in self.hosts:
            for owner, key in self.key_of.items():
                with self.subTest(entry=entry.name, owner=owner):
                    yield entry, owner, key

    def test_an_http1_client_is_served_by_either_app(self):
        body = bytes(range(256)) * 4096
        for entry, owner, key in self.each_path():
            said = fetch(entry.api_port, route(key, "/echo/x?y=1"), method="POST", body=body).json()
            self.assertEqual((said["app"], said["method"], said["path"]), (owner, "POST", "/echo/x?y=1"))
            self.assertEqual(said["sha256"], hashlib.sha256(body).hexdigest())

    @unittest.skipUnless(shutil.which("curl"), "curl is missing here")
    def test_curl_is_served_by_either_app(self):
        body = bytes(range(256)) * 4096
        for entry, owner, key in self.each_path():
            url = f"http://127.0.0.1:{entry.api_port}/echo/x?y=1"
            said = json.loads(curl(url, "--header", f"Ringside-Key: {key}", "--data-binary", "@-", body=body))
            self.assertEqual((said["app"], said["method"], said["path"]), (owner, "POST", "/echo/x?y=1"))
            self.assertEqual(said["sha256"], hashlib.sha256(body).hexdigest())
            headers = {name.lower(): value for name, value in said["headers"]}
            self.assertEqual((headers["ringside-key"], headers["ringside-from"]), (key, entry.name))

    @unittest.skipUnless(shutil.which("curl"), "curl is missing here")
    def test_curl_reads_the_api(self):
        for entry in self.hosts:
            members = json.loads(curl(f"http://127.0.0.1:{entry.api_port}/v1/members"))["members"]
            self.assertEqual({member["name"] for member in members}, {"a", "b"})
            status = curl(f"http://127.0.0.1:{entry.api_port}/nowhere", "--output", "/dev/null", "--write-out", "%{http_code}")
            self.assertEqual(status, b"404")

    @unittest.skipUnless(shutil.which("h2load"), "h2load is missing here (Debian's nghttp2-client)")
    def test_h2load_has_every_request_answered(self):  # 60 at once: forward.queue_per_key is 64
        for entry, _, key in self.each_path():
            done = subprocess.run(["h2load", "-n", "2000", "-c", "4", "-m", "15",
                                   f"http://127.0.0.1:{entry.api_port}{route(key, '/echo')}"],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertRegex(done.stdout, r"2000 succeeded, 0 failed, 0 errored", done.stdout + done.stderr)
            self.assertRegex(done.stdout, re.compile(r"status codes: 2000 2xx"))


if __name__ == "__main__":
    unittest.main()
