#!/usr/bin/env python3
"""The forwarding benchmark: `scripts/dev bench forward`.

HTTP through two ringsides, also with TLS between them, beside HAProxy, nginx and a bare relay in the clear: the same load
generator (a closed loop), the same two apps, one thread per proxy process. Small requests over 64, 16 and 1 connections, then one long body. measure.py says how
the candidates are compared.
"""
import argparse
import pathlib
import socket
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "lib"))
import measure  # noqa: E402
from processes import cpu_seconds  # noqa: E402
from proxies import Bench  # noqa: E402

BASE = "HAProxy, two hops"
RELAY = "bare relay, two hops"
DIRECT = "direct, no proxy"
PLAIN, TLS = "ringside, two hops", "ringside, TLS, two hops"
FEW = 16  # from here on down nothing is left to gather in one write


def ratio_of_cpu(rounds, base):
    """The median of the rounds' ratios of CPU a request, as text."""
    if not base or not rounds[0]["cpu_us"]:
        return "-"
    return f"{statistics.median(r['cpu_us'] / b['cpu_us'] for r, b in zip(rounds, base)):.2f}"


def table(results, options):
    print(f"\n{options.connections} connections, {options.rounds} interleaved rounds of {options.seconds:g} s, one thread per "
          f"proxy; medians, spread of the rounds in brackets\n")
    print(f"{'':<30}{'requests/s':>12} {'':<21}{'p50 ms':>8}{'p99 ms':>8}{'CPU us':>8}{'x HAProxy':>11}{'x relay':>9}"
          f"{'CPU x HAProxy':>15}")
    for name, rounds in results.items():
        cpu = measure.median(rounds, "cpu_us")
        print(f"{name:<30}{measure.median(rounds, 'rps'):>12,.0f} {measure.spread(rounds):<21}"
              f"{measure.median(rounds, 'p50_us') / 1000:>8.2f}{measure.median(rounds, 'p99_us') / 1000:>8.2f}"
              f"{f'{cpu:.1f}' if cpu else '-':>8}{measure.ratio(rounds, results.get(BASE)):>11}"
              f"{measure.ratio(rounds, results.get(RELAY)):>9}{ratio_of_cpu(rounds, results.get(BASE)):>15}")
    if PLAIN in results and TLS in results:
        print(f"   TLS between the ringsides: {ratio_of_cpu(results[TLS], results[PLAIN])} x the CPU a request")
    if options.connections == 1 and DIRECT in results and BASE in results:
        added_by_base = [b["p50_us"] - d["p50_us"] for b, d in zip(results[BASE], results[DIRECT])]
        for name, rounds in results.items():
            added = [r["p50_us"] - d["p50_us"] for r, d in zip(rounds, results[DIRECT])]
            share = statistics.median(a / b for a, b in zip(added, added_by_base))
            print(f"   {name:<27} adds {statistics.median(added):6.1f} us to the p50 of direct, {share:.2f} x HAProxy's two hops")


def small(bench, options, connections, only):
    """Small requests over that many connections."""
    options.connections = connections
    scenarios = [s for name in only for s in bench.scenarios(name)]
    results = measure.rounds(scenarios, lambda s: [bench.build / "bench_load", s.port, connections, options.warmup,
                                                   options.seconds], options.rounds)
    measure.report(results, options, table)


def download(scenario, size):
    """One body of that many bytes: what measure.measure gives, as far as it applies."""
    before = sum(cpu_seconds(d.pid) for d in scenario.daemons)
    buffer = memoryview(bytearray(1 << 20))
    with socket.create_connection(("127.0.0.1", scenario.port), 60) as connection:
        started = time.monotonic()
        connection.sendall(f"GET /bytes/{size} HTTP/1.1\r\nHost: localhost\r\nRingside-Key: {scenario.keys[0]}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        head, _, body = head.partition(b"\r\n\r\n")
        got = len(body)
        while got < size:
            count = connection.recv_into(buffer, min(len(buffer), size - got))
            if count == 0:
                sys.exit(f"bench: {scenario.name}: the body ended after {got} of {size} bytes: {head.decode()}")
            got += count
        seconds = time.monotonic() - started
    cpu = sum(cpu_seconds(d.pid) for d in scenario.daemons) - before
    return {"rps": size / seconds / 2**20, "cpu_us": 1e6 * cpu / (size / 2**20)}


def long_bodies(bench, options, only):
    results = {}  # without the relay: it gives up when a socket is full
    scenarios = [s for name in only if name != "relay" for s in bench.scenarios(name)
                 if "one hop" not in s.name and "at entry" not in s.name]
    for _ in range(options.rounds):
        for scenario in scenarios:
            results.setdefault(scenario.name, []).append(download(scenario, int(options.body * 2**20)))
    print(f"\none body of {options.body:g} MiB, {options.rounds} interleaved rounds; medians\n")
    print(f"{'':<30}{'MiB/s':>12} {'':<21}{'CPU us/MiB':>12}{'x HAProxy':>11}")
    for name, rounds in results.items():
        print(f"{name:<30}{measure.median(rounds, 'rps'):>12,.0f} {measure.spread(rounds):<21}"
              f"{measure.median(rounds, 'cpu_us'):>12,.0f}{measure.ratio(rounds, results.get(BASE)):>11}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev bench forward", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    measure.add_options(parser, only="direct,relay,haproxy,nginx,ringside,ringside_unix,ringside_tls")
    parser.add_argument("--connections", default=f"64,{FEW},1", help=f"comma-separated (default 64,{FEW},1)")
    parser.add_argument("--body", type=float, default=1024, help="MiB of the long body; 0: none (default 1024)")
    options = parser.parse_args()
    only = options.only.split(",")

    with tempfile.TemporaryDirectory(prefix="ringside-bench-") as folder, Bench(options.build, folder) as bench:
        for connections in [int(c) for c in options.connections.split(",")]:
            small(bench, options, connections, only)
        if options.body:
            long_bodies(bench, options, only)


if __name__ == "__main__":
    main()
