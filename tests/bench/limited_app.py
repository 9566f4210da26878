#!/usr/bin/env python3
"""An app that is limited by concurrency, not by the processor: it holds each request for a while and takes so many at
once; more get its own 503. usage: limited_app.py PLACES HOLD_MS NAME PORT

  /seen   JSON: how many requests it served, how many it turned away, and how many it ever had at once
  else    its name, after the hold
"""
import asyncio
import json
import sys

PLACES, HOLD_MS, NAME, PORT = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
seen = {"served": 0, "turned_away": 0, "most": 0}
inside = 0


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.input = transport, b""

    def data_received(self, data):
        self.input += data
        while b"\r\n\r\n" in self.input:
            head, _, self.input = self.input.partition(b"\r\n\r\n")
            self.request(head.split(b" ", 2)[1])

    def request(self, path):
        global inside
        if path == b"/seen":
            return self.answer(200, json.dumps(seen))
        if inside >= PLACES:
            seen["turned_away"] += 1
            return self.answer(503, "full")
        inside += 1
        seen["most"] = max(seen["most"], inside)
        asyncio.get_running_loop().call_later(HOLD_MS / 1000, self.done)

    def done(self):
        global inside
        inside -= 1
        seen["served"] += 1
        self.answer(200, NAME)

    def answer(self, status, text):
        self.transport.write(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text.encode()))


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", PORT, backlog=1024)
    await server.serve_forever()


asyncio.run(main())
