"""Any 1 to 4096 bytes are a key: what a client writes, percent-encoded or literal, is what the ring hashes and what the
app is told."""
import http.client
from urllib.parse import quote, unquote_to_bytes

from support import ECHO, SharedClusterTest, route

LIMIT = 4096
KEYS = {
    "plain": b"user:42",
    "one byte": b"k",
    "a slash": b"a/b/c",
    "slashes only": b"//",
    "dots": b"../..",
    "a percent sign": b"100%25",
    "a plus and a space": b"a+b c",
    "query signs": b"a?b=c&d#e",
    "UTF-8": "köln/\u65e5\u672c".encode(),
    "an upper and a lower case": b"Key",
    "bytes that are no UTF-8": bytes(range(128, 256)),
    "every byte": bytes(range(256)),
    "a line end and a header": b"a\r\nRingside-Owner: x",
    "the longest": b"x" * LIMIT,
    "the longest, every byte encoded": b"\xff" * LIMIT,
}


def literal(key):
    """Can a header field hold it as it is?"""
    return all(b >= 0x20 and b != 0x7F for b in key) and key == key.strip()


class Keys(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        for name in "abc":
            cluster.add(name, app_command=ECHO)

    def seen_key(self, answer):
        """What the app was told, decoded."""
        self.assertEqual(answer.status, 200, answer.body)
        values = [value for name, value in answer.json()["headers"] if name.lower() == "ringside-key"]
        self.assertEqual(len(values), 1)
        return unquote_to_bytes(values[0])

    def test_a_key_is_the_same_in_the_path_in_the_header_and_at_the_app(self):
        for what, key in KEYS.items():
            owner = self.cluster.hosts[0].owner(key)
            for entry in self.cluster.hosts:
                with self.subTest(key=what, entry=entry.name):
                    self.assertEqual(entry.owner(key), owner)
                    answer = entry.get(route(key, "/echo"))
                    self.assertEqual((self.seen_key(answer), answer["Ringside-Served-By"]), (key, owner))
                    if literal(key):
                        answer = entry.get("/echo", headers={"Ringside-Key": key})
                        self.assertEqual((self.seen_key(answer), answer["Ringside-Served-By"]), (key, owner))

    def test_a_key_in_a_query_is_the_same_too(self):
        for what, key in KEYS.items():
            with self.subTest(key=what):
                host = self.cluster.hosts[0]
                self.assertEqual(host.get(f"/v1/lookup?key={quote(key, safe='')}").json()["owner"]["name"], host.owner(key))

    def test_needless_percent_encoding_names_the_same_key(self):
        everything = "".join(f"%{b:02x}" for b in b"user:42")
        for entry in self.cluster.hosts:
            self.assertEqual(self.seen_key(entry.get(f"/v1/route/{everything}/echo")), b"user:42")

    def test_what_is_no_key_is_refused_with_the_reason(self):
        entry = self.cluster.hosts[0]
        paths = {
            "empty": "/v1/route//echo",
            "one byte too long": route(b"x" * (LIMIT + 1), "/echo"),
            "a % without digits": "/v1/route/a%zz/echo",
            "a % at the end": "/v1/route/a%2/echo",
        }
        for what, path in paths.items():
            with self.subTest(key=what):
                answer = entry.get(path)
                self.assertEqual((answer.status, answer["Ringside-Error"]), (400, "bad_key"), answer.body)
                self.assertEqual(answer.json()["executed"], "no")
        for what, value in {"empty": b"", "one byte too long": b"x" * (LIMIT + 1)}.items():
            with self.subTest(header=what):
                answer = entry.get("/echo", headers={"Ringside-Key": value})
                self.assertEqual((answer.status, answer["Ringside-Error"]), (400, "bad_key"), answer.body)

    def test_two_keys_in_one_request_are_refused(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.cluster.hosts[0].api_port, timeout=10)
        connection.putrequest("GET", "/echo")
        connection.putheader("Ringside-Key", "a")
        connection.putheader("Ringside-Key", "b")
        connection.endheaders()
        response = connection.getresponse()
        response.read()
        connection.close()
        self.assertEqual((response.status, response.headers["Ringside-Error"]), (400, "bad_key"))
