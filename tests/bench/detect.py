#!/usr/bin/env python3
"""The benchmark of detection: `scripts/dev bench detect`.

N daemons on the loopback, one of them is killed (SIGKILL), and the clock runs until no other daemon routes to it: each has
said in its log that it has a ring without it. The victim comes back, the cluster agrees, and the next one dies. Beside it
stands what ringpop-go and serf were measured at before, on a machine of this kind; where the program `serf` is installed it is
measured in the same run, until every agent has said that the member failed. A log is looked at every few milliseconds.
"""
import argparse
import contextlib
import json
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "lib"))
from cluster import Cluster  # noqa: E402
from processes import Process, free_port, wait_until  # noqa: E402

GOAL = 0.5  # seconds, the median
BEFORE = [("ringpop-go, measured before", "5.3 to 5.7"), ("serf, measured before", "6.2 to 8.7")]


class Logs:
    """What processes have written since now."""

    def __init__(self, processes):
        self.files = {p: open(p.log_path, encoding="utf-8", errors="replace") for p in processes}
        for file in self.files.values():
            file.seek(0, 2)
        self.rest = {p: "" for p in processes}

    def wait(self, is_it, timeout, what):
        """Until every process has written a line for which is_it(line)."""
        missing = set(self.files)

        def all_have():
            for process in list(missing):
                self.rest[process] += self.files[process].read()
                *lines, self.rest[process] = self.rest[process].split("\n")
                if any(map(is_it, lines)):
                    missing.discard(process)
            return not missing

        wait_until(all_have, timeout, what, list(self.files))

    def close(self):
        for file in self.files.values():
            file.close()


class Ringsides:
    name = "ringside"

    def __init__(self, build, folder, count):
        self.cluster = Cluster(build / "ringside", folder)
        for i in range(count):
            self.cluster.add(f"n{i}", app_address="127.0.0.1:9", flags=["--workers", "1"])  # nothing is forwarded
        self.cluster.start()
        self.cluster.wait_agreed(60)

    def kill(self, number):
        """Seconds until nobody routes to that one."""
        victim = self.cluster.hosts[number]
        others = [h.daemon for h in self.cluster.hosts if h is not victim]
        with contextlib.closing(Logs(others)) as logs:
            killed = time.monotonic()
            victim.kill()
            logs.wait(lambda line: "ring_changed" in line and f"servers={len(others)} " in line, 60,
                      f"all dropped {victim.name}")
            took = time.monotonic() - killed
        victim.start_daemon()
        self.cluster.wait_ready(victim)
        self.cluster.wait_agreed(60)
        return took

    def stop(self):
        self.cluster.stop()


class Serfs:
    name = "serf"

    def __init__(self, _, folder, count):
        self.folder, self.agents = pathlib.Path(folder), {}
        self.ports = [(free_port(), free_port()) for _ in range(count)]
        for number in range(count):
            self.start(number)
        wait_until(lambda: all(self.alive(n) == count for n in range(count)), 60, "serf agrees", list(self.agents.values()))

    def start(self, number):
        bind, rpc = self.ports[number]
        self.agents[number] = Process(
            f"serf n{number}", ["serf", "agent", "-node", f"n{number}", "-bind", f"127.0.0.1:{bind}", "-rpc-addr",
                                f"127.0.0.1:{rpc}", "-profile", "lan", "-log-level", "info",
                                *(["-retry-join", f"127.0.0.1:{self.ports[number - 1][0]}"]), "-retry-interval", "1s"],
            self.folder / f"serf-{number}.log")

    def alive(self, number):
        done = subprocess.run(["serf", "members", "-rpc-addr", f"127.0.0.1:{self.ports[number][1]}", "-status", "alive"],
                              capture_output=True, text=True, check=False)
        return len(done.stdout.splitlines())

    def kill(self, number):
        victim = self.agents.pop(number)
        with contextlib.closing(Logs(list(self.agents.values()))) as logs:
            killed = time.monotonic()
            victim.kill(signal.SIGKILL)
            logs.wait(lambda line: f"EventMemberFailed: n{number} " in line, 120, f"all found that n{number} failed")
            took = time.monotonic() - killed
        victim.wait()
        self.start(number)
        count = len(self.ports)
        wait_until(lambda: all(self.alive(n) == count for n in range(count)), 60, "serf agrees", list(self.agents.values()))
        return took

    def stop(self):
        for agent in self.agents.values():
            agent.stop()


def has_serf():
    try:
        return subprocess.run(["serf", "version"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def measure(kind, build, count, rounds):
    with tempfile.TemporaryDirectory(prefix="ringside-bench-") as folder:
        cluster = kind(build, folder, count)
        try:
            times = []
            for number in range(rounds):
                print(f"{kind.name}, {count} members: kill {number + 1} of {rounds}", file=sys.stderr, flush=True)
                times.append(cluster.kill(number % count))
            return times
        finally:
            cluster.stop()


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev bench detect", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="folder of the release build")
    parser.add_argument("--members", default="5,10,30", help="comma-separated sizes of clusters (default 5,10,30)")
    parser.add_argument("--rounds", type=int, default=20, help="kills for each size (default 20)")
    parser.add_argument("--json", action="store_true", help="print all times as JSON instead of the table")
    options = parser.parse_args()

    build = pathlib.Path(options.build).resolve()
    kinds = [Ringsides] + ([Serfs] if has_serf() else [])
    sizes = [int(size) for size in options.members.split(",")]
    times = {(kind.name, size): measure(kind, build, size, options.rounds) for kind in kinds for size in sizes}
    if options.json:
        print(json.dumps([{"kind": kind, "members": size, "seconds": each} for (kind, size), each in times.items()]))
        return
    print(f"{'from SIGKILL until nobody routes to it, in s':<46}{'p50':>8}{'p95':>8}{'worst':>8}   promised, p50")
    for (kind, size), each in times.items():
        middle = statistics.median(each)
        promised = f"{'reached' if middle <= GOAL else 'missed'}: {GOAL}" if kind == "ringside" else ""
        figures = f"{middle:>8.3f}{percentile(each, 0.95):>8.3f}{max(each):>8.3f}   {promised}"
        print(f"{f'{kind}, {size} members':<46}{figures}".rstrip())
    for name, figures in BEFORE:
        print(f"{name:<46}{figures:>12}")


if __name__ == "__main__":
    main()
