"""The app of the Compose files: counts requests per key in memory, on PORT (5000). It needs no library of ringside's.

  GET /anything    counts a request for the key that it came for
  GET /ask/KEY     asks the ringside beside it for another key, as an app calls another instance of itself
"""
import http.client
import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

counts = {}
lock = threading.Lock()


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def ask(key):
    """A GET for a key, wherever it lives: what changes is the base address, and one header."""
    address = os.environ.get("RINGSIDE_ADDR", "http://127.0.0.1:7600")
    if address.startswith("unix://"):
        connection = UnixConnection(address.removeprefix("unix://"), timeout=10)
    else:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    headers = {"Ringside-Key": key}
    if token_file := os.environ.get("RINGSIDE_API_TOKEN_FILE"):
        with open(token_file, encoding="ascii") as file:
            headers["Authorization"] = f"Bearer {file.read().strip()}"
    if connection.host.startswith("/"):
        headers["Host"] = "localhost"
    connection.request("GET", "/count", headers=headers)
    response = connection.getresponse()
    return response.status, response.read()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/ask/"):
            status, data = ask(self.path.removeprefix("/ask/"))
        else:
            key = self.headers.get("Ringside-Key", "")
            with lock:
                counts[key] = counts.get(key, 0) + 1
                status, data = 200, json.dumps({"app": socket.gethostname(), "key": key, "count": counts[key]}).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "5000"))), Handler).serve_forever()
