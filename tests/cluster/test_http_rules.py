"""What RFC 9110 and 9112 and our own header rules ask beyond the case list: requests in one write and in single bytes,
at the owner itself and over two hops. A number means: refused with it, and nothing reached the app. Otherwise the row
says what the app has to see: the start of its head, fields with their values (None: not there), the body as it is on
the wire."""
import re
import unittest

from http_cases import KEY_LINE, Client, HttpCaseTest, keyed

HOST = b"Host: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SECRET_KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


def get(line=b"GET / HTTP/1.1", fields=HOST, body=b""):
    return line + b"\r\n" + fields + b"\r\n" + body


def with_field(field):
    return get(fields=HOST + field + b"\r\n")


def post(fields, body=b"", line=b"POST / HTTP/1.1"):
    return get(line, HOST + fields, body)


def in_one_chunk(message):
    """The body on the wire; chunks, which may come as they like, put together."""
    if not message.values(b"transfer-encoding"):
        return message.wire
    last = message.wire.rfind(b"\r\n0\r\n")
    return (b"%x\r\n%s" % (len(message.body), message.body) if message.body else b"") + message.wire[max(last, 0):]


def seen(start=b"GET / HTTP/1.1\r\nHost: a\r\n", body=None, **fields):
    return {"start": start, "body": body, "fields": {name.replace("_", "-"): value for name, value in fields.items()}}


TARGETS = {
    "the scheme in capitals": (get(b"GET HTTP://a/p HTTP/1.1"), seen(b"GET /p HTTP/1.1\r\nHost: a\r\n")),
    "a port in the absolute form": (get(b"GET http://a:80/p?q HTTP/1.1"), seen(b"GET /p?q HTTP/1.1\r\nHost: a:80\r\n")),
    "an IPv6 address in the absolute form": (get(b"GET http://[::1]:7/p HTTP/1.1"),
                                             seen(b"GET /p HTTP/1.1\r\nHost: [::1]:7\r\n")),
    "no path in the absolute form": (get(b"GET http://a HTTP/1.1"), seen()),
    "a query without a path": (get(b"GET http://a?q HTTP/1.1"), seen(b"GET /?q HTTP/1.1\r\nHost: a\r\n")),
    "OPTIONS of a whole server": (get(b"OPTIONS http://a HTTP/1.1"), seen(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n")),
    "user information": (get(b"GET http://u:p@a/ HTTP/1.1"), 400),
    "no host in the absolute form": (get(b"GET http:///p HTTP/1.1"), 400),
    "the absolute form without a Host field": (get(b"GET http://a/ HTTP/1.1", b""), 400),
    "the absolute form with two Host fields": (get(b"GET http://a/ HTTP/1.1", HOST + HOST), 400),
    "the absolute form with a bad Host field": (get(b"GET http://a/ HTTP/1.1", b"Host: a b\r\n"), 400),
    "another scheme": (get(b"GET https://a/ HTTP/1.1"), 400),
    "the authority form": (get(b"GET a:443 HTTP/1.1"), 400),
    "a target without a slash": (get(b"GET p HTTP/1.1"), 400),
    "a lone query": (get(b"GET ?q HTTP/1.1"), 400),
    "an asterisk for POST": (get(b"POST * HTTP/1.1"), 400),
    "CONNECT to a path": (get(b"CONNECT / HTTP/1.1"), 405),
    "no target": (get(b"GET  HTTP/1.1"), 400),
    "a tab in the target": (get(b"GET /a\tb HTTP/1.1"), 400),
    "DEL in the target": (get(b"GET /\x7f HTTP/1.1"), 400),
    "dots and doubled slashes": (get(b"GET //a/../b/./%2e%2F HTTP/1.1"), seen(b"GET //a/../b/./%2e%2F HTTP/1.1\r\n")),
    "a space in front": (get(b" GET / HTTP/1.1"), 400),
    "a space behind": (get(b"GET / HTTP/1.1 "), 400),
    "HTTP/1.9": (get(b"GET / HTTP/1.9"), seen()),
    **{f"version {version!r}": (get(b"GET / " + version), 400)
       for version in (b"HTTP/1.10", b"HTTP/1.", b"HTTP/1", b"HTTP 1.1", b"HTTPS/1.1", b"HTTP/-1.1", b"HTTP/1,1")},
    "HTTP/3.0": (get(b"GET / HTTP/3.0"), 505),
    "four empty lines first": (b"\r\n" * 4 + get(), seen()),
    "five empty lines first": (b"\r\n" * 5 + get(), 400),
    "a bare LF first": (b"\n" + get(), 400),
}

HOSTS = {
    **{f"Host {host!r}": (get(fields=b"Host: " + host + b"\r\n"), 400)
       for host in (b"a:99999", b"a:b", b"a b", b"a\tb", b"[::1", b"[a]", b"a:1:2", b"a?x", b"a#x", b"a%zz", b'"a"', b"a@",
                    b"a\\b", b":80", b"http://a", b"\xe9", b"a/")},
    "Host with a port": (get(fields=b"Host: a:80\r\n"), seen(b"GET / HTTP/1.1\r\nHost: a:80\r\n")),
    "Host with an empty port": (get(fields=b"Host: a:\r\n"), seen(b"GET / HTTP/1.1\r\nHost: a:\r\n")),
    "Host in white space": (get(fields=b"hOST:\t a \t\r\n"), seen()),
    "Host without white space": (get(fields=b"Host:a\r\n"), seen()),
    "Host as the last field": (get(fields=b"X: 1\r\nHost: a\r\n"), seen(x=b"1")),
    "two Hosts in HTTP/1.0": (get(b"GET / HTTP/1.0", HOST + HOST), 400),
}

FIELDS = {
    "DEL in a value": (with_field(b"X: a\x7fb"), 400),
    "a tab in a value": (with_field(b"X: a\tb"), seen(x=b"a\tb")),
    "an 8-bit byte in a name": (with_field(b"X\xe9: b"), 400),
    "NUL in a name": (with_field(b"X\0: b"), 400),
    "a space in a name": (with_field(b"X Y: b"), 400),
    "a tab before the colon": (with_field(b"X\t: b"), 400),
    "two CRs": (with_field(b"X: a\r"), 400),
    "a bare LF at the end of the head": (get()[:-2] + KEY_LINE + b"\n", 400),
    "100 fields": (get(fields=HOST + b"X: 1\r\n" * 98), seen()),
    "102 fields": (get(fields=HOST + b"X: 1\r\n" * 101), 431),
    "a head of 64 KiB": (get(fields=HOST + (b"X: " + b"b" * 16000 + b"\r\n") * 5), 431),
    "twins of reserved names": (with_field(b"Transfer_Encoding: chunked\r\nRingside_Key: evil\r\nX_Forwarded_For: 1.2.3.4"),
                                seen(ringside_key=b"k", transfer_encoding=None, x_forwarded_for=b"127.0.0.1")),
    "fields that are ours": (with_field(b"Ringside-Hops: 9\r\nRingside-From: x\r\nRingside-Owner: z\r\nRingside-New: q"),
                             seen(ringside_owner=b"a", ringside_new=None)),
    "what a client says of proxies": (
        with_field(b"Forwarded: for=1\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Foo: 1"),
        seen(forwarded=None, x_forwarded_host=b"a", x_forwarded_proto=b"http", x_forwarded_foo=None)),
    "a Via of before": (with_field(b"Via: 1.0 x, 1.1 y (z)"), seen(via=re.compile(rb"1\.0 x, 1\.1 y \(z\), 1\.1 [ac](, 2 a)?"))),
    "HTTP/1.0 in Via": (get(b"GET / HTTP/1.0"), seen(via=re.compile(rb"1\.0 [ac](, 2 a)?"))),
    "a request id": (with_field(b"X-Request-Id: 1f-2"), seen(x_request_id=b"1f-2")),
    "a request id that is too long": (with_field(b"X-Request-Id: " + b"a" * 129), seen(x_request_id=re.compile(rb"[0-9a-f]{16}"))),
    "a request id that is no token": (with_field(b"X-Request-Id: a b"), seen(x_request_id=re.compile(rb"[0-9a-f]{16}"))),
    "Connection naming the key": (with_field(b"Connection: Ringside-Key"), seen(ringside_key=b"k", connection=None)),
    "Connection naming what we set": (with_field(b"Connection: via, x-forwarded-for, ringside-from, x-request-id"),
                                      seen(via=re.compile(rb"1\.1 .*"), x_forwarded_for=b"127.0.0.1")),
    "Connection naming several fields": (with_field(b"Connection: close, X-A\r\nConnection: X-B\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3"),
                                         seen(x_a=None, x_b=None, x_c=b"3", connection=None)),
    "Connection naming nothing": (with_field(b"Connection: ,,"), seen(connection=None)),
    "Connection naming Content-Length": (post(b"Connection: content-length\r\nContent-Length: 2\r\n", b"hi"), 400),
    "Connection naming Transfer-Encoding": (post(b"Connection: transfer-encoding\r\n" + CHUNKED, b"0\r\n\r\n"), 400),
    "an Upgrade without a handshake": (with_field(b"Connection: upgrade\r\nUpgrade: websocket"), seen(upgrade=None)),
    "an Upgrade that is not nominated": (with_field(b"Upgrade: websocket\r\n" + SECRET_KEY[:-2]), seen(upgrade=None)),
    "an Upgrade to something else": (with_field(b"Connection: upgrade\r\nUpgrade: foo/2"), seen(upgrade=None)),
    "a WebSocket's Upgrade": (with_field(b"Connection: keep-alive, Upgrade\r\nUpgrade: foo, WebSocket\r\n" + SECRET_KEY[:-2]),
                              seen(upgrade=b"WebSocket", connection=b"upgrade")),
    "Expect with another expectation": (post(b"Expect: 100-continue, x\r\nContent-Length: 2\r\n", b"hi"), 417),
    "Expect with a parameter": (post(b"Expect: 100-continue;a=b\r\nContent-Length: 2\r\n", b"hi"), 417),
    "Expect without a body": (with_field(b"Expect: 100-continue"), seen(expect=None)),
    "Expect in HTTP/1.0": (post(b"Expect: x\r\nContent-Length: 2\r\n", b"hi", b"POST / HTTP/1.0"), seen(b"POST", b"hi", expect=None)),
    "Expect with a body that is too large": (post(b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n"), 413),
    "Max-Forwards: 1": (get(b"OPTIONS / HTTP/1.1", HOST + b"Max-Forwards: 1\r\n"), seen(b"OPTIONS /", max_forwards=b"0")),
    "Max-Forwards in a GET": (with_field(b"Max-Forwards: 0"), seen(max_forwards=b"0")),
    "Max-Forwards that is no number": (get(b"OPTIONS / HTTP/1.1", HOST + b"Max-Forwards: x\r\n"), seen(b"OPTIONS /", max_forwards=b"x")),
}

LENGTHS = {
    **{f"Content-Length {value!r}": (post(b"Content-Length: " + value + b"\r\n", b"hello"), 400)
       for value in (b"5;", b"-0", b"5.0", b"5,", b"0x05", b"5e0", b'"5"', b"\x0b5", b"9" * 20)},
    "Content-Length in white space": (post(b"Content-Length: \t 5 \r\n", b"hello"), seen(b"POST", b"hello", content_length=b"5")),
    **{f"Transfer-Encoding {value!r}": (post(b"Transfer-Encoding: " + value + b"\r\n", b"0\r\n\r\n"), status)
       for value, status in ((b"chunked, identity", 400), (b"chunked;q=1", 501), (b'"chunked"', 501), (b"chunked,", 400),
                             (b", chunked", 400), (b"chunked, chunked", 400), (b"chu nked", 501), (b"chunked\0", 400),
                             (b"chunked\x0b", 400), (b"compress, chunked", 501))},
    "Transfer-Encoding in white space": (post(b"Transfer-Encoding: \tchunked \r\n", b"0\r\n\r\n"), seen(b"POST", b"0\r\n\r\n")),
    "Transfer-Encoding twice": (post(CHUNKED + b"Transfer-Encoding: gzip\r\n", b"0\r\n\r\n"), 400),
    "Transfer-Encoding with Content-Length: 0": (post(CHUNKED + b"Content-Length: 0\r\n", b"0\r\n\r\n"), 400),
    "a POST without a length": (post(b""), seen(b"POST", b"", content_length=b"0")),
    "a GET with chunks": (get(fields=HOST + CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"), seen(body=b"5\r\nhello\r\n0\r\n\r\n")),
    "a DELETE with a body": (post(b"Content-Length: 5\r\n", b"hello", b"DELETE / HTTP/1.1"), seen(b"DELETE", b"hello")),
    "an OPTIONS with a body": (post(b"Content-Length: 5\r\n", b"hello", b"OPTIONS / HTTP/1.1"), seen(b"OPTIONS", b"hello")),
    "a HEAD with a body": (post(b"Content-Length: 5\r\n", b"hello", b"HEAD / HTTP/1.1"), seen(b"HEAD", b"hello")),
}

CHUNKS = {
    **{f"chunks {body[:24]!r}": (post(CHUNKED, body), 400)
       for body in (b"5 \r\nhello\r\n0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\n\r\n", b"5\r\nhello\r\n0\r\n\n",
                    b"5\r\nhello0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"5h\r\nhello\r\n0\r\n\r\n", b"\r\n0\r\n\r\n",
                    b"5;\r\nhello\r\n0\r\n\r\n", b"5; =\r\nhello\r\n0\r\n\r\n", b"5\rhello\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n",
                    b"5\r\nhello\r0\r\n\r\n", b"5_0\r\nhello\r\n0\r\n\r\n", b"5,\r\nhello\r\n0\r\n\r\n", b"\x0c5\r\nhello\r\n0\r\n\r\n",
                    b"5;a\rb\r\nhello\r\n0\r\n\r\n", b"5;a\0\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n",
                    b"5\r\nhello\r\n0\r\nX\r\n\r\n", b"5\r\nhello\r\n0\r\nX: a\n\r\n", b"5\r\nhello\r\n0\r\nX : a\r\n\r\n",
                    b"5\r\nhello\r\n0\r\nX: a\0\r\n\r\n")},
    "a chunk beyond every limit": (post(CHUNKED, b"FFFFFFFFFFFFFFFF\r\nhello"), 413),
    "21 trailers": (post(CHUNKED, b"5\r\nhello\r\n0\r\n" + b"X: a\r\n" * 21 + b"\r\n"), 431),
    "trailers over 4 KiB": (post(CHUNKED, b"5\r\nhello\r\n0\r\nX: " + b"a" * 5000 + b"\r\n\r\n"), 431),
    **{f"chunks {body[:24]!r}": (post(CHUNKED, body), seen(b"POST", b"5\r\nhello\r\n0\r\n\r\n"))
       for body in (b"5\t;a\r\nhello\r\n0\r\n\r\n", b'5;a="x;y"\r\nhello\r\n0\r\n\r\n', b"5 ; a\r\nhello\r\n0;x=y\r\n\r\n",
                    b"0005\r\nhello\r\n00\r\n\r\n")},
    "a chunk size in capitals": (post(CHUNKED, b"A\r\n0123456789\r\n0\r\n\r\n"), seen(b"POST", b"a\r\n0123456789\r\n0\r\n\r\n")),
    "trailers that must not be there": (
        post(CHUNKED + b"Trailer: X-T\r\n",
             b"5\r\nhello\r\n0\r\nHost: evil\r\nTransfer-Encoding: x\r\nAuthorization: x\r\nRingside-Key: evil\r\nX-T: 1\r\n\r\n"),
        seen(b"POST", re.compile(rb"5\r\nhello\r\n0\r\n[Xx]-[Tt]: 1\r\n\r\n"), ringside_key=b"k", trailer=None, authorization=None)),
}


class Rules(HttpCaseTest):
    def expect(self, value, wanted, what):
        if isinstance(wanted, re.Pattern):
            self.assertRegex(value, rb"\A(?:" + wanted.pattern + rb")\Z", what)
        else:
            self.assertEqual(value, wanted, what)

    def check(self, request, wanted, port, cut):
        self.app.reset()
        with Client(port) as client:
            (client.send_cut if cut else client.send)(request if KEY_LINE in request else keyed(request))
            status, fields, _ = client.reply(to_head=request.startswith(b"HEAD"))
            if isinstance(wanted, int):
                self.assertEqual((status, fields[b"connection"]), (wanted, [b"close"]))
                self.assertEqual(client.rest(), b"")
                whole = self.app.taken()
                self.assertEqual(whole, [], "something reached the app")
                return
            self.assertEqual(status, 200)
        taken, = self.app.taken()
        self.assertTrue(taken.head.startswith(wanted["start"]), taken)
        for name, value in wanted["fields"].items():
            found = taken.values(name.encode())
            if value is None:
                self.assertEqual(found, [], name)
            else:
                self.assertEqual(len(found), 1, (name, found))
                self.expect(found[0], value, name)
        if wanted["body"] is not None:
            self.expect(in_one_chunk(taken), wanted["body"], "the body on the wire")

    def check_all(self, table):
        for way, port in self.each_way():
            for what, (request, wanted) in table.items():
                for cut in (False, True):
                    with self.subTest(what=what, **way, cut=cut):
                        self.check(request, wanted, port, cut)

    def test_targets_and_versions(self):
        self.check_all(TARGETS)

    def test_hosts(self):
        self.check_all(HOSTS)

    def test_fields(self):
        self.check_all(FIELDS)

    def test_lengths_and_codings(self):
        self.check_all(LENGTHS)

    def test_chunks(self):
        self.check_all(CHUNKS)

    def test_every_reply_has_a_date_and_keeps_that_of_the_app(self):
        date = rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] [A-Z][a-z]{2} [0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT"
        own = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok"
        for way, port in self.each_way():
            with self.subTest(**way), Client(port) as client:
                self.app.reset()
                for request in (keyed(get()), get(b"GET /v1/members HTTP/1.1"), get(b"GET /nowhere HTTP/1.1")):
                    client.send(request)
                    said, = client.reply()[1][b"date"]
                    self.assertRegex(said, rb"\A" + date + rb"\Z")
                self.app.reset(own)
                client.send(keyed(get()))
                self.assertEqual(client.reply()[1][b"date"], [b"Sun, 06 Nov 1994 08:49:37 GMT"])


if __name__ == "__main__":
    unittest.main()
