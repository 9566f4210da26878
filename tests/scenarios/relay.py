"""A relay between daemons that makes the network bad: late, jittery, lossy, cut, one-way or half-open.

Each daemon advertises an address of the relay, so whatever others send it passes here; namespaces and root are not
needed. What the relay cannot know from an address is who dialled: it finds the process at the other end of the socket in
the kernel's tables. So every rule is about a direction between two daemons, whoever opened the connection.

What TCP makes of faults is what is played: it never loses bytes from the middle of a stream. So loss is a stall (a
segment that is sent again) or a reset, a cut holds back what is sent until it is mended (or until an end gives up), and
a half-open link takes everything and delivers nothing: no later byte could make sense of it, so mending one resets its
connections. The relay accepts for the daemon, so a connect through a cut succeeds; connects that hang are for the
namespaces of network.py.

Chance comes from a seed, one sequence for each direction. It decides about pieces as the kernel hands them over, so a
seed gives the same kind of weather again, not the same run.

Everything but the public functions runs in one thread with an event loop.
"""
import asyncio
import collections
import os
import random
import socket
import struct
import threading
from dataclasses import dataclass, field

PIECE = 64 * 1024  # bytes, read at once
PREFACE = b"PRI * HTTP/2.0"  # what a link for forwarded requests begins with; gossip is TChannel
PIECES_WAITING = 32  # under way in one direction; then the sender is not read, as if its window were full


@dataclass
class Weather:
    """What happens to bytes on the way from one daemon to another; times in seconds, shares from 0 to 1."""
    delay: float = 0.0
    jitter: float = 0.0  # on top of the delay, evenly drawn; order is kept
    loss: float = 0.0  # share of the pieces
    stall: float = 0.2  # what a lost piece costs: the least time after which TCP sends again
    loss_resets: bool = False  # a lost piece ends the connection instead
    flips: float = 0.0  # share of the pieces in which one bit flips
    cut: bool = False  # held back
    half_open: bool = False  # swallowed
    break_after: int = -1  # bytes, after which the connection is reset, once; -1: never
    spares_gossip: bool = False  # only links that carry forwarded requests are concerned,
    spares_forwarding: bool = False  # or only the others


CALM = Weather()


@dataclass
class Doorway:
    """Where one daemon is dialled."""
    name: str
    target: tuple  # host and port of the daemon
    address: str = ""  # of the relay, for this daemon to advertise
    connections: set = field(default_factory=set)


@dataclass(eq=False)
class Connection:
    ends: tuple  # names: who dialled, who was dialled
    writers: list
    forwards: bool = False
    tainted: bool = False  # something was swallowed

    def reset(self):
        """Both ends get a reset, what was under way is lost."""
        for writer in self.writers:
            reset(writer)


def reset(writer):
    """A close that sends a reset instead of an end."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def owner_of(address, port, pids):
    """Which of the processes holds the socket of the loopback with this local address; None if none does."""
    local = f"{struct.unpack('=I', socket.inet_aton(address))[0]:08X}:{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        inodes = {fields[9] for fields in map(str.split, table) if fields[1] == local}
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for pid in pids:
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                for entry in entries:
                    if os.readlink(entry.path) in wanted:
                        return pid
        except OSError:  # it has just ended, or just closed that descriptor
            continue
    return None


class Relay:
    """Use as a context; leaving it resets what is left."""

    def __init__(self, seed=1):
        self.seed = seed
        self.doorways = {}
        self.processes = {}  # name -> a function that gives the pid, or None
        self.counts = collections.Counter()  # what was done: accepted, refused, delayed, stalled, reset, held, swallowed, flipped
        self._weather = {}
        self._chance = {}
        self._changed = None  # an event: the weather is not what it was
        self._serving = set()  # a task for each connection
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay")

    def __enter__(self):
        self._thread.start()
        self._do(self._begin())
        return self

    def __exit__(self, *_):
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def add(self, name, host, port, pid=lambda: None):
        """A daemon to stand before. `pid` says under which process it runs now. Gives the address to advertise."""
        return self._do(self._add(name, host, port, pid))

    def set(self, sources, targets, weather):
        """The weather for what each of `sources` sends to each of `targets`."""
        self._do(self._set([(a, b) for a in sources for b in targets if a != b], weather))

    def set_both(self, some, others, weather):
        self.set(some, others, weather)
        self.set(others, some, weather)

    def reset(self, some, others):
        """Ends the connections between them, now."""
        self._do(self._reset({(a, b) for a in some for b in others} | {(b, a) for a in some for b in others}))

    def mend(self):
        """Fair weather everywhere. Connections of which something was swallowed are reset."""
        self._do(self._mend())

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _begin(self):
        self._changed = asyncio.Event()

    async def _end(self):
        for doorway in self.doorways.values():
            doorway.server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _add(self, name, host, port, pid):
        doorway = self.doorways[name] = Doorway(name, (host, port))
        self.processes[name] = pid
        doorway.server = await asyncio.start_server(lambda *streams: self._accept(doorway, *streams), "127.0.0.1", 0)
        doorway.address = "{}:{}".format(*doorway.server.sockets[0].getsockname())
        return doorway.address

    async def _set(self, directions, weather):
        for direction in directions:
            self._weather[direction] = weather
        self._news()

    async def _reset(self, directions):
        for doorway in self.doorways.values():
            for connection in list(doorway.connections):
                if connection.ends in directions:
                    self.counts["reset"] += 1
                    connection.reset()

    async def _mend(self):
        self._weather.clear()
        for doorway in self.doorways.values():
            for connection in list(doorway.connections):
                if connection.tainted:
                    connection.reset()
        self._news()

    def _news(self):
        self._changed.set()
        self._changed = asyncio.Event()

    def _weather_of(self, connection, direction):
        weather = self._weather.get(direction, CALM)
        spared = weather.spares_forwarding if connection.forwards else weather.spares_gossip
        return CALM if spared else weather

    def _draw(self, direction):
        chance = self._chance.get(direction)
        if chance is None:
            chance = self._chance[direction] = random.Random(f"{self.seed} {direction[0]} {direction[1]}")
        return chance.random()

    def _flipped(self, direction, data):
        bit = int(self._draw(direction) * len(data) * 8)
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    def _who_dialled(self, writer):
        address, port = writer.get_extra_info("peername")[:2]
        pids = {pid(): name for name, pid in self.processes.items()}
        pids.pop(None, None)
        return pids.get(owner_of(address, port, pids), "?")

    def _accept(self, doorway, reader, writer):
        task = self._loop.create_task(self._serve(doorway, reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, doorway, reader, writer):
        source = self._who_dialled(writer)
        try:
            onward_reader, onward_writer = await asyncio.open_connection(*doorway.target)
        except OSError:
            self.counts["refused"] += 1
            reset(writer)  # as near as one comes to a refusal after the accept
            return
        self.counts["accepted"] += 1
        connection = Connection((source, doorway.name), [writer, onward_writer])
        doorway.connections.add(connection)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(connection, (source, doorway.name), reader, onward_writer))
                group.create_task(self._carry(connection, (doorway.name, source), onward_reader, writer))
            for each in connection.writers:  # both ends have said all they had to say, and it is written
                each.close()
                await each.wait_closed()
        except* OSError:
            pass
        finally:
            doorway.connections.discard(connection)
            connection.reset()

    async def _carry(self, connection, direction, reader, writer):
        """One direction: a reader that gives each piece its time, and a writer that keeps it."""
        pieces = asyncio.Queue(PIECES_WAITING)

        async def deliver():
            sent = 0
            while True:
                due, data = await pieces.get()
                if due > self._loop.time():
                    self.counts["delayed"] += 1
                    await asyncio.sleep(due - self._loop.time())
                while (weather := self._weather_of(connection, direction)).cut:
                    self.counts["held"] += 1
                    await self._changed.wait()
                if not data:
                    if not connection.tainted and writer.can_write_eof():
                        writer.write_eof()
                    return
                if weather.half_open or connection.tainted:
                    self.counts["swallowed"] += 1
                    connection.tainted = True
                    continue
                if 0 <= weather.break_after <= sent + len(data):
                    writer.write(data[:weather.break_after - sent])
                    await writer.drain()
                    weather.break_after = -1
                    self.counts["reset"] += 1
                    raise ConnectionResetError
                if weather.flips and self._draw(direction) < weather.flips:
                    self.counts["flipped"] += 1
                    data = self._flipped(direction, data)
                sent += len(data)
                writer.write(data)
                await writer.drain()

        async def read():
            while True:
                data = await reader.read(PIECE)
                if direction == connection.ends and data.startswith(PREFACE):
                    connection.forwards = True
                weather = self._weather_of(connection, direction)
                wait = weather.delay + weather.jitter * self._draw(direction)
                if data and weather.loss and self._draw(direction) < weather.loss:
                    if weather.loss_resets:
                        self.counts["reset"] += 1
                        raise ConnectionResetError
                    self.counts["stalled"] += 1
                    wait += weather.stall
                await pieces.put((self._loop.time() + wait, data))
                if not data:
                    return

        async with asyncio.TaskGroup() as group:
            group.create_task(deliver())
            group.create_task(read())
