"""Hosts on the loopback: a ringside and, beside it, an app; and a small HTTP client to talk to them.

A host here is what the operator would call one: both processes live and die together when it is killed.
"""
import http.client
import json
import os
import pathlib
import signal
import socket
from dataclasses import dataclass
from urllib.parse import quote

from processes import Process, accepts, free_port, wait_until

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
APPS = REPOSITORY / "scripts" / "demo_apps"
LANGUAGES = {"Python": ["python3", APPS / "app.py"], "Node": ["node", APPS / "app.js"], "Ruby": ["ruby", APPS / "app.rb"]}


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    def __getitem__(self, header):
        return self.headers.get(header)


def fetch(port, path, method="GET", headers=None, body=None, timeout=10):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def route(key, path="/"):
    """The path that reaches the owner of a key; a key may be any bytes."""
    return f"/v1/route/{quote(key, safe='')}{path}"


def clean_environment():
    """Ours, without settings that would reach the daemon behind the test's back."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RINGSIDE_")}


class Host:
    """One ringside and at most one app."""

    def __init__(self, binary, folder, name, app_command=None, app_address=None, flags=(), keep=False,
                 environment=None):
        self.binary, self.folder, self.name = binary, pathlib.Path(folder), name
        self.app_command, self.flags, self.keep = app_command, list(flags), keep
        self.environment = environment or {}  # of the daemon, besides ours
        self.api_port, self.peer_port = free_port(), free_port()
        self.app_port = free_port() if app_command and not app_address else None
        self.app_address = app_address or (f"127.0.0.1:{self.app_port}" if app_command else None)
        self.daemon = self.app = None
        self.seeds = []

    @property
    def peer_listener(self):
        return f"127.0.0.1:{self.peer_port}"

    @property
    def peer(self):
        """As the other members dial it."""
        return self.peer_listener

    def processes(self):
        return [p for p in (self.daemon, self.app) if p]

    def move(self):
        """Another address for the daemon's next life."""
        self.api_port, self.peer_port = free_port(), free_port()

    def start_app(self):
        target = self.app_address.removeprefix("unix:") if self.app_address.startswith("unix:") else self.app_port
        self.app = Process(f"app {self.name}", [*self.app_command, self.name, target], self.folder / f"app-{self.name}.log",
                           self.keep)
        wait_until(self.app_listens, 15, f"the app of {self.name} listens", [self.app])

    def app_listens(self):
        if self.app_port:
            return accepts(self.app_port)
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.app_address.removeprefix("unix:")) == 0

    @property
    def api_address(self):
        return f"127.0.0.1:{self.api_port}"

    def agent_command(self):
        command = [self.binary, "agent", "--name", self.name, "--listen-api", self.api_address,
                   "--listen-peer", self.peer_listener]
        for seed in self.seeds:
            command += ["--join", seed]
        if self.app_address:
            command += ["--app-address", self.app_address]
            if not self.app_command:  # an address without an app: health must not move its keys
                command += ["--app-health-required", "false"]
        return command + self.flags

    def start_daemon(self):
        self.daemon = Process(f"ringside {self.name}", self.agent_command(), self.folder / f"ringside-{self.name}.log",
                              self.keep, {**clean_environment(), **self.environment})

    def get(self, path, **options):
        return fetch(self.api_port, path, **options)

    def answers(self, path):
        """The status of a GET, or None while nobody listens."""
        try:
            return self.get(path, timeout=2).status
        except (OSError, http.client.HTTPException):
            return None

    def ready(self):
        return self.answers("/v1/readyz") == 204

    def members(self):
        return self.get("/v1/members").json()["members"]

    def ring(self):
        return self.get("/v1/ring").json()

    def owner(self, key):
        return self.get(f"/v1/lookup/{quote(key, safe='')}").json()["owner"]["name"]

    def kill(self):
        """The whole host at once, as a power cut would."""
        for process in self.processes():
            process.kill(signal.SIGKILL)
        for process in self.processes():
            process.wait()


class Cluster:
    """Several hosts that know each other as seeds. Leaving the `with` block ends every process."""

    def __init__(self, binary, folder):
        self.binary, self.folder, self.hosts = binary, pathlib.Path(folder), []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for host in self.hosts:
            host.kill()

    def add(self, name, **options):
        host = Host(self.binary, self.folder, name, **options)
        self.hosts.append(host)
        return host

    def processes(self):
        return [p for host in self.hosts for p in host.processes()]

    def start(self, hosts=None):
        """Apps first, then all daemons at once; returns when every one is ready."""
        hosts = hosts or self.hosts
        for host in hosts:
            host.seeds = [other.peer for other in self.hosts]
            if host.app_command:
                host.start_app()
        for host in hosts:
            host.start_daemon()
        for host in hosts:
            self.wait_ready(host)

    def wait_ready(self, host, timeout=15):
        wait_until(host.ready, timeout, f"{host.name} is ready", [host.daemon])

    def agree(self, hosts=None):
        """Do these hosts, and no others, see each other alive, with one membership and one ring checksum?

        A host without an app lives outside the ring."""
        hosts = hosts or [h for h in self.hosts if h.daemon.running()]
        expected = sorted((h.name, h.peer, "alive", bool(h.app_address)) for h in hosts)
        addresses = {h.peer for h in hosts}
        rings = [h.ring() for h in hosts]
        views = [h.get("/v1/members").json() for h in hosts]

        def seen(view):
            return sorted((m["name"], m["address"], m["status"], m["in_ring"]) for m in view["members"]
                          if m["status"] == "alive" or m["address"] in addresses)

        return (all(seen(v) == expected for v in views) and len({r["checksum"] for r in rings}) == 1
                and len({v["checksum"] for v in views}) == 1)

    def wait_agreed(self, timeout=15, hosts=None):
        wait_until(lambda: self.agree(hosts), timeout, "the hosts agree about the members and the ring",
                   [h.daemon for h in hosts or self.hosts])
