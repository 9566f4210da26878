"""WebSockets through real daemons: pinned to the owner they were opened at, and sent away with 1012 when it goes."""
import base64
import hashlib
import signal
import unittest

from http_cases import PATIENCE, Client, Recorder
from support import ClusterTest, metric, wait_until

KEY = base64.b64encode(b"sixteen bytes!!!").decode()


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


def frame(opcode, payload, masked):
    head = bytes([0x80 | opcode, (0x80 if masked else 0) | len(payload)])
    if not masked:
        return head + payload
    mask = b"\x12\x34\x56\x78"
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


class WebSocket(Client):
    def __init__(self, port, key, path="/chat"):
        super().__init__(port)
        self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nRingside-Key: {key}\r\nConnection: Upgrade\r\n"
                  f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode())
        self.status, self.fields, _ = self.reply(interim=True)

    def say(self, text):
        self.send(frame(1, text, masked=True))

    def next(self):
        """Opcode and payload of one short frame."""
        first, length = self.exactly(2)
        return first & 15, self.exactly(length & 127)


class Echo:
    """An app that says its name and then echoes what the frames of a WebSocket carry."""

    def __init__(self, name):
        self.name, self.closed = name, []
        self.recorder = Recorder()
        self.recorder.reset(self.serve)

    def serve(self, message, connection):
        key = message.values(b"sec-websocket-key")[0].decode()
        connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                           f"Sec-WebSocket-Accept: {accept_of(key)}\r\n\r\n".encode() + frame(1, self.name.encode(), False))
        stream = connection.makefile("rb")
        while head := stream.read(2):
            mask = stream.read(4)
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(stream.read(head[1] & 127)))
            if head[0] & 15 == 8:
                self.closed.append(payload)
                break
            connection.sendall(frame(head[0] & 15, payload, False))
        return False


class Upgrades(ClusterTest):
    def setUp(self):
        super().setUp()
        self.apps = {name: Echo(name) for name in "ab"}
        for name, app in self.apps.items():
            self.addCleanup(app.recorder.close)
            self.cluster.add(name, app_address=f"127.0.0.1:{app.recorder.port}")
        self.cluster.start()
        self.cluster.wait_agreed()
        self.a, self.b = self.cluster.hosts
        self.key_of = {}
        for number in range(100):
            self.key_of.setdefault(self.a.owner(f"user:{number}"), f"user:{number}")

    def test_a_websocket_reaches_the_owner_from_every_entry(self):
        for entry in self.cluster.hosts:
            for owner, key in self.key_of.items():
                with self.subTest(entry=entry.name, owner=owner), WebSocket(entry.api_port, key) as client:
                    self.assertEqual(client.status, 101)
                    self.assertEqual(client.fields[b"sec-websocket-accept"], [accept_of(KEY).encode()])
                    self.assertEqual(client.fields[b"ringside-served-by"], [owner.encode()])
                    self.assertEqual(client.next(), (1, owner.encode()))
                    for number in range(100):
                        client.say(f"message {number}".encode())
                        self.assertEqual(client.next(), (1, f"message {number}".encode()))

    def test_when_the_owner_leaves_its_websockets_are_told_to_come_back_and_find_the_next_owner(self):
        key = self.key_of["b"]
        with WebSocket(self.a.api_port, key) as client, WebSocket(self.a.api_port, self.key_of["a"]) as other:
            self.assertEqual((client.next(), other.next()), ((1, b"b"), (1, b"a")))
            self.assertEqual(metric(self.a, "ringside_upgraded_connections"), 2)
            self.b.daemon.kill(signal.SIGTERM)
            opcode, payload = client.next()
            self.assertEqual((opcode, payload[:2]), (8, (1012).to_bytes(2, "big")), payload)
            self.assertEqual(client.rest(), b"")
            wait_until(lambda: self.apps["b"].closed, PATIENCE, "the app hears that it is over", [self.a.daemon])
            self.assertEqual(self.apps["b"].closed[0][:2], (1012).to_bytes(2, "big"))
            self.assertEqual(self.b.daemon.wait(), 0)
            with WebSocket(self.a.api_port, key) as again:
                self.assertEqual(again.next(), (1, b"a"))
            other.say(b"still here")
            self.assertEqual(other.next(), (1, b"still here"))
        wait_until(lambda: metric(self.a, "ringside_upgraded_connections") == 0, PATIENCE, "no tunnel is left", [self.a.daemon])

    def test_when_the_owner_dies_its_websockets_break_off(self):
        with WebSocket(self.a.api_port, self.key_of["b"]) as client:
            self.assertEqual(client.next(), (1, b"b"))
            self.b.daemon.kill()
            self.assertEqual(client.rest(), b"")
            self.assertTrue(client.was_reset, "a broken tunnel looks like one that has ended")


if __name__ == "__main__":
    unittest.main()
