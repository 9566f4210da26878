"""The TChannel of the fake peers, held against frames that real peers sent: what it misreads, tests would misjudge."""
import json
import os
import sys
import unittest

from support import ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
import tchannel  # noqa: E402

CAPTURED = json.loads((ROOT / "proto" / "vectors" / "tchannel" / "captured-frames.json").read_text())


def captured(*kinds):
    for row in CAPTURED:
        for side in ("req", "res"):
            data = bytes.fromhex(row[side]["hex"]) if row.get(side) else b""
            if data and data[2] in kinds:
                yield f"{row['capture']}: {row['what']} {side}", data


class FakePeerCodec(unittest.TestCase):
    def test_captured_handshakes_are_read_and_written_back_byte_for_byte(self):
        seen = 0
        for what, data in captured(tchannel.INIT_REQ, tchannel.INIT_RES):
            with self.subTest(what):
                [frame] = tchannel.FrameReader().feed(data)
                version, headers = tchannel.parse_init(frame.payload)
                self.assertEqual(tchannel.init_frame(headers, frame.type, frame.id, version).encode(), data)
                seen += 1
        self.assertGreater(seen, 3)

    def test_captured_calls_and_answers_are_read_and_written_back_byte_for_byte(self):
        seen = 0
        for what, data in captured(tchannel.CALL_REQ, tchannel.CALL_RES):
            with self.subTest(what):
                [frame] = tchannel.FrameReader().feed(data)
                message = tchannel.Assembler().feed(frame)
                if message is None:
                    continue  # the first frame of several
                write = tchannel.call_frames if frame.type == tchannel.CALL_REQ else tchannel.answer_frames
                [written] = write(frame.id, message)
                self.assertEqual(written.encode(), data)
                seen += 1
        self.assertGreater(seen, 20)

    def test_messages_of_any_size_survive_any_frame_size(self):
        for size_max in (100, 101, 102, 103, 257, tchannel.FRAME_MAX):
            for length in (*range(0, 120), 70_000):
                with self.subTest(size_max=size_max, length=length):
                    call = tchannel.Call("/x", os.urandom(length // 2), os.urandom(length), checksum=tchannel.CRC32)
                    assembler, built = tchannel.Assembler(), []
                    for frame in tchannel.call_frames(7, call, size_max):
                        self.assertLessEqual(len(frame.encode()), size_max)
                        built.append(assembler.feed(frame))
                    self.assertEqual(built, [None] * (len(built) - 1) + [call])

    def test_two_peers_call_each_other_over_connections_of_their_own(self):
        echo = {"/echo": lambda call: tchannel.Answer(arg2=call.arg2, arg3=call.arg3)}
        one, other = tchannel.Peer(echo), tchannel.Peer(echo)
        self.addCleanup(one.stop)
        self.addCleanup(other.stop)
        body = os.urandom(200_000)
        for caller, callee in ((one, other), (other, one)):
            answer = caller.call(callee.address, "/echo", b"head", body)
            self.assertEqual((answer.code, answer.arg2, answer.arg3), (0, b"head", body))
        with self.assertRaises(tchannel.CallError) as refused:
            one.call(other.address, "/nowhere")
        self.assertEqual(refused.exception.code, tchannel.BAD_REQUEST)
