"""An app on a raw socket that keeps what it got byte for byte and answers what it is told to."""
import re
import socket
import threading

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Message:
    """One request as it came: raw bytes, taken apart without being lenient."""

    def __init__(self, head, body, wire):
        self.head, self.body, self.wire = head, body, wire  # wire: the body with its framing
        self.connection = None  # the number of the connection it came on
        start, *lines = head.split(b"\r\n")[:-2]
        self.method, self.target, self.version = start.split(b" ")
        self.fields = []
        for line in lines:
            name, value = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?(.*)", line, re.DOTALL).groups()
            self.fields.append((name, value))

    def values(self, name):
        return [value for known, value in self.fields if known.lower() == name.lower()]

    def __repr__(self):
        return repr(self.head + self.wire)


class Recorder:
    """Each whole request is kept in `messages` before it is answered with `reply`: bytes, or a function that is given
    the message and the connection, and answers itself; it returns False to have the connection closed. `early` is sent
    behind a request's head, whose body is then not kept."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.accepted, self.ended = 0, set()  # connections: how many, the numbers of those that are over
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self, reply=OK, early=b""):
        with self.lock:
            self.messages, self.reply, self.early = [], reply, early

    def taken(self):
        with self.lock:
            return list(self.messages)

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(connection, self.accepted), daemon=True).start()

    def _serve(self, connection, number):
        reader = _Reader(connection)
        try:
            with connection:
                while self._answer(reader, connection, number):
                    pass
        except (EOFError, OSError):
            pass
        with self.lock:
            self.ended.add(number)

    def _answer(self, reader, connection, number):
        head = reader.until(b"\r\n\r\n")
        if self.early:
            connection.sendall(self.early)
            while connection.recv(65536):
                pass
            return False
        message = reader.message(head)
        message.connection = number
        with self.lock:
            self.messages.append(message)
            reply = self.reply
        if callable(reply):
            return reply(message, connection) is not False
        connection.sendall(reply)
        return True


class _Reader:
    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    def _more(self):
        data = self.connection.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def until(self, end):
        while end not in self.buffer:
            self._more()
        part, _, self.buffer = self.buffer.partition(end)
        return part + end

    def exactly(self, count):
        while len(self.buffer) < count:
            self._more()
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def message(self, head):
        if length := re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", head):
            body = self.exactly(int(length[1]))
            return Message(head, body, body)
        if b"\r\nTransfer-Encoding: chunked\r\n" not in head:
            return Message(head, b"", b"")
        body = wire = b""
        while True:
            line = self.until(b"\r\n")
            wire += line
            size = int(line, 16)
            if size == 0:
                break
            piece = self.exactly(size + 2)
            wire += piece
            body += piece[:-2]
        while (line := self.until(b"\r\n")) != b"\r\n":
            wire += line
        return Message(head, body, wire + b"\r\n")
