"""Requests through real daemons to real apps: whatever the entry, they reach the owner's app unchanged, and its answer
comes back unchanged. Host a has its app on TCP, host b on a unix socket, host c has none and only forwards."""
import hashlib
import http.client
import json
import socket
import threading

from support import ECHO, ClusterTest, SharedClusterTest, fetch, route

KEYS = [f"user:{i}" for i in range(40)]


class Forwarding(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        cluster.add("a", app_command=ECHO)
        cluster.add("b", app_command=ECHO, app_address=f"unix:{cluster.folder}/b.sock")
        cluster.add("c")

    def setUp(self):
        super().setUp()
        self.hosts = self.cluster.hosts
        self.a, self.b, self.c = self.hosts
        self.owner = {key: self.a.owner(key) for key in KEYS}
        self.key_of = {name: next(k for k in KEYS if self.owner[k] == name) for name in "ab"}

    def each_path(self):
        """Every way a request can go: to the app at the entry, over to the other, from a host without an app."""
        for entry in self.hosts:
            for owner in "ab":
                with self.subTest(entry=entry.name, owner=owner):
                    yield entry, self.key_of[owner], owner

    def test_every_key_reaches_its_owner_from_every_entry(self):
        self.assertEqual(set(self.owner.values()), {"a", "b"})
        for entry in self.hosts:
            for key in KEYS:
                answer = entry.get(route(key, "/echo/cart?x=1&y=%20z"))
                self.assertEqual(answer.status, 200)
                said = answer.json()
                self.assertEqual(said["app"], self.owner[key])
                self.assertEqual(said["path"], "/echo/cart?x=1&y=%20z")
                self.assertEqual(answer["Ringside-Owner"], self.owner[key])
                self.assertEqual(answer["Ringside-Served-By"], self.owner[key])
                self.assertEqual(answer["Ringside-Hops"], "0" if entry.name == self.owner[key] else "1")
                self.assertEqual(answer["Ringside-Attempts"], "1")
                self.assertTrue(answer["Ringside-Version"])
                self.assertIsNone(answer["Ringside-Error"])

    def test_the_header_form_means_the_same_as_the_path_form(self):
        for entry, key, owner in self.each_path():
            answer = entry.get("/v1/members?a=b", headers={"Ringside-Key": key})  # with a key, even our paths are the app's
            self.assertEqual((answer.status, answer.json()["app"], answer.json()["path"]), (200, owner, "/v1/members?a=b"))

    def test_the_app_sees_who_asked_and_nothing_a_client_made_up(self):
        forged = {"Ringside-Owner": "mallory", "Ringside-From": "mallory", "Ringside-Hops": "7", "X-Mine": "kept"}
        for entry, key, owner in self.each_path():
            headers = {}
            for name, value in entry.get(route(key, "/echo"), headers=forged).json()["headers"]:
                headers.setdefault(name.lower(), []).append(value)
            self.assertEqual(headers["x-mine"], ["kept"])
            self.assertEqual(headers["ringside-owner"], [owner])
            self.assertEqual(headers["ringside-from"], [entry.name])
            self.assertEqual(headers["ringside-hops"], ["0" if entry.name == owner else "1"])
            self.assertEqual(len(headers["host"]), 1)

    def test_methods_and_bodies_arrive_whole(self):
        bodies = [b"", b"x", b"hello\r\n0\r\n\r\nworld", bytes(range(256)) * 4096]  # the last one is 1 MiB
        for entry, key, _ in self.each_path():
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                for body in bodies:
                    said = entry.get(route(key, "/echo"), method=method, body=body).json()
                    self.assertEqual((said["method"], said["size"]), (method, len(body)))
                    self.assertEqual(said["sha256"], hashlib.sha256(body).hexdigest())

    def test_a_chunked_upload_arrives_whole(self):
        pieces = [bytes([i % 256]) * (i * 37 % 5000 + 1) for i in range(200)]
        for entry, key, _ in self.each_path():
            said = entry.get(route(key, "/echo"), method="POST", body=iter(pieces)).json()
            self.assertEqual(said["size"], sum(map(len, pieces)))
            self.assertEqual(said["sha256"], hashlib.sha256(b"".join(pieces)).hexdigest())

    def test_downloads_come_back_whole(self):
        size = 8 * 1024 * 1024 + 17
        expected = (bytes(range(251)) * (size // 251 + 1))[:size]
        for entry, key, _ in self.each_path():
            self.assertEqual(entry.get(route(key, f"/bytes/{size}"), timeout=30).body, expected)
            answer = entry.get(route(key, "/chunks/300"))
            self.assertEqual(answer.body, b"".join(bytes([i % 256]) * 1000 for i in range(300)))

    def test_statuses_of_the_app_pass_through(self):
        for entry, key, _ in self.each_path():
            for status in (204, 301, 304, 404, 418, 500, 503):
                answer = entry.get(route(key, f"/status/{status}"))
                self.assertEqual((answer.status, answer.body), (status, b""))
                self.assertIsNone(answer["Ringside-Error"], "an answer of the app must not look like ours")

    def test_head_has_the_length_and_no_body(self):
        for entry, key, _ in self.each_path():
            answer = entry.get(route(key, "/bytes/12345"), method="HEAD")
            self.assertEqual((answer.status, answer["Content-Length"], answer.body), (200, "12345", b""))

    def test_one_connection_serves_many_requests_in_turn(self):
        for entry in self.hosts:
            connection = http.client.HTTPConnection("127.0.0.1", entry.api_port, timeout=10)
            sockets = set()
            for i in range(100):
                key = KEYS[i % len(KEYS)]
                connection.request("POST" if i % 3 else "GET", route(key, f"/echo/{i}"), body=b"b" * i if i % 3 else None)
                response = connection.getresponse()
                self.assertEqual(response.status, 200)
                self.assertIn(f'"path": "/echo/{i}"', response.read().decode())
                sockets.add(connection.sock)
            self.assertEqual(len(sockets), 1, "the connection was not kept")
            connection.close()

    def test_pipelined_requests_are_answered_in_their_order(self):
        for entry in self.hosts:
            requests = [f"GET {route(KEYS[i], f'/echo/{i}')} HTTP/1.1\r\nHost: localhost\r\n\r\n" for i in range(20)]
            with socket.create_connection(("127.0.0.1", entry.api_port), timeout=10) as connection:
                connection.sendall("".join(requests).encode())
                stream = connection.makefile("rb")
                for i in range(20):
                    response = http.client.HTTPResponse(_Reader(stream), method="GET")
                    response.begin()
                    self.assertIn(f'"path": "/echo/{i}"', response.read().decode())

    def test_local_reaches_the_own_app_whatever_the_ring_says(self):
        for host in (self.a, self.b):
            answer = host.get("/v1/local/echo/x?y=1")
            self.assertEqual((answer.json()["app"], answer.json()["path"]), (host.name, "/echo/x?y=1"))
        answer = self.c.get("/v1/local/echo")
        self.assertEqual((answer.status, answer["Ringside-Error"]), (503, "app_down"))

    def test_many_clients_at_once_get_their_own_answers(self):
        wrong = []

        def client(number):
            entry = self.hosts[number % 3]
            connection = http.client.HTTPConnection("127.0.0.1", entry.api_port, timeout=20)
            for i in range(30):
                body = bytes([number]) * (number * 100 + i)
                connection.request("POST", route(KEYS[i], f"/echo/{number}/{i}"), body=body)
                said = fetch_json(connection)
                if said != (self.owner[KEYS[i]], f"/echo/{number}/{i}", hashlib.sha256(body).hexdigest()):
                    wrong.append((number, i, said))
            connection.close()

        def fetch_json(connection):
            said = json.loads(connection.getresponse().read())
            return said.get("app"), said.get("path"), said.get("sha256")

        threads = [threading.Thread(target=client, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


class _Reader:
    """Lets http.client read several responses from one stream."""

    def __init__(self, stream):
        self.stream = stream

    def makefile(self, *_):
        return _Unclosed(self.stream)


class _Unclosed:
    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def close(self):
        pass


class Repeats(ClusterTest):
    def test_a_request_that_the_app_hung_up_on_is_repeated_as_often_as_the_setting_says(self):
        for most in (0, 1, 3):
            with self.subTest(most=most):
                host = self.cluster.add(f"host{most}", app_command=ECHO, flags=["--forward-retry-max", str(most), "--cluster", f"c{most}"])
                host.seeds = []
                host.start_app()
                host.start_daemon()
                self.cluster.wait_ready(host)
                answer = host.get(route("k", "/hang-up"))
                self.assertEqual((answer.status, answer.json()["attempts"]), (502, most + 1))
                self.assertEqual(fetch(host.app_port, "/count").json()["count"], most + 1)
                self.assertEqual(host.get(route("k", "/hang-up"), method="POST").status, 502)
                self.assertEqual(fetch(host.app_port, "/count").json()["count"], most + 2)
