"""Long bodies through two ringsides: uploads and downloads arrive whole. Requests enter at host a; host b, with an app of
node, has the keys.

RINGSIDE_TRANSFER_MIB is the size of a long body (64).
"""
import hashlib
import http.client
import json
import os
import shutil
import time
import unittest

from support import ROOT, SharedClusterTest, route

MIB = 1024 * 1024
SIZE = int(os.environ.get("RINGSIDE_TRANSFER_MIB", "64")) * MIB
BLOCK = 64 * 1024
PATTERN = (bytes(range(251)) * (BLOCK // 251 + 1))[:BLOCK]


def blocks(size):
    """What the app's /bytes gives: a piece that is lost, doubled or out of place changes the sum."""
    for number in range((size + BLOCK - 1) // BLOCK):
        yield (number.to_bytes(8, "big") + PATTERN[8:])[:size - number * BLOCK]


def sha256(pieces):
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def pieces_of(response, size=256 * 1024):
    while piece := response.read(size):
        yield piece


@unittest.skipUnless(shutil.which("node"), "node is missing here")
class Streams(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        cluster.add("a")
        cluster.add("b", app_command=["node", ROOT / "tests" / "apps" / "streams.js"])

    def setUp(self):
        super().setUp()
        self.a = self.cluster.hosts[0]

    def ask(self, path, method="GET", timeout=300, **options):
        connection = http.client.HTTPConnection("127.0.0.1", self.a.api_port, timeout=timeout)
        self.addCleanup(connection.close)
        connection.request(method, route("user:42", path), **options)
        response = connection.getresponse()
        self.assertEqual((response.status, response.headers["Ringside-Hops"]), (200, "1"), path)
        return response

    def test_long_uploads_arrive_whole(self):
        expected = {"app": "b", "size": SIZE, "sha256": sha256(blocks(SIZE))}
        for name, headers in (("with a length", {"Content-Length": str(SIZE)}), ("chunked", {"Transfer-Encoding": "chunked"})):
            with self.subTest(name):
                started = time.monotonic()
                answer = self.ask("/digest", "PUT", body=blocks(SIZE), headers=headers,
                                  encode_chunked="Transfer-Encoding" in headers)
                self.assertEqual(json.loads(answer.read()), expected)
                self.say(f"up, {name}", started)

    def test_long_downloads_arrive_whole(self):
        expected = sha256(blocks(SIZE))
        for name, path in (("with a length", "/bytes"), ("chunked", "/stream")):
            with self.subTest(name):
                started = time.monotonic()
                answer = self.ask(f"{path}/{SIZE}")
                self.assertEqual(answer.headers["Content-Length"], str(SIZE) if path == "/bytes" else None)
                self.assertEqual(sha256(pieces_of(answer)), expected)
                self.say(f"down, {name}", started)

    def say(self, what, started):
        took = time.monotonic() - started
        print(f"[{SIZE / MIB:.0f} MiB {what}: {SIZE / MIB / took:.0f} MiB/s] ", end="", flush=True)


if __name__ == "__main__":
    unittest.main()
