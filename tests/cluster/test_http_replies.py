"""Every reply of the case list, and what concerns the time and the life of connections, through real daemons: at the
owner itself, and over two hops."""
import socket
import struct
import threading
import unittest

from http_cases import GOOD, KEY_LINE, OK, PATIENCE, Client, HttpCaseTest, bytes_of, cases, keyed
from support import resident_bytes, sanitized, wait_until


class Replies(HttpCaseTest):
    """What the app says, however badly. The client asks with M01 and a key, unless the case says otherwise."""

    ask = b"GET / HTTP/1.1\r\nHost: a\r\n" + KEY_LINE + b"\r\n"

    def scripted(self, case):
        """Answers /before and /after well and everything else as the case says."""
        reply = bytes_of(case["bytes"])

        def answer(message, connection):
            if message.target != b"/":
                connection.sendall(OK)
                return True
            connection.sendall(reply)
            return not case.get("fin")
        return answer

    def check_reply(self, case, port):
        self.app.reset(self.scripted(case))
        to_head = case.get("to_head", False)
        with Client(port) as client:
            client.send(self.ask.replace(b"GET", b"HEAD") if to_head else self.ask)
            try:
                status, fields, body = client.reply(to_head)
            except EOFError:
                self.assertTrue(case.get("cut_off") and client.was_reset)
                return
            if case.get("cut_off"):  # nothing of it had been sent on when it broke off
                self.assertEqual(status, 502)
                self.assertEqual(len(self.app.taken()), 1, "asked again")
                return
            self.assertEqual((status, body if status < 500 else b""), (case["status"], case.get("body", "").encode()))
            if status == 204:
                self.assertNotIn(b"content-length", fields)
                self.assertNotIn(b"transfer-encoding", fields)
            if to_head:
                self.assertEqual(fields[b"content-length"], [b"10"])
            if status == 502:
                self.assertEqual(fields[b"ringside-error"], [b"app_error"])
            client.send(GOOD)  # whatever it was: nothing of it is left for the next request, here or elsewhere
            self.assertEqual(client.reply()[::2], (200, b"ok"))
        first, second = self.app.taken()
        self.assertEqual((first.target, second.target), (b"/", b"/before"))
        self.assertEqual(first.connection == second.connection, case.get("kept", False))

    def test_every_reply_of_the_case_list_is_passed_on_or_replaced_as_it_says(self):
        wanted = {  # what the client must see; kept: the connection to the app serves the next request too
            "R01": {"status": 200, "body": "ok", "kept": True},
            "R02": {"status": 200, "body": "ok"},
            "R03": {"status": 502},
            "R04": {"status": 502},
            "R05": {"cut_off": True},
            "R06": {"status": 200, "body": "ok"},
            "R07": {"status": 502},
            "R08": {"status": 204},
            "R09": {"status": 200, "kept": True},
            "R10": {"status": 200, "body": "ok", "kept": True},
            "R11": {"status": 502},
            "R12": {"status": 502},
            "R13": {"status": 502},
            "R14": {"status": 502},
            "R18": {"status": 502},
            "R20": {"cut_off": True},
        }
        table = {case["id"]: case for case in cases("responses.json")}
        self.assertEqual(set(table) - set(wanted), {"R15"})
        for way, port in self.each_way():
            for name, want in wanted.items():
                with self.subTest(case=name, what=table[name]["case"], **way):
                    self.check_reply({**table[name], **want}, port)

    def test_a_reply_before_the_requests_body_ends_reaches_the_client_while_it_sends(self):  # R15
        for way, port in self.each_way():
            with self.subTest(**way):
                self.app.reset(early=b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
                with Client(port) as client:
                    client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + KEY_LINE + b"Content-Length: 100000000\r\n\r\n")
                    client.send(b"x" * 4_000_000)
                    status, fields, _ = client.reply()
                    self.assertEqual((status, fields[b"connection"]), (413, [b"close"]))
                    client.rest()
                wait_until(lambda: self.app.accepted in self.app.ended, PATIENCE, "the app sees its connection end")

    def test_silence_is_a_504_and_the_apps_connection_is_given_up(self):  # R16
        for way, port in self.each_way():
            with self.subTest(**way):
                self.app.reset(lambda message, connection: None)
                with Client(port) as client:
                    client.send(self.ask[:-2] + b"Ringside-Timeout: 200ms\r\n\r\n")
                    self.assertEqual(client.reply()[0], 504)
                used = self.app.taken()[0].connection
                wait_until(lambda: used in self.app.ended, PATIENCE, "the app sees its connection end")

    def test_a_reused_connection_that_ends_at_once_costs_a_replayable_request_nothing(self):  # R17
        for way, port in self.each_way():
            for method, status in ((b"GET", 200), (b"POST", 502)):
                with self.subTest(**way, method=method):
                    self.app.reset()
                    with Client(port) as client:
                        client.send(GOOD)
                        client.reply()
                        first = []

                        def answer(message, connection):
                            if not first:
                                first.append(message)
                                return False
                            connection.sendall(OK)
                            return True

                        self.app.reply = answer
                        client.send(self.ask.replace(b"GET", method))
                        self.assertEqual(client.reply()[0], status)
                    self.assertEqual(len(self.app.taken()), 3 if status == 200 else 2)

    def test_what_the_app_says_unasked_is_given_to_nobody(self):  # R19
        for way, port in self.each_way():
            with self.subTest(**way):
                self.app.reset()
                connections = []

                def answer(message, connection):
                    connections.append(connection)
                    connection.sendall(OK)

                self.app.reset(answer)
                with Client(port) as client:
                    client.send(GOOD)
                    self.assertEqual(client.reply()[::2], (200, b"ok"))
                    connections[0].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                    used = self.app.taken()[0].connection
                    wait_until(lambda: used in self.app.ended, PATIENCE, "the app sees its connection end")
                    client.send(GOOD)
                    self.assertEqual(client.reply()[::2], (200, b"ok"))


class Timing(HttpCaseTest):
    """T01, T02, T06 to T09. The deadlines of T03 to T05 and the caps of T10 are tested on the worker itself."""

    chunked = b"POST / HTTP/1.1\r\nHost: a\r\n" + KEY_LINE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    two = keyed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    one = keyed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    def test_a_request_in_single_bytes_with_pauses_is_whole(self):
        for way, port in self.each_way():
            with self.subTest(**way), Client(port) as client:
                pause = threading.Event()
                for at in range(len(self.chunked)):
                    client.send(self.chunked[at:at + 1])
                    pause.wait(0.005)
                self.assertEqual(client.reply()[::2], (200, b"ok"))

    def test_two_pipelined_requests_cut_anywhere_are_answered_in_order(self):
        for way, port in self.each_way():
            for at in range(1, len(self.two)):
                with self.subTest(**way, at=at), Client(port) as client:
                    self.app.reset()
                    client.send(self.two[:at])
                    client.send(self.two[at:])
                    self.assertEqual([client.reply()[::2] for _ in range(2)], [(200, b"ok")] * 2)
                    self.assertEqual([m.target for m in self.app.taken()], [b"/", b"/2"])

    def test_who_has_said_all_and_closed_its_half_gets_the_reply(self):
        for way, port in self.each_way():
            with self.subTest(**way), Client(port) as client:
                client.send(self.one)
                client.end()
                self.assertEqual(client.reply()[::2], (200, b"ok"))
                self.assertEqual(client.rest(), b"")

    def test_a_client_that_resets_in_the_middle_of_a_reply_takes_it_from_the_app(self):
        for way, port in self.each_way():
            with self.subTest(**way):
                def answer(message, connection):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

                self.app.reset(answer)
                with Client(port) as client:
                    client.send(self.one)
                    client.until(b"half")
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                used = self.app.taken()[0].connection
                wait_until(lambda: used in self.app.ended, PATIENCE, "the app sees its connection end")

    def test_a_reply_that_nobody_reads_waits_at_the_app(self):
        size = 64 * 1024 * 1024
        for way, port in self.each_way():
            with self.subTest(**way):
                sent = []

                def answer(message, connection):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                    while True:
                        sent.append(connection.send(b"x" * 65536))

                self.app.reset(answer)
                daemons = [host.daemon for host in self.cluster.hosts]
                before = [resident_bytes(daemon.pid) for daemon in daemons]
                with Client(port) as client:
                    client.send(self.one)
                    client.until(b"\r\n\r\n")
                    told = 0
                    while sum(sent) != told or told == 0:  # until the app is stopped
                        told = sum(sent)
                        threading.Event().wait(0.2)
                    self.assertLess(told, size // 2)
                    with Client(port) as other:
                        self.app.reset()
                        other.send(GOOD)
                        self.assertEqual(other.reply()[::2], (200, b"ok"))
                    if not sanitized():
                        for daemon, bytes_before in zip(daemons, before):
                            self.assertLess(resident_bytes(daemon.pid) - bytes_before, 4 * 1024 * 1024)

    def test_behind_a_refused_request_nothing_is_served(self):
        bad = keyed(b"GET / HTTP/1.1\r\nHost: a\r\nX : v\r\n\r\n")
        for way, port in self.each_way():
            with self.subTest(**way), Client(port) as client:
                self.app.reset()
                client.send(bad + self.one)
                self.assertEqual(client.reply()[0], 400)
                self.assertEqual(client.rest(), b"")
                self.assertEqual(self.app.taken(), [])


if __name__ == "__main__":
    unittest.main()
