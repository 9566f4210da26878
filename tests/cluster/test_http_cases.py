"""Every request of the case list through real daemons: in one write, in single bytes (those over 4 KiB cut at 64
places), and behind a good request on the same connection; at the owner itself, and over two hops; on both listeners."""
import itertools
import unittest

from http_cases import GOOD, Client, HttpCaseTest, bytes_of, cases, keyed

# What we add to a request, and what stands for the parsed form: never compared byte for byte.
OURS = {b"ringside-key", b"ringside-from", b"ringside-hops", b"ringside-owner", b"ringside-version", b"via", b"x-request-id",
        b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"host", b"content-length", b"transfer-encoding"}

# Cases that are the connection's business, not the parser's.
SPECIAL = {
    "M38": {"accepted": [], "refused": 421},
    "M69": {"refused": 413, "unfinished": False},
    "M99": {"waits": True},
    "M104": {"accepted": [], "answered": 200},
}
# And on listen.ingress: any Host is answered, and an asterisk is no path that a route could give a key.
SPECIAL_ON_INGRESS = {
    "M25": {"accepted": [], "answered": 204},
    "M69": SPECIAL["M69"],
    "M99": SPECIAL["M99"],
    "M104": SPECIAL["M104"],
}


def all_cases(special):
    table = cases("requests.json")
    assert len(table) == 104
    return [{**case, **special.get(case["id"], {})} for case in table if case["id"] != "M18"]


class Requests(HttpCaseTest):
    def check_taken(self, wanted, taken, entry):
        """One request of the app's record against what the case says, and its form against our own promises."""
        self.assertEqual(taken.method, wanted["method"].encode())
        self.assertEqual(taken.target, bytes_of(wanted["target"]))
        self.assertEqual(taken.version, b"HTTP/1.1")
        self.assertEqual(taken.fields[0], (b"Host", (wanted["authority"] or (b"" if entry == "a" else b"c").decode()).encode()))
        self.assertEqual(len(taken.values(b"host")), 1)
        self.assertEqual(len(taken.values(b"via")), 1)
        self.assertEqual(len(taken.values(b"ringside-key")), 1)
        self.assertEqual(taken.values(b"x-forwarded-for"), [b"127.0.0.1"])
        self.assertEqual(taken.values(b"ringside-hops"), [b"0" if entry == "a" else b"1"])
        self.assertEqual(taken.body, wanted["body"].encode())
        framing = taken.values(b"content-length") + taken.values(b"transfer-encoding")
        if taken.values(b"transfer-encoding"):
            self.assertEqual(framing, [b"chunked"])
            self.assertRegex(taken.wire, rb"\A(?:[1-9a-f][0-9a-f]*\r\n(?s:.+?)\r\n)*0\r\n(?:X-T: 1\r\n|x-t: 1\r\n)?\r\n\Z")
        elif taken.body or taken.method in (b"POST", b"PUT", b"PATCH"):
            self.assertEqual(framing, [str(len(taken.body)).encode()])
        else:
            self.assertIn(framing, ([], [b"0"]))
        rebuilt = b" ".join((taken.method, taken.target, taken.version)) + b"\r\n"
        rebuilt += b"".join(name + b": " + value + b"\r\n" for name, value in taken.fields) + b"\r\n"
        self.assertEqual(taken.head, rebuilt)
        for name, value in wanted.get("fields", {}).items():
            found = taken.values(name.encode())
            if value is None:
                self.assertEqual([v for v in found if name.lower().encode() not in OURS], [], name)
            else:
                self.assertEqual(found, [value.encode("latin-1")], name)
        for name in (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"expect",
                     b"http2-settings", b"proxy-authorization", b"transfer_encoding", b"content_length"):
            self.assertEqual(taken.values(name), [], name)

    def check_nothing_taken(self, before=0):
        taken = self.app.taken()
        self.assertEqual(taken[before:], [], "something reached the app")

    def check_request(self, case, port, way, behind, cut):
        self.app.reset()
        data = bytes_of(case["bytes"])
        if way["listener"] == "api":  # on ingress the route knows the key
            data = keyed(data)
        with Client(port) as client:
            if behind:
                client.send(GOOD)
                self.assertEqual(client.reply()[::2], (200, b"ok"))
            send = client.send_cut if cut else client.send
            before = len(self.app.taken())
            if case.get("waits"):
                head, end, body = data.partition(b"\r\n\r\n")
                send(head + end)
                self.assertEqual(client.reply(interim=True)[0], 100)
                send(body)
            else:
                send(data)
            if case.get("fin"):
                client.end()
            accepted = case.get("accepted", [])
            for wanted in accepted:
                status, fields, body = client.reply(to_head=wanted["method"] == "HEAD")
                self.assertEqual(status, 200)
                self.assertEqual(body, b"" if wanted["method"] == "HEAD" else b"ok")
                if not wanted.get("keep_alive", True):
                    self.assertEqual(fields[b"connection"], [b"close"])
                    self.assertEqual(client.rest(), b"")
            answered = case.get("answered", case.get("refused"))
            if answered:
                status, fields, _ = client.reply()
                self.assertEqual(status, answered)
                if "refused" in case:
                    self.assertEqual(fields[b"connection"], [b"close"])
                    self.assertEqual(client.rest(), b"")
            elif case.get("unfinished"):
                self.assertRegex(client.rest(), rb"\A(?:HTTP/1\.1 400 (?s:.*))?\Z")
            elif accepted and accepted[-1].get("keep_alive", True):  # the connection is still good
                client.send(GOOD)
                self.assertEqual(client.reply()[::2], (200, b"ok"))
            taken = self.app.taken()[before:]
            if accepted and accepted[-1].get("keep_alive", True):
                self.assertEqual(taken.pop().target, b"/before")
            self.assertEqual(len(taken), len(accepted), taken)
            for wanted, message in zip(accepted, taken):
                self.check_taken(wanted, message, way["entry"])

    def check_all(self, table, listener):
        for way, port in self.each_way(listener):
            for case in table:
                for behind, cut in itertools.product((False, True), repeat=2):
                    with self.subTest(case=case["id"], what=case["case"], **way, behind=behind, cut=cut):
                        self.check_request(case, port, way, behind, cut)

    def test_every_request_of_the_case_list_is_taken_or_refused_as_it_says(self):
        self.check_all(all_cases(SPECIAL), "api")

    def test_the_same_on_listen_ingress_byte_by_byte_as_the_list_has_them(self):
        self.check_all(all_cases(SPECIAL_ON_INGRESS), "ingress")

    def test_the_preface_of_http2_is_answered_in_http2(self):
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        for way, port in [*self.each_way("api"), *self.each_way("ingress")]:
            for cut in (False, True):
                with self.subTest(**way, cut=cut), Client(port) as client:
                    (client.send_cut if cut else client.send)(preface)
                    self.assertEqual(client.exactly(9)[3], 4, "the first frame is SETTINGS")
        self.check_nothing_taken()


if __name__ == "__main__":
    unittest.main()
