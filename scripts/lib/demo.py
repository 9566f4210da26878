"""The demo behind scripts/demo: three hosts, 3,000 requests over 100 keys, and the death of one host.

Every claim it prints is checked against what the apps counted themselves; a claim that is not true is printed as such
and makes the exit code 1.
"""
import argparse
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from urllib.parse import unquote

from cluster import LANGUAGES, Cluster, fetch, route
from load import Load
from processes import Timeout, wait_until

KEYS = [f"user:{i}" for i in range(100)]
REQUESTS = 3000
RECOVERY_LIMIT = 20  # seconds; of a machine that is very busy


class Progress:
    """One line that changes on a terminal; elsewhere a line now and then."""

    def __init__(self):
        self.live, self.last = sys.stdout.isatty(), time.monotonic()

    def show(self, text):
        if self.live:
            print(f"\r\033[K   {text}", end="", flush=True)
        elif time.monotonic() - self.last > 1:
            self.last = time.monotonic()
            print(f"   {text}", flush=True)

    def end(self):
        if self.live:
            print("\r\033[K", end="")


class Claims:
    """What the demo asserts; remembers whether all of it was true."""

    def __init__(self):
        self.all_true = True

    def check(self, text, true, detail=""):
        self.all_true = self.all_true and true
        print(f"   {text:<58} {'yes' if true else 'NO':<5}{detail}".rstrip())


def stats(host):
    """What the host's app counted: key -> requests. Asked directly, not through any ringside."""
    return {unquote(key): count for key, count in fetch(host.app_port, "/stats").json()["keys"].items()}


def bar(done, total, width=30):
    filled = width * done // total
    return f"[{'#' * filled}{'.' * (width - filled)}] {done:,} / {total:,}"


def start(cluster, language_of):
    for name, language in language_of.items():
        cluster.add(name, app_command=LANGUAGES[language], keep=cluster.keep)
    started = time.monotonic()
    cluster.start()
    cluster.wait_agreed()
    print(f"   ready and agreed after {time.monotonic() - started:.1f} s, apps included; ring checksum",
          cluster.hosts[0].ring()["checksum"])
    print("\n   host  ringside API       app")
    for host in cluster.hosts:
        print(f"   {host.name:<5} 127.0.0.1:{host.api_port:<8} {language_of[host.name]:<7} 127.0.0.1:{host.app_port}")


def many_requests(cluster, language_of, claims, progress):
    """Act one. Returns who answered each key."""
    print(f"\n{REQUESTS:,} requests over {len(KEYS)} keys, entering through all three")
    work = [(KEYS[i % len(KEYS)], cluster.hosts[i // len(KEYS) % 3]) for i in range(REQUESTS)]
    with Load(path_of=lambda key: route(key, "/hit")) as load:
        load.send_all(work, threads=6)
        while load.sending():
            progress.show(bar(len(load.results), REQUESTS))
            time.sleep(0.05)
    progress.end()

    results = load.results
    good = [r for r in results if r.status == 200]
    apps_of, answered = defaultdict(set), defaultdict(int)
    for r in good:
        apps_of[r.key].add(r.app)
        answered[r.key, r.app] += 1
    counted = {host.name: stats(host) for host in cluster.hosts}

    print("   app           keys   requests   counted by the app itself")
    for host in cluster.hosts:
        keys = [k for k in KEYS if apps_of[k] == {host.name}]
        sent = sum(1 for r in good if r.app == host.name)
        print(f"   {host.name}  {language_of[host.name]:<9} {len(keys):>5}   {sent:>8,}   {sum(counted[host.name].values()):>8,}")
    print()
    claims.check("every request was answered", len(good) == REQUESTS,
                 "" if len(good) == REQUESTS else f"{REQUESTS - len(good)} were not; first: {first_failure(results)}")
    claims.check("every key was answered by exactly one app", all(len(apps_of[k]) == 1 for k in KEYS))
    claims.check("every app counted exactly the requests that were answered",
                 {(k, h): n for h, keys in counted.items() for k, n in keys.items()} == dict(answered))
    forwarded = [r.took for r in good if r.served_by != r.entry]
    local = [r.took for r in good if r.served_by == r.entry]
    if forwarded and local:
        print(f"   forwarded to another host: {100 * len(forwarded) / len(good):.1f} %;"
              f"  p50 {1000 * statistics.median(forwarded):.1f} ms, owner at the entry {1000 * statistics.median(local):.1f} ms")
    return {key: next(iter(apps)) for key, apps in apps_of.items()}


def first_failure(results):
    failed = next(r for r in results if r.status != 200)
    return f"{failed.key} through {failed.entry}: {failed.status} {failed.error}"


def kill_one(cluster, owner_of, victim, language, claims, progress):
    """Act two: a host dies while requests keep coming through the others."""
    survivors = [h for h in cluster.hosts if h is not victim]
    lost = [k for k in KEYS if owner_of.get(k) == victim.name]
    kept = [k for k in KEYS if owner_of.get(k) != victim.name]
    before = {h.name: stats(h) for h in survivors}
    print(f"\nhost {victim.name} ({language}) is killed now: ringside and app, SIGKILL; requests go on through"
          f" {' and '.join(h.name for h in survivors)}")

    # The keys of the dead host have threads of their own: a request for one of them may be held back for a moment
    # in the hope that the ring moves, and must not slow down the sending of the others.
    with Load(path_of=lambda key: route(key, "/hit")) as others, Load(path_of=lambda key: route(key, "/hit")) as theirs:
        others.send_forever([(k, h) for h in survivors for k in kept], threads=2)
        victim.kill()
        killed = time.monotonic()
        theirs.send_forever([(k, h) for h in survivors for k in lost], threads=8, pause=0.02)

        def recovered():
            return {r.key for r in theirs.results if r.status == 200}

        while len(recovered()) < len(lost) and time.monotonic() < killed + RECOVERY_LIMIT:
            progress.show(f"{time.monotonic() - killed:4.1f} s: {len(recovered())} of {len(lost)} keys of {victim.name} answered"
                          f" again; the others: {len(others.results):,} requests, {others.failed()} failed")
            time.sleep(0.1)
        others.finish_soon(after=1)
        theirs.finish_soon(after=1)
    progress.end()

    first = {}
    for r in theirs.results:
        if r.status == 200:
            first.setdefault(r.key, r.ended - killed)
    if first:
        print(f"   its {len(lost)} keys answered again {min(first.values()):.1f} s to {max(first.values()):.1f} s after the kill")
    claims.check("every key of the dead host is answered again", len(first) == len(lost), f"{len(first)} of {len(lost)}")
    again = [r for r in theirs.results if r.key in first and r.started - killed > first[r.key] and r.status != 200]
    claims.check("and none of them failed after that", not again, first_failure(again) if again else "")
    claims.check(f"no request for the other {len(kept)} keys failed", others.failed() == 0,
                 f"{len(others.results):,} requests" + (f"; {first_failure(others.results)}" if others.failed() else ""))
    claims.check("none of them moved", all(r.app == owner_of.get(r.key) for r in others.results if r.status == 200))
    gained = defaultdict(int)
    for r in others.results:
        gained[r.key] += r.status == 200
    now = {h.name: stats(h) for h in survivors}
    claims.check("and each was counted exactly",
                 all(now[owner_of[k]].get(k, 0) == before[owner_of[k]].get(k, 0) + gained[k] for k in kept if k in owner_of))


def leave_up(cluster, victim):
    """--keep: the dead host comes back, then everything stays."""
    print(f"\nhost {victim.name} comes back under its name; --keep leaves all three up")
    victim.move()
    cluster.start([victim])
    cluster.wait_agreed()
    a, b = cluster.hosts[0].api_port, cluster.hosts[1].api_port
    print(f"""
   curl localhost:{a}/v1/members
   curl localhost:{a}/v1/lookup/user:42
   curl -i localhost:{a}/v1/route/user:42/cart
   curl -i localhost:{b}/cart -H 'Ringside-Key: user:42'
   curl localhost:{b}/metrics
   {cluster.binary} members --addr http://127.0.0.1:{a}

   end it all: kill {' '.join(str(p.pid) for p in cluster.processes())}
   logs: {cluster.folder}""")


def main():
    parser = argparse.ArgumentParser(description="the demo; use scripts/demo")
    parser.add_argument("--binary", required=True)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the shell had it ignored

    language_of = {"a": "Python", "b": "Node", "c": "Ruby"}
    claims, progress = Claims(), Progress()
    folder = tempfile.mkdtemp(prefix="ringside-demo-")
    cluster = Cluster(options.binary, folder)
    cluster.keep = options.keep
    finished = False
    try:
        print("\nthree hosts, each a ringside and an app of its own")
        start(cluster, language_of)
        owner_of = many_requests(cluster, language_of, claims, progress)
        kill_one(cluster, owner_of, cluster.hosts[1], "Node", claims, progress)
        if options.keep:
            leave_up(cluster, cluster.hosts[1])
        finished = True
    except (Timeout, OSError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\ndemo: interrupted; stopping everything", file=sys.stderr)
    finally:
        if not (options.keep and finished):
            cluster.stop()
    good = finished and claims.all_true
    if not options.keep or not finished:
        left = [p.name for p in cluster.processes() if p.running()]
        print("\nnothing is left running" if not left else f"\nstill running: {left}")
        good = good and not left
        if good:
            shutil.rmtree(folder)
        else:
            print(f"logs: {folder}")
    print("every claim was true" if good else "NOT every claim was true")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
