#!/usr/bin/env python3
"""The app behind the cluster tests: says what reached it, and misbehaves on demand. usage: echo.py NAME PORT|SOCKET_PATH

  /echo/...         JSON: app, method, path, headers, size and SHA-256 of the body
  /bytes/N          N bytes with a Content-Length       /chunks/N  N chunks of 1,000 bytes, chunked
  /status/CODE      that status, no body                /slow/S    answers after S seconds
  /hang-up          closes the connection unanswered    /count     how many requests /slow and /hang-up had
"""
import hashlib
import json
import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME, WHERE = sys.argv[1:3]
seen = {"count": 0}
lock = threading.Lock()
nobody_waits = threading.Event()  # never set: a pause that the end of the process cuts short


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024

    def address_string(self):
        return "-"

    def log_message(self, *_):
        pass

    def chunked_body(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass

    def plain_body(self):
        left = int(self.headers.get("Content-Length", 0))
        while left and (piece := self.rfile.read(min(left, 65536))):
            left -= len(piece)
            yield piece

    def answer(self, status, body=b"", content_type="application/octet-stream"):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        size, digest = 0, hashlib.sha256()
        for piece in self.chunked_body() if chunked else self.plain_body():
            size += len(piece)
            digest.update(piece)
        what, _, argument = self.path.lstrip("/").partition("?")[0].partition("/")
        if what in ("slow", "hang-up"):
            with lock:
                seen["count"] += 1
        if what == "bytes":
            self.answer(200, (bytes(range(251)) * (int(argument) // 251 + 1))[:int(argument)])
        elif what == "chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(int(argument)):
                self.wfile.write(b"3e8\r\n" + bytes([i % 256]) * 1000 + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif what == "status":
            self.answer(int(argument))
        elif what == "slow":
            nobody_waits.wait(float(argument))
            self.answer(200)
        elif what == "hang-up":
            self.close_connection = True
        elif what == "count":
            self.answer(200, json.dumps(seen).encode())
        else:
            said = {"app": NAME, "method": self.command, "path": self.path, "headers": self.headers.items(), "size": size,
                    "sha256": digest.hexdigest(), "chunked": chunked}
            self.answer(200, json.dumps(said).encode(), "application/json")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any


class UnixServer(ThreadingHTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self):
        if os.path.exists(self.server_address):
            os.unlink(self.server_address)
        self.socket.bind(self.server_address)


ThreadingHTTPServer.request_queue_size = 128
if "/" in WHERE:
    UnixServer(WHERE, Handler).serve_forever()
else:
    ThreadingHTTPServer(("127.0.0.1", int(WHERE)), Handler).serve_forever()
