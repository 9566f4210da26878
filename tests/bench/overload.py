#!/usr/bin/env python3
"""Overload: `scripts/dev bench overload`.

Three ringsides; the app behind the owner of all keys takes 20 requests at once and holds each for 50 ms. Its peak is
measured with a closed loop, then an open loop asks for half of it, for twice of it, and for half again; the requests enter
at another ringside. What must hold: goodput at least 90 % of the peak, refusals by a full queue within 10 ms by the daemon's own
clock, nobody suspected, memory under a cap, and back to normal a second after the overload.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "lib"))
from cluster import Cluster, fetch  # noqa: E402
from processes import resident_bytes  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PLACES, HOLD_MS, QUEUE = 20, 50, 8  # the queue is that of each worker
CALM_SECONDS = 3
RSS_CAP_MIB = 96
REFUSAL_BOUND_S = 0.008192  # the last bound of the histogram below 10 ms
HISTOGRAM = "ringside_overload_refusal_seconds"
GOSSIP = ("ringside_member_changes_total", "ringside_gossip_refutations_total", "ringside_gossip_ping_failures_total")


def metrics(host):
    lines = (line.rpartition(" ") for line in host.get("/metrics").body.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


class Memory(threading.Thread):
    """The most that any of the processes had in RAM."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids, self.most, self.over = pids, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.2):
            self.most = max(self.most, *(resident_bytes(pid) for pid in self.pids))

    def stop(self):
        self.over.set()
        self.join()
        return self.most / 2**20


class Verdicts:
    def __init__(self, loose):
        self.loose, self.wrong = loose, []

    def say(self, what, good, figures, timing=False):
        if not good and not (timing and self.loose):
            self.wrong.append(what)
        print(f"   {what:<66}{'yes' if good else 'NO':<5}{figures}")


def generate(program, port, arguments, keys):
    done = subprocess.run([program, str(port), *map(str, arguments)], input="\n".join(keys), capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"bench: the load generator gave up: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev bench overload", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="folder of the release build")
    parser.add_argument("--seconds", type=float, default=60, help="of the overload")
    parser.add_argument("--loose", action="store_true",
                        help="fail on facts only, not on figures that depend on what else the machine does")
    parser.add_argument("--json", action="store_true", help="print the generator's figures too")
    options = parser.parse_args()
    build = pathlib.Path(options.build)

    with tempfile.TemporaryDirectory(prefix="ringside-bench-") as folder, Cluster(build / "ringside", folder) as cluster:
        app = ["python3", HERE / "limited_app.py", PLACES, HOLD_MS]
        for name in "abc":
            cluster.add(name, app_command=app, flags=["--app-max-concurrency", PLACES, "--app-queue", QUEUE])
        cluster.start()
        cluster.wait_agreed()
        entry, owner, _ = cluster.hosts
        keys = [key for key in (f"user-{i}" for i in range(300)) if entry.owner(key) == owner.name]

        peak = generate(build / "bench_load", entry.api_port, [PLACES, 0.5, min(5, options.seconds)], keys)["rps"]
        before = {host.name: metrics(host) for host in cluster.hosts}
        memory = Memory([host.daemon.pid for host in cluster.hosts])
        memory.start()
        result = generate(build / "bench_open_load", entry.api_port,
                          [f"{rate}:{seconds}" for rate, seconds in
                           ((peak / 2, CALM_SECONDS), (2 * peak, options.seconds), (peak / 2, CALM_SECONDS))], keys)
        rss = memory.stop()
        after = {host.name: metrics(host) for host in cluster.hosts}
        seen = fetch(owner.app_port, "/seen").json()

    if options.json:
        print(json.dumps(result))
    report(options, peak, result, {n: {m: after[n][m] - before[n].get(m, 0) for m in after[n]} for n in after}, rss, seen,
           owner.name)


def report(options, peak, result, grown, rss, seen, owner):
    calm, overload, again = result["phases"]
    goodput = overload["ok"] / overload["seconds"]
    print(f"\nan app that takes {PLACES} requests at once and holds each {HOLD_MS} ms; peak {peak:.0f}/s (closed loop of {PLACES})\n")
    print(f"   {'':<22}{'seconds':>8}{'asked/s':>9}{'good/s':>8}{'refused/s':>11}{'good p50, p99 ms':>18}{'refused p50, p99 ms':>21}")
    for name, phase in (("before", calm), ("twice the capacity", overload), ("after", again)):
        refused = (f"{phase['refused_p50_us'] / 1000:.1f}, {phase['refused_p99_us'] / 1000:.1f}" if phase["refused"] else "-")
        good = f"{phase['ok_p50_us'] / 1000:.1f}, {phase['ok_p99_us'] / 1000:.1f}"
        print(f"   {name:<22}{phase['seconds']:>8.0f}{phase['sent'] / phase['seconds']:>9.0f}"
              f"{phase['ok'] / phase['seconds']:>8.0f}{phase['refused'] / phase['seconds']:>11.0f}{good:>18}{refused:>21}")
    print()

    verdicts = Verdicts(options.loose)
    own = grown[owner]
    failed = sum(phase["failed"] for phase in result["phases"])
    verdicts.say("every request was answered, by the app or with a refusal", failed == 0, f"{failed} were not")
    verdicts.say(f"the app never had more than {PLACES} at once", seen["most"] <= PLACES and seen["turned_away"] == 0,
                 f"{seen['most']}")
    verdicts.say("goodput at least 90 % of the peak", goodput >= 0.9 * peak, f"{100 * goodput / peak:.0f} %", timing=True)
    refusals = own[HISTOGRAM + "_count"]
    late = refusals - own[f'{HISTOGRAM}_bucket{{le="{REFUSAL_BOUND_S:g}"}}']
    full, waited = (own[f'ringside_overload_refusals_total{{limit="{limit}"}}'] for limit in ("queue", "queue_wait"))
    verdicts.say("a full queue refused within 10 ms by the daemon's clock", refusals > 0 and late == 0,
                 f"{full:.0f} refusals, mean {1e6 * own[HISTOGRAM + '_sum'] / max(refusals, 1):.0f} us, {late:.0f} later; "
                 f"{waited:.0f} more had waited 50 ms", timing=late > 0)
    changes = {name.removeprefix("ringside_"): sum(host[name] for host in grown.values()) for name in GOSSIP}
    verdicts.say("no member was suspected", changes["member_changes_total"] == 0,
                 ", ".join(f"{name} {value:.0f}" for name, value in changes.items()), timing=True)
    verdicts.say(f"no ringside had more than {RSS_CAP_MIB} MiB", rss <= RSS_CAP_MIB, f"{rss:.1f} MiB")
    rest = result["slices"][round(10 * (CALM_SECONDS + options.seconds + 1)):round(10 * (2 * CALM_SECONDS + options.seconds))]
    refused = sum(s[2] + s[3] for s in rest)
    slowest = max((s[4] for s in rest), default=0) / 1000
    verdicts.say("back to normal a second after it: nothing refused", refused == 0, f"slowest answer {slowest:.0f} ms",
                 timing=True)
    if verdicts.wrong:
        sys.exit("\nbench: not so: " + "; ".join(verdicts.wrong))


if __name__ == "__main__":
    main()
