"""Server-sent events through two ringsides: a thousand streams at once, each event on its way at once."""
import http.client
import json
import shutil
import unittest

from support import ROOT, SharedClusterTest, resident_bytes, route, wait_until

COUNT = 1000
EVENTS = 10


@unittest.skipUnless(shutil.which("node"), "node is missing here")
class EventStreams(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        cluster.add("a")
        cluster.add("b", app_command=["node", ROOT / "tests" / "apps" / "streams.js"])

    def setUp(self):
        super().setUp()
        self.entry = self.cluster.hosts[0]
        self.connections = []

    def open_stream(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.entry.api_port, timeout=30)
        self.addCleanup(connection.close)
        self.connections.append(connection)
        connection.request("GET", route(f"user:{number}", "/events"), headers={"Accept": "text/event-stream"})
        stream = connection.getresponse()
        self.assertEqual((stream.status, stream.headers["Ringside-Hops"]), (200, "1"))
        self.assertEqual(stream.headers["Content-Type"], "text/event-stream")
        return stream

    def next_event(self, stream):
        data, empty = stream.readline(), stream.readline()
        self.assertEqual(empty, b"\n", data)
        return data.removeprefix(b"data: ").decode().rstrip("\n")

    def publish(self, path, body=None):
        return json.loads(self.entry.get(route("user:1", path), method="POST", body=body).body)["streams"]

    def test_a_thousand_flow_at_once_and_end_cleanly(self):
        daemons = [host.daemon for host in self.cluster.hosts]
        before = [resident_bytes(daemon.pid) for daemon in daemons]
        streams = [self.open_stream(number) for number in range(COUNT)]
        numbers = [int(self.next_event(stream)) for stream in streams]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + COUNT)))
        # The next event is published only when every stream has brought this one: nothing waits for more to come.
        for number in range(EVENTS):
            self.assertEqual(self.publish("/publish", f"event {number}"), COUNT)
            self.assertEqual({self.next_event(stream) for stream in streams}, {f"event {number}"})
        grown = [resident_bytes(daemon.pid) - then for daemon, then in zip(daemons, before)]
        print(f"[{COUNT} streams: a {grown[0] / COUNT / 1024:.1f} KiB, b {grown[1] / COUNT / 1024:.1f} KiB each] ", end="",
              flush=True)
        self.assertEqual(self.publish("/end"), COUNT)
        self.assertEqual({stream.read() for stream in streams}, {b""})

    def test_a_client_that_leaves_ends_its_stream_at_the_app(self):
        for stream in [self.open_stream(number) for number in range(20)]:
            self.next_event(stream)
            stream.close()
        for connection in self.connections:
            connection.close()
        wait_until(lambda: self.publish("/publish", "anybody?") == 0, 10, "the app has no streams left",
                   [host.daemon for host in self.cluster.hosts])


if __name__ == "__main__":
    unittest.main()
