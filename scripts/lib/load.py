"""Sends many requests from a few threads over connections that are kept, and remembers every answer."""
import http.client
import itertools
import json
import threading
import time
from dataclasses import dataclass


@dataclass
class Result:
    key: str
    entry: str  # the host the request was sent to
    status: int  # 0: no answer at all
    app: str  # which app says it answered
    served_by: str  # which host the sidecar says answered
    error: str
    started: float
    ended: float

    @property
    def took(self):
        return self.ended - self.started


class Load:
    """Use as a context; leaving it waits for the threads. `results` may be read at any time."""

    def __init__(self, path_of, timeout=10):
        self.path_of, self.timeout = path_of, timeout
        self.results = []  # appended to by the threads; a list append is atomic
        self.threads = []
        self.stop_at = None  # monotonic time, or None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.stop_at = 0
        for thread in self.threads:
            thread.join()

    def send_all(self, work, threads):
        """Each (key, host) of `work` once."""
        self._start(iter(work), threads, 0)

    def send_forever(self, work, threads, pause=0):
        """Round and round, until finish_soon(); every request is followed by a pause in its thread."""
        self._start(itertools.cycle(work), threads, pause)

    def finish_soon(self, after):
        self.stop_at = time.monotonic() + after

    def sending(self):
        return any(thread.is_alive() for thread in self.threads)

    def failed(self):
        return sum(1 for r in list(self.results) if r.status != 200)

    def _start(self, work, threads, pause):
        lock = threading.Lock()

        def take():
            with lock:
                return next(work, None)

        self.threads = [threading.Thread(target=self._run, args=(take, pause), daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self, take, pause):
        connections = {}
        while self.stop_at is None or time.monotonic() < self.stop_at:
            item = take()
            if item is None:
                break
            key, host = item
            connection = connections.get(host.name)
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", host.api_port, timeout=self.timeout)
                connections[host.name] = connection
            result = self._request(connection, key, host)
            if result.status == 0:
                connection.close()
                del connections[host.name]
            self.results.append(result)
            if pause:
                time.sleep(pause)
        for connection in connections.values():
            connection.close()

    def _request(self, connection, key, host):
        started = time.monotonic()
        try:
            connection.request("GET", self.path_of(key))
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return Result(key, host.name, 0, "", "", repr(error), started, time.monotonic())
        ended = time.monotonic()
        app = json.loads(body).get("app", "") if response.status == 200 else ""
        error = response.headers.get("Ringside-Error", "") if response.status != 200 else ""
        return Result(key, host.name, response.status, app, response.headers.get("Ringside-Served-By", ""), error, started,
                      ended)
