#!/usr/bin/env python3
"""A stateful app in plain Python: counts requests per key in memory. It knows nothing of clusters or rings.

usage: app.py NAME PORT
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME, PORT = sys.argv[1], int(sys.argv[2])
counts = {}
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keep the connection
    wbufsize = 64 * 1024  # head and body in one write

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/stats":
            with lock:
                body = {"name": NAME, "keys": dict(counts)}
        else:
            key = self.headers.get("Ringside-Key", "")
            with lock:
                counts[key] = counts.get(key, 0) + 1
                body = {"app": NAME, "language": "Python", "key": key, "count": counts[key]}
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
