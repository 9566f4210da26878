#!/usr/bin/env python3
"""The forwarding benchmark: `scripts/dev bench forward`.

All candidates run at the same time and are measured in turn, round after round, because wall time on a shared machine
drifts: compare within one run, never between runs. The same load generator (a closed loop), the same two apps, one
thread per proxy process. CPU is what /proc counts for the candidate's own processes while it is being measured.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "lib"))
from processes import cpu_seconds  # noqa: E402
from proxies import Bench  # noqa: E402

BASE = "HAProxy, two hops"


def measure(load, scenario, options):
    before = sum(cpu_seconds(d.pid) for d in scenario.daemons)
    done = subprocess.run([load, str(scenario.port), str(options.connections), str(options.warmup), str(options.seconds)],
                          input="\n".join(scenario.keys), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tails = "\n".join(d.tail() for d in scenario.daemons)
        sys.exit(f"bench: {scenario.name}: the load generator gave up: {done.stderr.strip()}\n{tails}")
    result = json.loads(done.stdout)
    cpu = sum(cpu_seconds(d.pid) for d in scenario.daemons) - before
    result["cpu_us"] = 1e6 * cpu / result["total"] if result["total"] else 0
    return result


def median(rounds, field):
    return statistics.median(r[field] for r in rounds)


def table(results, options):
    print(f"\n{options.connections} connections, {options.rounds} interleaved rounds of {options.seconds:g} s, one thread per "
          f"proxy; medians, spread of the rounds in brackets\n")
    print(f"{'':<26}{'requests/s':>12} {'':<19}{'p50 ms':>8}{'p99 ms':>8}{'daemon CPU us':>15}{'x HAProxy two':>15}")
    for name, rounds in results.items():
        rates = [r["rps"] for r in rounds]
        ratio = statistics.median(r["rps"] / b["rps"] for r, b in zip(rounds, results[BASE])) if BASE in results else 0
        spread = f"[{min(rates):,.0f} .. {max(rates):,.0f}]"
        cpu = median(rounds, "cpu_us")
        print(f"{name:<26}{median(rounds, 'rps'):>12,.0f} {spread:<19}{median(rounds, 'p50_us') / 1000:>8.2f}"
              f"{median(rounds, 'p99_us') / 1000:>8.2f}{f'{cpu:.1f}' if cpu else '-':>15}{f'{ratio:.2f}' if ratio else '-':>15}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev bench forward", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="folder of the release build")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--warmup", type=float, default=0.5, help="seconds before each measurement (default 0.5)")
    parser.add_argument("--only", default="direct,relay,haproxy,nginx,ringside", help="comma-separated candidates")
    parser.add_argument("--json", action="store_true", help="print all rounds as JSON instead of the table")
    options = parser.parse_args()

    errors = 0
    with tempfile.TemporaryDirectory(prefix="ringside-bench-") as folder, Bench(options.build, folder) as bench:
        scenarios = [s for name in options.only.split(",") for s in getattr(bench, name)()]
        results = {s.name: [] for s in scenarios}
        for number in range(options.rounds):
            for scenario in scenarios:
                print(f"round {number + 1} of {options.rounds}: {scenario.name}", file=sys.stderr, flush=True)
                results[scenario.name].append(measure(bench.build / "bench_load", scenario, options))
                errors += results[scenario.name][-1]["errors"]
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        table(results, options)
    if errors:
        print(f"\n{errors} requests were not answered with 200: these figures mean nothing", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
