"""What the scenarios share: hosts in namespaces, what their logs say happened when, and figures with the load they were
taken under.

Observing must not disturb: daemons are asked through unix sockets, which no fault of the network reaches, and what
happened when is read from their logs, whose lines carry milliseconds. So a false alarm that is over between two looks is
seen too.
"""
import collections
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import shutil
import socket
import sys
import threading
import time
import unittest
from dataclasses import dataclass

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "cluster"))
from support import ROOT, Cluster, ClusterTest, free_port, wait_until  # noqa: E402,F401
from cluster import Answer, Host, route  # noqa: E402
from processes import Timeout  # noqa: E402
import network  # noqa: E402
from relay import Relay  # noqa: E402

NOBODY = "127.0.0.1:9"  # stands for an app: the member owns keys, and nothing is forwarded in these tests
USUAL = ["--workers", "1", "--observability-log-format", "json"]
LOGS = pathlib.Path(os.environ.get("RINGSIDE_BUILD") or ROOT / "build") / "scenarios"  # of what failed


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def fetch_unix(path, target, method="GET", headers=None, body=None, timeout=10):
    """As cluster.fetch, over a unix socket."""
    connection = UnixConnection(path, timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class NetworkHost(Host):
    """A host with a namespace of its own: the peer port is on its cable, the API a unix socket."""

    def __init__(self, binary, folder, name, namespace, address, **options):
        super().__init__(binary, folder, name, **options)
        self.namespace, self.address = namespace, address
        self.api_socket = self.folder / f"{name}.sock"

    @property
    def peer_listener(self):
        return f"{self.address}:7601"

    def agent_command(self):
        return self.namespace.enter(*super().agent_command())

    @property
    def api_address(self):
        return f"unix:{self.api_socket}"

    def get(self, path, **options):
        return fetch_unix(self.api_socket, path, **options)


class RelayHost(Host):
    """A host on the loopback that is reached through the relay."""

    def __init__(self, binary, folder, name, relay, **options):
        super().__init__(binary, folder, name, **options)
        self.relayed = relay.add(name, "127.0.0.1", self.peer_port, lambda: self.daemon and self.daemon.pid)
        self.flags += ["--advertise", self.relayed]

    @property
    def peer(self):
        return self.relayed


@dataclass(frozen=True)
class Change:
    """A member's row changed, as one host's log has it."""
    at: float  # seconds since 1970, by the clock of the host that says so
    observer: str
    name: str
    before: str
    after: str


class Timeline:
    """What the logs of some hosts say about members. Only what is new is read at each look."""

    def __init__(self, hosts):
        self.hosts = hosts
        self.changes = []
        self.times = collections.defaultdict(list)  # (host, event): when it was logged
        self._read = collections.defaultdict(int)
        self._state = {}

    def skip(self):
        """Begins with what is logged from now on."""
        for host in self.hosts:
            self._read[host.name] = os.path.getsize(host.daemon.log_path)

    def look(self):
        for host in self.hosts:
            try:
                with open(host.daemon.log_path, "rb") as log:
                    log.seek(self._read[host.name])
                    text = log.read()
            except FileNotFoundError:
                continue
            whole = text[:text.rfind(b"\n") + 1]
            self._read[host.name] += len(whole)
            for line in whole.splitlines():
                self._take(host.name, line)
        return self

    def _take(self, observer, line):
        try:
            entry = json.loads(line)
        except ValueError:  # not of the log: what a sanitizer or a loader has to say
            return
        at = datetime.datetime.fromisoformat(entry["ts"]).timestamp()
        self.times[observer, entry["event"]].append(at)
        if entry["event"] == "member_changed":
            self.changes.append(Change(at, observer, entry["name"], entry["before"], entry["after"]))
            self._state[observer, entry["name"]] = entry["after"]

    def state(self, observer, name):
        """How `observer` sees `name`; None when its log has not named it."""
        return self._state.get((observer, name))

    def all_see(self, observers, names, status):
        self.look()
        return all(self.state(observer, name) == status for observer in observers for name in names if observer != name)

    def became(self, status, since=0.0, names=None, observers=None):
        """The changes to a status, in the order of time."""
        return sorted((c for c in self.look().changes if c.after == status and c.at >= since
                       and (names is None or c.name in names) and (observers is None or c.observer in observers)),
                      key=lambda change: change.at)

    def last(self, event):
        """When the last host logged this event for the last time."""
        return max(self.times[host.name, event][-1] for host in self.look().hosts)

    def removals(self, since=0.0, **whom):
        return self.became("faulty", since, **whom)


class ScenarioTest(ClusterTest):
    """self.network_of(n) makes n hosts in namespaces; what fails keeps its logs."""

    def network_of(self, size, flags=(), app_command=None):
        """Hosts n1, n2, ... in namespaces; their apps, if they have any, listen on unix sockets. Nothing is started."""
        if why := network.unavailable():
            self.skipTest(f"no network namespaces: {why}")
        self.network = network.Network(size)
        self.addCleanup(self.network.close)
        for index in range(size):
            app_address = f"unix:{self.folder}/app-n{index + 1}.sock" if app_command else NOBODY
            host = NetworkHost(self.cluster.binary, self.folder, f"n{index + 1}", self.network.hosts[index],
                               self.network.address(index), app_command=app_command, app_address=app_address,
                               flags=["--insecure", *USUAL, *flags])
            self.cluster.hosts.append(host)
        self.timeline = Timeline(self.cluster.hosts)
        return self.cluster.hosts

    def relayed_hosts(self, host_names, flags=(), **options):
        """On the loopback, behind self.relay; nothing is started."""
        self.relay = self.enterContext(Relay())
        for name in host_names:
            host = RelayHost(self.cluster.binary, self.folder, name, self.relay, flags=[*USUAL, *flags], **options)
            self.cluster.hosts.append(host)
        self.timeline = Timeline(self.cluster.hosts)
        return self.cluster.hosts

    def agreed_network_of(self, size, **options):
        hosts = self.network_of(size, **options)
        self.cluster.start()
        self.cluster.wait_agreed(30)
        return hosts

    def begin_anew(self):
        """Every daemon is killed, and what its log says so far is forgotten."""
        self.cluster.stop()
        self.timeline = Timeline(self.cluster.hosts)
        self.timeline.skip()

    def tell(self, text):
        """A figure, and how busy the machine was meanwhile."""
        print(f"[{text}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores] ", end="", flush=True)

    @contextlib.contextmanager
    def asking(self, entry, keys):
        """Two clients that GET all keys in turn, within the block. Gives what came of it: [(key, status, seconds)], with the
        kind of error for a status where there was no answer."""
        answers, over = [], threading.Event()

        def client(number):
            while not over.is_set():
                for key in keys[number::2]:
                    started = time.monotonic()
                    try:
                        status = entry.get(route(key, "/echo"), timeout=20).status
                    except (OSError, http.client.HTTPException) as error:
                        status = type(error).__name__
                    answers.append((key, status, time.monotonic() - started))

        threads = [threading.Thread(target=client, args=[number]) for number in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield answers
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def let(self, seconds):
        """Passes time on purpose: so long a fault lasts, or nothing may happen."""
        end = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() >= end, seconds + 10, "the time is over", self.running())
        return time.time()

    def running(self):
        return [host.daemon for host in self.cluster.hosts if host.daemon and host.daemon.running()]

    def _callTestMethod(self, method):
        try:
            super()._callTestMethod(method)
        except unittest.SkipTest:
            raise
        except Exception as error:
            if len(self.cluster.hosts) > 10:  # nobody reads the ends of so many logs
                getattr(error, "__notes__", []).clear()
                if isinstance(error, Timeout):
                    error.args = (str(error).partition("\n")[0],)
            kept = LOGS / self.id().rpartition(".")[2]
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            for log in self.folder.glob("*.log"):
                shutil.copy(log, kept)
            error.add_note(f"the logs are kept in {kept}")
            raise


def median(values):
    return sorted(values)[len(values) // 2]


def share(values, part):
    """The value that `part` of them do not exceed: share(values, 0.95) is the 95th percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def names(hosts):
    return [host.name for host in hosts]
