"""The relay itself: each fault is what it says, in its direction, between its two ends, and chance is that of the seed."""
import os
import socket
import threading
import time
import unittest

from scenario import free_port, wait_until
from relay import Relay, Weather

HERE = os.getpid()


class Echo:
    """A server that returns what it gets."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    @staticmethod
    def serve(connection):
        with connection:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


class RelayFaults(unittest.TestCase):
    """This process is `a`, the echo behind the relay `b`."""

    def setUp(self):
        self.echo = Echo()
        self.addCleanup(self.echo.close)
        self.relay = self.enterContext(Relay(seed=7))
        self.relay.add("a", "127.0.0.1", 9, lambda: HERE)
        self.address = self.relay.add("b", "127.0.0.1", self.echo.port)

    def dial(self, timeout=5):
        host, port = self.address.split(":")
        client = socket.create_connection((host, int(port)), timeout=timeout)
        self.addCleanup(client.close)
        return client

    def ask(self, client, text=b"ping"):
        client.sendall(text)
        answer = b""
        while len(answer) < len(text):
            piece = client.recv(65536)
            if not piece:
                raise EOFError
            answer += piece
        return answer

    def silent(self, client, seconds=0.2):
        client.settimeout(seconds)
        try:
            return client.recv(1) is None
        except TimeoutError:
            return True
        finally:
            client.settimeout(5)

    def timed(self, client):
        started = time.monotonic()
        self.ask(client)
        return time.monotonic() - started

    def test_in_fair_weather_every_byte_passes_both_ways_and_an_end_is_an_end(self):
        client = self.dial()
        text = os.urandom(1 << 20)
        sender = threading.Thread(target=client.sendall, args=[text])
        sender.start()
        got = b""
        while len(got) < len(text):
            got += client.recv(65536)
        sender.join()
        self.assertEqual(got, text)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(1), b"")

    def test_a_delay_counts_in_the_direction_it_was_set_for_and_jitter_on_top(self):
        client = self.dial()
        self.relay.set(["a"], ["b"], Weather(delay=0.1))
        self.assertGreaterEqual(self.timed(client), 0.1)
        self.relay.set(["a"], ["b"], Weather(delay=0.1, jitter=0.1))
        self.relay.set(["b"], ["a"], Weather(delay=0.1))
        self.assertGreaterEqual(self.timed(client), 0.2)

    def test_a_delay_holds_up_no_bandwidth(self):
        # Ten pieces that are under way together are all there after one delay.
        self.relay.set(["a"], ["b"], Weather(delay=0.2))
        client = self.dial()
        started = time.monotonic()
        for number in range(10):
            client.sendall(bytes([number]))
            wait_until(lambda: time.monotonic() - started > 0.01 * (number + 1), 5, "a piece of its own")
        got = b""
        while len(got) < 10:
            got += client.recv(10)
        self.assertEqual(got, bytes(range(10)))
        self.assertLess(time.monotonic() - started, 10 * 0.2)

    def test_lost_pieces_are_stalled_or_end_the_connection(self):
        self.relay.set(["a"], ["b"], Weather(loss=1.0, stall=0.15))
        client = self.dial()
        self.assertGreaterEqual(self.timed(client), 0.15)
        self.assertEqual(self.relay.counts["stalled"], 1)
        self.relay.set(["a"], ["b"], Weather(loss=1.0, loss_resets=True))
        client.sendall(b"x")
        self.assertRaises(ConnectionResetError, client.recv, 1)

    def test_one_bit_flips_in_a_piece_that_is_spoilt(self):
        self.relay.set(["a"], ["b"], Weather(flips=1.0))
        client = self.dial()
        got = self.ask(client, bytes(100))
        self.assertEqual(sum(byte.bit_count() for byte in got), 1)

    def test_a_cut_holds_back_one_direction_until_it_is_mended(self):
        client = self.dial()
        self.ask(client)
        self.relay.set(["b"], ["a"], Weather(cut=True))
        client.sendall(b"late")
        self.assertTrue(self.silent(client))
        self.relay.mend()
        self.assertEqual(client.recv(4), b"late")

    def test_a_half_open_link_accepts_and_swallows_and_mending_it_resets_what_was_on_it(self):
        self.relay.set(["a"], ["b"], Weather(half_open=True))
        client = self.dial()
        client.sendall(b"gone")
        self.assertTrue(self.silent(client))
        wait_until(lambda: self.relay.counts["swallowed"], 5, "the relay has swallowed it")
        self.relay.mend()
        self.assertRaises(ConnectionResetError, client.recv, 1)
        self.assertEqual(self.ask(self.dial()), b"ping")

    def test_a_connection_breaks_after_the_byte_that_was_named_once(self):
        self.relay.set(["b"], ["a"], Weather(break_after=5))
        client = self.dial()
        client.sendall(b"1234567890")
        got = b""
        with self.assertRaises(ConnectionResetError):
            while piece := client.recv(100):
                got += piece
        self.assertIn(got, (b"12345", b""))  # a reset may overtake what was sent before
        self.assertEqual(self.ask(self.dial(), b"1234567890"), b"1234567890")

    def test_resetting_ends_the_connections_of_that_pair_and_no_others(self):
        client = self.dial()
        self.ask(client)
        self.relay.reset(["x"], ["b"])
        self.assertEqual(self.ask(client), b"ping")
        self.relay.reset(["b"], ["a"])
        self.assertRaises(ConnectionResetError, client.recv, 1)

    def test_rules_for_others_do_not_concern_who_dialled(self):
        self.relay.set(["x"], ["b"], Weather(cut=True))
        self.relay.set(["?"], ["b"], Weather(cut=True))
        self.assertEqual(self.ask(self.dial()), b"ping")

    def test_a_daemon_that_is_not_there_is_a_connection_that_is_reset(self):
        self.address = self.relay.add("c", "127.0.0.1", free_port())
        self.assertRaises(ConnectionResetError, self.dial().recv, 1)

    def test_the_same_seed_draws_the_same_weather_in_each_direction(self):
        def draws(seed, direction):
            relay = Relay(seed)
            relay._loop.close()
            return [relay._draw(direction) for _ in range(20)]

        self.assertEqual(draws(3, ("a", "b")), draws(3, ("a", "b")))
        self.assertNotEqual(draws(3, ("a", "b")), draws(4, ("a", "b")))
        self.assertNotEqual(draws(3, ("a", "b")), draws(3, ("b", "a")))
