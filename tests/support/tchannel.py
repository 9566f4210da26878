"""TChannel v2 in Python, for fake peers and for tests of the edges; written from proto/spec/tchannel.md alone, so that it
is a second reading of the protocol and not an echo of our own codec.

Three levels, each usable without the next:
    frames       Frame, FrameReader, init_frame(), call_frames(), answer_frames(), error_frame(), Assembler
    Wire         a socket that sends and receives single frames (or raw bytes): for what no decent peer would send
    Connection   a handshaken connection in a thread of its own: call() out, handlers for what comes in
and Peer, which listens, keeps a connection for each address it calls, and serves calls on all of them.

    peer = Peer({"/echo": lambda call: Answer(arg3=call.arg3)})
    print(Peer().call("127.0.0.1:7601", "/health", service="ringpop").arg3)
"""
import contextlib
import dataclasses
import itertools
import queue
import socket
import struct
import threading
import zlib

INIT_REQ, INIT_RES, CALL_REQ, CALL_RES = 0x01, 0x02, 0x03, 0x04
CALL_REQ_CONTINUE, CALL_RES_CONTINUE = 0x13, 0x14
CANCEL, CLAIM, PING_REQ, PING_RES, ERROR = 0xC0, 0xC1, 0xD0, 0xD1, 0xFF

TIMEOUT, CANCELLED, BUSY, DECLINED, UNEXPECTED, BAD_REQUEST, NETWORK, UNHEALTHY, FATAL = 1, 2, 3, 4, 5, 6, 7, 8, 255

NO_ID = 0xFFFFFFFF
FRAME_MAX = 0xFFFF
HEADER = struct.Struct(">HBxI8x")
NO_TRACING = bytes(25)
CONTINUES = 0x01

NONE, CRC32, FARMHASH, CRC32C = 0, 1, 2, 3  # checksum types


# -- frames ----------------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Frame:
    type: int
    id: int
    payload: bytes = b""

    def encode(self):
        return HEADER.pack(HEADER.size + len(self.payload), self.type, self.id) + self.payload


class FrameReader:
    """Bytes in any pieces -> frames."""

    def __init__(self):
        self.held = b""

    def feed(self, data):
        self.held += data
        frames = []
        while len(self.held) >= HEADER.size:
            size, kind, number = HEADER.unpack_from(self.held)
            if size < HEADER.size:
                raise ValueError(f"a frame of {size} bytes")
            if len(self.held) < size:
                break
            frames.append(Frame(kind, number, self.held[HEADER.size:size]))
            self.held = self.held[size:]
        return frames


def text(value, length_format):
    value = value.encode() if isinstance(value, str) else bytes(value)
    return struct.pack(length_format, len(value)) + value


class Cursor:
    """Reads a payload from front to back; a read over the end is a ValueError."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if self.left() < count:
            raise ValueError(f"{count} bytes wanted, {self.left()} left")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def text(self, size):
        return self.take(self.number(size))


def init_headers(host_port, language="python", process="fake"):
    return {"host_port": host_port, "process_name": process, "tchannel_language": language,
            "tchannel_language_version": "3", "tchannel_version": "1"}


def init_frame(headers, kind=INIT_REQ, number=1, version=2):
    pairs = b"".join(text(k, ">H") + text(v, ">H") for k, v in headers.items())
    return Frame(kind, number, struct.pack(">HH", version, len(headers)) + pairs)


def parse_init(payload):
    """-> (version, headers)"""
    cursor = Cursor(payload)
    version, count = cursor.number(2), cursor.number(2)
    return version, {cursor.text(2).decode(): cursor.text(2).decode() for _ in range(count)}


def error_frame(number, code, message, tracing=NO_TRACING):
    return Frame(ERROR, number, bytes([code]) + tracing + text(message, ">H"))


def parse_error(payload):
    """-> (code, message)"""
    cursor = Cursor(payload)
    code = cursor.number(1)
    cursor.take(len(NO_TRACING))
    return code, cursor.text(2).decode(errors="replace")


def cancel_frame(number, why="not wanted any more", ttl_ms=1000):
    return Frame(CANCEL, number, struct.pack(">I", ttl_ms) + NO_TRACING + text(why, ">H"))


# -- calls -----------------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Call:
    """A call request; what a handler gets and call_frames() writes."""
    endpoint: str
    arg2: bytes = b""
    arg3: bytes = b""
    service: str = "ringpop"
    headers: dict = dataclasses.field(default_factory=lambda: {"as": "raw", "cn": "ringpop"})
    ttl_ms: int = 5000
    tracing: bytes = NO_TRACING
    checksum: int = CRC32C


@dataclasses.dataclass
class Answer:
    """A call response: code 0, or an application error with another one."""
    code: int = 0
    arg2: bytes = b""
    arg3: bytes = b""
    headers: dict = dataclasses.field(default_factory=lambda: {"as": "raw"})
    tracing: bytes = NO_TRACING
    checksum: int = CRC32C


class CallError(Exception):
    """An error frame came in the place of an answer."""

    def __init__(self, code, message):
        super().__init__(f"error {code}: {message}")
        self.code, self.message = code, message


CRC32C_TABLE = []
for _byte in range(256):
    for _ in range(8):
        _byte = (_byte >> 1) ^ (0x82F63B78 if _byte & 1 else 0)
    CRC32C_TABLE.append(_byte)


def crc32c(data, seed=0):
    value = seed ^ 0xFFFFFFFF
    for byte in data:
        value = CRC32C_TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def running_checksum(kind, data, seed):
    if kind == CRC32:
        return zlib.crc32(data, seed)
    return crc32c(data, seed) if kind == CRC32C else 0


def transport_headers(headers):
    return bytes([len(headers)]) + b"".join(text(k, ">B") + text(v, ">B") for k, v in headers.items())


def fragments(head, args, kind, size_max):
    """Yields (more, payload behind the flags) of each frame. head stands in the first one only."""
    sum_size = 0 if kind == NONE else 4
    budget = size_max - HEADER.size - 1  # of a payload without its flags
    checksum, payload, chunks = 0, head, []

    def room():
        return budget - len(payload) - 1 - sum_size - sum(2 + len(c) for c in chunks)

    def sealed():
        nonlocal checksum
        checksum = running_checksum(kind, b"".join(chunks), checksum)
        number = struct.pack(">I", checksum) if sum_size else b""
        return payload + bytes([kind]) + number + b"".join(text(c, ">H") for c in chunks)

    for index, arg in enumerate(args):
        if room() <= 2 and index > 0:  # nothing of the argument would fit: close the last one in the next frame
            yield True, sealed()
            payload, chunks = b"", [b""]
        while True:
            piece = arg[:room() - 2]
            chunks.append(piece)
            arg = arg[len(piece):]
            if not arg:
                break
            yield True, sealed()
            payload, chunks = b"", []
    yield False, sealed()


def call_frames(number, call, size_max=FRAME_MAX):
    head = struct.pack(">I", call.ttl_ms) + call.tracing + text(call.service, ">B") + transport_headers(call.headers)
    args = [call.endpoint.encode(), call.arg2, call.arg3]
    return split(number, (CALL_REQ, CALL_REQ_CONTINUE), head, args, call.checksum, size_max)


def answer_frames(number, answer, size_max=FRAME_MAX):
    head = bytes([answer.code]) + answer.tracing + transport_headers(answer.headers)
    return split(number, (CALL_RES, CALL_RES_CONTINUE), head, [b"", answer.arg2, answer.arg3], answer.checksum, size_max)


def split(number, kinds, head, args, checksum, size_max):
    first, later = kinds
    return [Frame(first if i == 0 else later, number, bytes([CONTINUES if more else 0]) + payload)
            for i, (more, payload) in enumerate(fragments(head, args, checksum, size_max))]


class Assembler:
    """Frames of calls or of answers -> Call or Answer, when the last one is there. Checksums are verified."""

    def __init__(self):
        self.open = {}  # (is a request, id) -> [message, arguments so far, checksum so far]

    def feed(self, frame):
        """-> the message that this frame completes, or None."""
        cursor = Cursor(frame.payload)
        more = bool(cursor.number(1) & CONTINUES)
        request = frame.type in (CALL_REQ, CALL_REQ_CONTINUE)
        key = (request, frame.id)
        if frame.type == CALL_REQ:
            ttl, tracing, service = cursor.number(4), cursor.take(25), cursor.text(1).decode()
            message = Call("", service=service, ttl_ms=ttl, tracing=tracing, headers=self.headers(cursor))
            self.open[key] = [message, [], 0]
        elif frame.type == CALL_RES:
            code, tracing = cursor.number(1), cursor.take(25)
            self.open[key] = [Answer(code, tracing=tracing, headers=self.headers(cursor)), [], 0]
        state = self.open[key]
        self.arguments(state, cursor, frame.type in (CALL_REQ, CALL_RES))
        if more:
            return None
        del self.open[key]
        message, args, _ = state
        if len(args) != 3:
            raise ValueError(f"a message with {len(args)} arguments")
        if request:
            message.endpoint = args[0].decode()
        message.arg2, message.arg3 = args[1], args[2]
        return message

    @staticmethod
    def headers(cursor):
        return {cursor.text(1).decode(): cursor.text(1).decode() for _ in range(cursor.number(1))}

    @staticmethod
    def arguments(state, cursor, first):
        message, args, before = state
        message.checksum = cursor.number(1)
        told = None if message.checksum == NONE else cursor.number(4)
        chunks = []
        while cursor.left():
            chunks.append(cursor.text(2))
        state[2] = running_checksum(message.checksum, b"".join(chunks), before)
        if message.checksum in (CRC32, CRC32C) and told != state[2]:
            raise ValueError(f"checksum {told:08x}, computed {state[2]:08x}")
        for index, chunk in enumerate(chunks):
            if index == 0 and not first:
                args[-1] += chunk
            else:
                args.append(chunk)


# -- sockets ---------------------------------------------------------------------------------------------------------

class Wire:
    """A socket, frame by frame. Nothing is answered by itself."""

    def __init__(self, sock):
        self.socket = sock
        self.reader = FrameReader()
        self.ready = []
        self.sending = threading.Lock()

    @classmethod
    def dial(cls, address, timeout=5):
        host, port = address.rsplit(":", 1)
        return cls(socket.create_connection((host.strip("[]"), int(port)), timeout))

    def send(self, *frames):
        """Frames, or raw bytes, in one write."""
        data = b"".join(f if isinstance(f, bytes) else f.encode() for f in frames)
        with self.sending:
            self.socket.sendall(data)

    def receive(self, timeout=5):
        """The next frame; None when the other end closed. TimeoutError when nothing comes."""
        self.socket.settimeout(timeout)
        while not self.ready:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.ready = self.reader.feed(data)
        return self.ready.pop(0)

    def handshake(self, headers=None):
        """As the dialler; -> the other end's headers."""
        self.send(init_frame(headers or init_headers("0.0.0.0:0")))
        frame = self.receive()
        if frame is None or frame.type != INIT_RES:
            raise ConnectionError(f"no init res but {frame}")
        return parse_init(frame.payload)[1]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other end was first
        self.socket.close()


def no_service(call, _):
    raise CallError(BAD_REQUEST, f"nothing is served here, no {call.endpoint} either")


class Connection:
    """A handshaken connection. Each incoming call runs its handler in a thread, so that handlers may wait or call."""

    def __init__(self, wire, serve, remote_headers, on_close=lambda connection: None):
        self.wire, self.serve, self.remote_headers, self.on_close = wire, serve, remote_headers, on_close
        self.assembler = Assembler()
        self.ids = itertools.count(2)
        self.waiting = {}
        self.closed = False
        self.why = None  # what broke the connection, if the other end did not just close
        threading.Thread(target=self.read, daemon=True).start()

    @classmethod
    def to(cls, address, headers=None):
        """Dialled, as one that serves nothing."""
        wire = Wire.dial(address)
        return cls(wire, no_service, wire.handshake(headers))

    def call(self, call, timeout=5):
        """-> Answer; CallError for an error frame, ConnectionError when the connection ends, TimeoutError."""
        answers = queue.Queue()
        number = next(self.ids)
        self.waiting[number] = answers
        try:
            if self.closed:
                raise ConnectionError("the connection has ended")
            self.wire.send(*call_frames(number, call))
            got = answers.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer to {call.endpoint} within {timeout} s") from None
        finally:
            self.waiting.pop(number, None)
        if isinstance(got, Exception):
            raise got
        return got

    def read(self):
        try:
            while (frame := self.wire.receive(timeout=None)) is not None:
                self.on_frame(frame)
        except (OSError, ValueError) as error:
            self.why = error
        self.closed = True
        self.wire.close()
        for answers in list(self.waiting.values()):
            answers.put(ConnectionError("the connection ended"))
        self.on_close(self)

    def on_frame(self, frame):
        if frame.type in (CALL_REQ, CALL_REQ_CONTINUE):
            if (call := self.assembler.feed(frame)) is not None:
                threading.Thread(target=self.answer, args=(frame.id, call), daemon=True).start()
        elif frame.type in (CALL_RES, CALL_RES_CONTINUE):
            if (answer := self.assembler.feed(frame)) is not None:
                self.deliver(frame.id, answer)
        elif frame.type == ERROR:
            self.deliver(frame.id, CallError(*parse_error(frame.payload)))
        elif frame.type == PING_REQ:
            self.wire.send(Frame(PING_RES, frame.id))

    def deliver(self, number, got):
        waiting = self.waiting.get(number)
        if waiting is not None:  # else it came too late
            waiting.put(got)

    def answer(self, number, call):
        try:
            answer = self.serve(call, self)
            if answer is None:
                return  # the handler wants silence
            answer.tracing, answer.checksum = call.tracing, call.checksum
            self.wire.send(*answer_frames(number, answer))
        except CallError as error:
            with contextlib.suppress(OSError):
                self.wire.send(error_frame(number, error.code, error.message, call.tracing))
        except OSError:
            pass  # the caller is gone

    def close(self):
        self.wire.close()


class Peer:
    """Listens, and serves calls by endpoint: handlers[endpoint](call) -> Answer, None for silence, or raises CallError."""

    def __init__(self, handlers=None, language="python", host="127.0.0.1"):
        self.handlers = dict(handlers or {})
        self.language = language
        self.listener = socket.create_server((host, 0))
        self.address = f"{host}:{self.listener.getsockname()[1]}"
        self.connections = {}  # address we dialled -> Connection
        self.accepted = []
        self.lock = threading.Lock()
        self.stopped = False
        threading.Thread(target=self.accept, daemon=True).start()

    def init_headers(self):
        return init_headers(self.address, self.language)

    def accept(self):
        while not self.stopped:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.welcome, args=(Wire(sock),), daemon=True).start()

    def welcome(self, wire):
        try:
            frame = wire.receive()
            if frame is None or frame.type != INIT_REQ:
                wire.close()
                return
            wire.send(init_frame(self.init_headers(), INIT_RES, frame.id))
        except (OSError, ValueError):
            wire.close()
            return
        with self.lock:
            self.accepted.append(Connection(wire, self.serve, parse_init(frame.payload)[1]))

    def serve(self, call, connection):
        handler = self.handlers.get(call.endpoint)
        if handler is None:
            raise CallError(BAD_REQUEST, f'no such endpoint service="{call.service}" endpoint="{call.endpoint}"')
        return handler(call)

    def connection_to(self, address):
        with self.lock:
            connection = self.connections.get(address)
            if connection is None or connection.closed:
                wire = Wire.dial(address)
                connection = Connection(wire, self.serve, wire.handshake(self.init_headers()))
                self.connections[address] = connection
            return connection

    def call(self, address, endpoint, arg2=b"", arg3=b"", timeout=5, **more):
        return self.connection_to(address).call(Call(endpoint, arg2, arg3, ttl_ms=int(timeout * 1000), **more), timeout)

    def stop(self):
        self.stopped = True
        self.listener.shutdown(socket.SHUT_RDWR)  # a close alone leaves accept() waiting
        self.listener.close()
        with self.lock:
            for connection in [*self.connections.values(), *self.accepted]:
                connection.close()
