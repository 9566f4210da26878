"""An app that keeps a journal: what it was asked, when it began and when it was done, one line each in a file that
outlives it. For tests that kill it and want to know what ran.

usage: journal.py JOURNAL NAME PORT

Each request names itself in the header X-Id. Lines: `begin ID METHOD`, `end ID METHOD`, `start PID`. A write is one
system call on a file opened for appending, so what was written before a SIGKILL is there.
"""
import asyncio
import os
import sys


async def serve(reader, writer, journal):
    def note(word, *rest):
        os.write(journal, (" ".join((word, *rest)) + "\n").encode())

    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method = head[0].split(" ", 1)[0]
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            length = int(fields.get("content-length", "0"))
            if length:
                await reader.readexactly(length)
            request = fields.get("x-id", "-")
            note("begin", request, method)
            await asyncio.sleep(0.002)
            note("end", request, method)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    path, _name, port = sys.argv[1:4]
    journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(journal, f"start {os.getpid()}\n".encode())
    server = await asyncio.start_server(lambda r, w: serve(r, w, journal), "127.0.0.1", int(port), backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
