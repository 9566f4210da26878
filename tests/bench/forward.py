#!/usr/bin/env python3
"""The forwarding benchmark: `scripts/dev bench forward`.

HTTP through two ringsides beside HAProxy, nginx and a bare relay: the same load generator (a closed loop), the same two
apps, one thread per proxy process. measure.py says how the candidates are compared.
"""
import argparse
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "lib"))
import measure  # noqa: E402
from proxies import Bench  # noqa: E402

BASE = "HAProxy, two hops"


def table(results, options):
    print(f"\n{options.connections} connections, {options.rounds} interleaved rounds of {options.seconds:g} s, one thread per "
          f"proxy; medians, spread of the rounds in brackets\n")
    print(f"{'':<26}{'requests/s':>12} {'':<19}{'p50 ms':>8}{'p99 ms':>8}{'daemon CPU us':>15}{'x HAProxy two':>15}")
    for name, rounds in results.items():
        cpu = measure.median(rounds, "cpu_us")
        print(f"{name:<26}{measure.median(rounds, 'rps'):>12,.0f} {measure.spread(rounds):<19}"
              f"{measure.median(rounds, 'p50_us') / 1000:>8.2f}{measure.median(rounds, 'p99_us') / 1000:>8.2f}"
              f"{f'{cpu:.1f}' if cpu else '-':>15}{measure.ratio(rounds, results.get(BASE)):>15}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev bench forward", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    measure.add_options(parser, only="direct,relay,haproxy,nginx,ringside")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="ringside-bench-") as folder, Bench(options.build, folder) as bench:
        scenarios = [s for name in options.only.split(",") for s in getattr(bench, name)()]
        results = measure.rounds(scenarios, lambda s: [bench.build / "bench_load", s.port, options.connections,
                                                       options.warmup, options.seconds], options.rounds)
    measure.report(results, options, table)


if __name__ == "__main__":
    main()
