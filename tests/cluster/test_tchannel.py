"""TChannel calls through real daemons to real TChannel apps: whatever the entry, a call reaches the app of the owner of
its sk. Host a has its app on TCP, host b on a unix socket, host c has none and only forwards."""
import concurrent.futures
import json
import signal
import sys
import unittest

from support import ROOT, ClusterTest, SharedClusterTest, free_port, route, wait_until

sys.path.insert(0, str(ROOT / "tests" / "support"))
from tchannel import (BAD_REQUEST, CANCELLED, CRC32, DECLINED, ERROR, NETWORK, NO_ID, TIMEOUT,  # noqa: E402
                      Call, CallError, Connection, Wire, call_frames, cancel_frame, parse_error)

APP = ["python3", ROOT / "tests" / "apps" / "tchannel_echo.py"]
KEYS = [f"user:{i}" for i in range(40)]


def add_host(cluster, name, **options):
    port = free_port()
    flags = ["--listen-tchannel", f"127.0.0.1:{port}"]
    if "app_command" in options:
        flags += ["--app-protocol", "tchannel"]
    host = cluster.add(name, flags=flags, **options)
    host.tchannel = f"127.0.0.1:{port}"
    return host


def dial(address):
    wire = Wire.dial(address)
    return Connection(wire, lambda call, connection: None, wire.handshake())


def keyed(key, endpoint="echo", arg3=b"", **more):
    return Call(endpoint, arg3=arg3, service="cart", headers={"as": "raw", "cn": "test", "sk": key}, **more)


class Relay(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        add_host(cluster, "a", app_command=APP)
        add_host(cluster, "b", app_command=APP, app_address=f"unix:{cluster.folder}/b.sock")
        add_host(cluster, "c")

    def setUp(self):
        super().setUp()
        self.hosts = self.cluster.hosts
        self.a, self.b, self.c = self.hosts
        self.owner = {key: self.a.owner(key) for key in KEYS}
        self.key_of = {name: next(k for k in KEYS if self.owner[k] == name) for name in "ab"}

    def dial(self, host):
        connection = dial(host.tchannel)
        self.addCleanup(connection.close)
        return connection

    def each_path(self):
        for entry in self.hosts:
            connection = self.dial(entry)
            for owner in "ab":
                with self.subTest(entry=entry.name, owner=owner):
                    yield connection, self.key_of[owner], owner

    def refused(self, connection, call):
        with self.assertRaises(CallError) as caught:
            connection.call(call)
        return caught.exception

    def test_every_key_reaches_its_owner_from_every_entry(self):
        for entry in self.hosts:
            connection = self.dial(entry)
            for key in KEYS:
                answer = connection.call(keyed(key, arg3=b"x"))
                self.assertEqual(answer.arg3, f"{self.owner[key]}:x".encode())

    def test_schemes_and_headers_pass(self):
        for connection, key, owner in self.each_path():
            for scheme in ("json", "raw", "http", "thrift"):
                call = keyed(key, arg3=bytes(range(256)))
                call.headers["as"], call.arg2 = scheme, b"\x00\x01"
                answer = connection.call(call)
                self.assertEqual((answer.headers["as"], answer.arg2), (scheme, b"\x00\x01"))
                self.assertEqual(answer.arg3, owner.encode() + b":" + bytes(range(256)))

    def test_two_hundred_calls_are_under_way_on_one_connection(self):
        connection = self.dial(self.c)
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            asked = [pool.submit(connection.call, keyed(KEYS[i % len(KEYS)], arg3=str(i).encode())) for i in range(200)]
            for i, future in enumerate(asked):
                self.assertEqual(future.result().arg3, f"{self.owner[KEYS[i % len(KEYS)]]}:{i}".encode())

    def test_a_large_call_goes_through_both_ways(self):
        body = bytes(range(251)) * (1_000_000 // 251)
        for connection, key, owner in self.each_path():
            answer = connection.call(keyed(key, arg3=body, ttl_ms=30_000, checksum=CRC32), timeout=30)
            self.assertEqual(answer.arg3, owner.encode() + b":" + body)

    def test_the_ttl_is_counted_down_and_ends_the_call(self):
        for connection, key, _ in self.each_path():
            self.assertLessEqual(int(connection.call(keyed(key, "ttl", ttl_ms=2000)).arg3), 2000)
            error = self.refused(connection, keyed(key, "silent", ttl_ms=200))
            self.assertEqual(error.code, TIMEOUT)
            self.assertIn("ringside: timeout", error.message)

    def test_errors_of_the_app_pass(self):
        for connection, key, _ in self.each_path():
            for code in (3, 4, 5, 6, 8):
                error = self.refused(connection, keyed(key, f"fail/{code}"))
                self.assertEqual((error.code, error.message), (code, "says the app"))
            answer = connection.call(keyed(key, "app-error"))
            self.assertEqual((answer.code, answer.arg3), (1, b"no such cart"))

    def test_the_app_calls_over_the_connection_it_was_dialled_on(self):
        for connection, key, owner in self.each_path():
            for other in "ab":
                answer = connection.call(keyed(key, "ask", arg3=self.key_of[other].encode()))
                self.assertEqual(answer.arg3, f"{other}:asked by {owner}".encode())

    def test_a_cancelled_call_ends(self):
        wire = Wire.dial(self.c.tchannel)
        self.addCleanup(wire.close)
        wire.handshake()
        wire.send(*call_frames(5, keyed(self.key_of["a"], "silent")), cancel_frame(5))
        frame = wire.receive()
        self.assertEqual((frame.type, frame.id, parse_error(frame.payload)[0]), (ERROR, 5, CANCELLED))

    def test_a_call_without_a_key_is_refused_with_the_remedy(self):
        call = Call("echo", service="cart", headers={"as": "raw", "cn": "test"})
        for entry in self.hosts:
            error = self.refused(self.dial(entry), call)
            self.assertEqual(error.code, BAD_REQUEST)
            self.assertIn("forward.without_key", error.message)

    def test_the_admin_calls_are_answered_beside(self):
        connection = self.dial(self.c)
        answer = connection.call(Call("/admin/stats", arg3=b"{}"))
        self.assertEqual(len(json.loads(answer.arg3)["membership"]["members"]), 3)
        self.assertEqual(self.refused(connection, Call("/nothing", arg3=b"{}")).code, BAD_REQUEST)

    def test_a_ringpop_peer_may_send_its_calls_to_the_peer_port(self):
        """As HandleOrForward does: over the connection it gossips on, with or without sk."""
        connection = dial(self.a.peer)
        self.addCleanup(connection.close)
        call = Call("echo", arg3=b"x" * 100_000, service="cart", headers={"as": "raw", "cn": "test"})
        self.assertEqual(connection.call(call).arg3, b"a:" + call.arg3)
        self.assertEqual(connection.call(keyed(self.key_of["b"], arg3=b"x")).arg3, b"b:x")
        self.assertEqual(connection.call(Call("/health", arg3=b"{}")).arg3, b'"ok"')

    def test_http_for_a_tchannel_app_says_so(self):
        for entry in self.hosts:
            answer = entry.get(route(self.key_of["a"], "/x"))
            self.assertEqual((answer.status, answer["Ringside-Error"]), (502, "app_protocol"))

    def test_the_calls_are_counted(self):
        self.dial(self.c).call(keyed(self.key_of["a"]))
        text = self.c.get("/metrics").body.decode()
        self.assertIn('ringside_tchannel_calls_total{outcome="ok"}', text)


class Change(ClusterTest):
    def test_an_app_that_restarts_is_found_again(self):
        host = add_host(self.cluster, "a", app_command=APP)
        self.cluster.start()
        connection = dial(host.tchannel)
        self.addCleanup(connection.close)
        self.assertEqual(connection.call(keyed("k")).arg3, b"a:")
        host.app.kill(signal.SIGKILL)
        host.app.wait()
        with self.assertRaises(CallError) as down:
            connection.call(keyed("k"))
        self.assertIn(down.exception.code, (DECLINED, NETWORK))
        host.start_app()
        self.assertEqual(connection.call(keyed("k")).arg3, b"a:")

    def test_a_host_that_leaves_hands_its_keys_over_and_says_goodbye(self):
        hosts = [add_host(self.cluster, name, app_command=APP) for name in "ab"]
        self.cluster.start()
        self.cluster.wait_agreed()
        leaving, staying = hosts
        key = next(k for k in KEYS if staying.owner(k) == leaving.name)
        wire = Wire.dial(leaving.tchannel)
        self.addCleanup(wire.close)
        wire.handshake()
        connection = dial(staying.tchannel)
        self.addCleanup(connection.close)
        self.assertEqual(connection.call(keyed(key)).arg3, b"a:")
        leaving.daemon.kill(signal.SIGTERM)
        wait_until(lambda: connection.call(keyed(key)).arg3 == b"b:", 10, "the key has moved", [staying.daemon])
        goodbye = wire.receive()
        self.assertEqual((goodbye.type, goodbye.id), (ERROR, NO_ID))
        code, message = parse_error(goodbye.payload)
        self.assertEqual(code, DECLINED)
        self.assertIn("draining", message)
        wire.close()
        self.assertEqual(leaving.daemon.wait(), 0)

    def test_calls_go_on_while_the_owner_dies(self):
        """No call is lost silently: each ends with an answer or an error, and soon they are answered again."""
        hosts = [add_host(self.cluster, name, app_command=APP) for name in "abc"]
        self.cluster.start()
        self.cluster.wait_agreed()
        entry, _, dying = hosts
        key = next(k for k in KEYS if entry.owner(k) == dying.name)
        connection = dial(entry.tchannel)
        self.addCleanup(connection.close)
        self.assertEqual(connection.call(keyed(key)).arg3, b"c:")
        dying.kill()

        def answered():
            try:
                return connection.call(keyed(key)).arg3 in (b"a:", b"b:")
            except CallError as error:
                self.assertIn(error.code, (DECLINED, NETWORK))
                return False

        wait_until(answered, 15, "somebody else owns the key", [entry.daemon])


if __name__ == "__main__":
    unittest.main()
