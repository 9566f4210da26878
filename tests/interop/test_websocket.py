"""WebSockets of npm's ws, client and server, with ringsides between them: at the owner itself and over one hop more. What
the two say to each other arrives, each hears how the other ended, and a key that moves sends its clients away with 1012.
"""
import hashlib
import json
import queue
import signal
import subprocess
import threading
import unittest

import peers
from mixed import ClusterTest, wait_until

MIB = 1024 * 1024
PATIENCE = 20  # a bound, not an expectation


def random_bytes(size):
    """What ws_ask.js sends as so many bytes."""
    code = "process.stdout.write(require('crypto').createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))" \
           f".update(Buffer.alloc({size})))"
    return subprocess.run(["node", "-e", code], capture_output=True, timeout=PATIENCE, check=True).stdout


class Asker:
    """One process of npm/ws_ask.js, with any number of WebSockets."""

    def __init__(self, npm):
        self.child = subprocess.Popen(["node", "--no-warnings", npm / "ws_ask.js"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.events = {}
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.child.stdout:
            event = json.loads(line)
            self.events[event.pop("id")].put(event)

    def close(self):
        self.child.stdin.close()
        self.child.wait(PATIENCE)
        self.reader.join()
        self.child.stdout.close()

    def order(self, number, **what):
        self.child.stdin.write(json.dumps({"id": number, **what}) + "\n")
        self.child.stdin.flush()

    def open(self, host, key, **options):
        number = len(self.events)
        self.events[number] = queue.Queue()
        self.order(number, open=f"ws://127.0.0.1:{host.api_port}/chat", key=key, **options)
        return Socket(self, number)


class Socket:
    def __init__(self, asker, number):
        self.asker, self.number = asker, number

    def do(self, **what):
        self.asker.order(self.number, **what)

    def next(self):
        return self.asker.events[self.number].get(timeout=PATIENCE)


class WebSockets(ClusterTest):
    def setUp(self):
        super().setUp()
        self.npm = peers.need("npm")
        self.hosts = [self.add(name) for name in "ab"]
        self.cluster.start()
        self.cluster.wait_agreed()
        self.asker = Asker(self.npm)
        self.addCleanup(self.asker.close)
        self.key_of = {}
        for number in range(100):
            self.key_of.setdefault(self.hosts[0].owner(f"user:{number}"), f"user:{number}")

    def add(self, name):
        return self.cluster.add(name, app_command=["node", "--no-warnings", self.npm / "ws_app.js"])

    def opened(self, entry, key, owner, **options):
        """A WebSocket that the owner's app has greeted."""
        socket = self.asker.open(entry, key, **options)
        event = socket.next()
        self.assertEqual((event["is"], event.get("by")), ("open", owner), event)
        self.assertEqual(event["extensions"], "permessage-deflate" if options.get("deflate") else "")
        self.assertEqual(socket.next(), {"is": "text", "text": owner})
        return socket

    def each_path(self, **options):
        for entry in self.hosts:
            for owner, key in self.key_of.items():
                with self.subTest(entry=entry.name, owner=owner, **options):
                    yield self.opened(entry, key, owner, **options), owner

    def ended(self, owner):
        """How the WebSockets of this app ended, in that order."""
        host, = [host for host in self.cluster.hosts if host.name == owner]
        return [tuple(each) for each in host.get("/v1/local/ended").json()]

    def wait_ended(self, owner, *expected):
        wait_until(lambda: self.ended(owner)[-1:] == list(expected), PATIENCE, f"the app of {owner} sees {expected}")

    def test_text_and_bytes_come_back_as_they_went(self):
        whole = hashlib.sha256(random_bytes(MIB)).hexdigest()
        for deflate in (False, True):
            for socket, _ in self.each_path(deflate=deflate):
                for text in ("hello", "", "ä€😀", "x" * 100_000):
                    socket.do(text=text)
                    self.assertEqual(socket.next(), {"is": "text", "text": text})
                socket.do(bytes=MIB)
                self.assertEqual(socket.next(), {"is": "bytes", "size": MIB, "sha256": whole})
                for number in range(200):  # a client that does not wait
                    socket.do(text=str(number))
                self.assertEqual([socket.next()["text"] for _ in range(200)], [str(number) for number in range(200)])

    def test_pings_are_answered_by_the_other_end(self):
        for socket, _ in self.each_path():
            socket.do(ping="are you there")
            self.assertEqual(socket.next(), {"is": "pong", "text": "are you there"})
            socket.do(text="ping you")
            self.assertEqual(socket.next(), {"is": "ping", "text": "you"})
            self.assertEqual(socket.next(), {"is": "text", "text": "pong you"})

    def test_each_end_hears_how_the_other_closed(self):
        for socket, owner in self.each_path():
            socket.do(close=[4001, "I have to go"])
            self.assertEqual(socket.next(), {"is": "close", "code": 4001, "reason": "I have to go"})
            self.wait_ended(owner, (4001, "I have to go"))
        for socket, owner in self.each_path():
            socket.do(text="close 1001 that is all")
            self.assertEqual(socket.next(), {"is": "close", "code": 1001, "reason": "that is all"})
            self.wait_ended(owner, (1001, "that is all"))

    def test_an_end_that_breaks_off_is_no_clean_close_for_the_other(self):
        for socket, owner in self.each_path():
            socket.do(drop=True)
            self.wait_ended(owner, (1006, ""))
        for socket, owner in self.each_path():
            socket.do(text="drop")
            event = socket.next()
            if event["is"] == "error":  # a reset is told before the close
                event = socket.next()
            self.assertEqual(event, {"is": "close", "code": 1006, "reason": ""})

    def test_keys_that_move_to_a_new_member_send_their_websockets_there(self):
        entry, keys = self.hosts[0], [f"room:{number}" for number in range(30)]
        owners = {key: entry.owner(key) for key in keys}
        sockets = {key: self.opened(entry, key, owners[key]) for key in keys}
        newcomer = self.add("c")
        self.cluster.start([newcomer])
        self.cluster.wait_agreed()
        moved = [key for key in keys if entry.owner(key) == "c"]
        self.assertTrue(0 < len(moved) < len(keys), moved)
        for key in keys:
            if key in moved:
                event = sockets[key].next()
                self.assertEqual((event["is"], event.get("code")), ("close", 1012), event)
                sockets[key] = self.opened(entry, key, "c")
            sockets[key].do(text="still here")
            self.assertEqual(sockets[key].next(), {"is": "text", "text": "still here"})
        told = [code for owner in "ab" for code, _ in self.ended(owner)]
        self.assertEqual(told, [1012] * len(moved))

    def test_when_the_owner_leaves_its_websockets_are_sent_away_and_the_others_stay(self):
        a, b = self.hosts
        gone, stays = self.opened(a, self.key_of["b"], "b"), self.opened(a, self.key_of["a"], "a")
        b.daemon.kill(signal.SIGTERM)
        event = gone.next()
        self.assertEqual((event["is"], event.get("code")), ("close", 1012), event)
        self.assertEqual(b.daemon.wait(), 0)
        self.opened(a, self.key_of["b"], "a")
        stays.do(text="still here")
        self.assertEqual(stays.next(), {"is": "text", "text": "still here"})


if __name__ == "__main__":
    unittest.main()
