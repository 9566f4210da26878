"""Requests in an open loop behind a load balancer: they leave when they are due, however long the answers take.

The balancer is the plain one that people have in front of a cluster: it asks every node's /v1/readyz ten times a second
and sends requests, in turn, to those that are ready, over connections that are kept. It repeats nothing that it has sent.
GET and POST take turns, each with an id of its own in X-Id; what became of each is a line of JSON in a file, for
tests/support/ledger.py.
"""
import asyncio
import collections
import json
import threading
import time
from urllib.parse import quote

KEYS = [f"user:{i}" for i in range(200)]
ASK_EVERY = 0.1
UNDER_WAY = 2000  # more are not sent but counted as failed: the load is too much for this machine
TIMEOUT = 15


class OpenLoad:
    def __init__(self, hosts, rate, record):
        """`hosts`: names to API ports; may be changed by put() and take(). `record`: path of the file."""
        self.hosts, self.rate, self.record = dict(hosts), rate, record
        self.ready = collections.OrderedDict()
        self.pools = collections.defaultdict(list)
        self.sent = self.ended = self.failed = 0
        self.stopping = False
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._main, daemon=True)
        self.thread.start()

    def put(self, name, port):
        self.loop.call_soon_threadsafe(self.hosts.__setitem__, name, port)

    def take(self, name):
        self.loop.call_soon_threadsafe(self._take, name)

    def stop(self):
        """Waits for the answers that are still due."""
        self.stopping = True
        self.thread.join(60)
        if self.thread.is_alive():
            raise TimeoutError("the load does not end")

    def _take(self, name):
        self.hosts.pop(name, None)
        self._not_ready(name)

    def _not_ready(self, name):
        self.ready.pop(name, None)
        for _, writer in self.pools.pop(name, []):
            writer.close()

    def _main(self):
        with open(self.record, "w", encoding="ascii", buffering=1 << 16) as self.file:
            self.loop.run_until_complete(self._run())
        self.loop.close()

    async def _run(self):
        asking = asyncio.create_task(self._ask())
        while not self.ready:
            await asyncio.sleep(0.01)
        tasks, first, number = set(), time.monotonic(), 0
        while not self.stopping:
            due = first + number / self.rate
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            task = asyncio.create_task(self._send(number, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.gather(*tasks)
        asking.cancel()
        for name in list(self.pools):
            self._not_ready(name)

    async def _ask(self):
        async def one(name, port):
            status = 0
            try:
                async with asyncio.timeout(1):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(b"GET /v1/readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    status = int((await reader.readline()).split()[1])
                    writer.close()
            except (OSError, IndexError, TimeoutError):
                pass
            if status == 204 and self.hosts.get(name) == port:
                self.ready[name] = port
            else:
                self._not_ready(name)

        while True:
            await asyncio.gather(*(one(name, port) for name, port in list(self.hosts.items())))
            await asyncio.sleep(ASK_EVERY)

    async def _connection(self):
        """To the next ready host. One that refuses is passed over: nothing was sent to it."""
        for _ in range(len(self.hosts) + 1):
            if not self.ready:
                break
            name, port = next(iter(self.ready.items()))
            self.ready.move_to_end(name)
            pool = self.pools[name]
            while pool:
                reader, writer = pool.pop()
                if not reader.at_eof():
                    return name, reader, writer
                writer.close()
            try:
                return name, *await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                self._not_ready(name)
        raise ConnectionError("no host is ready")

    async def _send(self, number, due):
        request = {"id": str(number), "method": "GET" if number % 2 == 0 else "POST", "due": due, "status": 0}
        self.sent += 1
        try:
            if self.sent - self.ended > UNDER_WAY:
                raise ConnectionError(f"more than {UNDER_WAY} are under way")
            async with asyncio.timeout(TIMEOUT):
                await self._exchange(request, KEYS[number % len(KEYS)])
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            request["error"] = repr(error)
        request["ended"] = time.monotonic()
        self.ended += 1
        self.failed += request["status"] != 200
        self.file.write(json.dumps(request) + "\n")

    async def _exchange(self, request, key):
        request["entry"], reader, writer = await self._connection()
        try:
            body = b"" if request["method"] == "GET" else b"body"
            writer.write(f"{request['method']} /v1/route/{quote(key)}/ HTTP/1.1\r\nHost: localhost\r\nX-Id: {request['id']}\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            content = await reader.readexactly(int(fields.get("content-length", 0)))
        except BaseException:
            writer.close()
            raise
        request["status"] = int(head[0].split()[1])
        request["served_by"] = fields.get("ringside-served-by", "")
        if request["status"] != 200:
            request["error"] = content.decode("utf-8", "replace")
        if fields.get("connection", "").lower() == "close" or request["entry"] not in self.ready:
            writer.close()
        else:
            self.pools[request["entry"]].append((reader, writer))
