"""How the benchmarks measure: all candidates stand side by side and are measured in turn, round after round, because wall
time on a shared machine drifts: compare within one run, never between runs. CPU is what /proc counts for a candidate's
own processes while it is being measured.
"""
import json
import statistics
import subprocess
import sys

from processes import cpu_seconds, resident_bytes


def add_options(parser, only):
    parser.add_argument("--build", default="build/release", help="folder of the release build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--warmup", type=float, default=0.5, help="seconds before each measurement (default 0.5)")
    parser.add_argument("--only", default=only, help=f"comma-separated candidates (default {only})")
    parser.add_argument("--json", action="store_true", help="print all rounds as JSON instead of the table")


def measure(scenario, command):
    """One round of one candidate; `command` is its load generator."""
    before = sum(cpu_seconds(d.pid) for d in scenario.daemons)
    done = subprocess.run([str(c) for c in command], input="\n".join(scenario.keys), capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        tails = "\n".join(d.tail() for d in scenario.daemons)
        sys.exit(f"bench: {scenario.name}: the load generator gave up: {done.stderr.strip()}\n{tails}")
    result = json.loads(done.stdout)
    cpu = sum(cpu_seconds(d.pid) for d in scenario.daemons) - before
    result["cpu_us"] = 1e6 * cpu / result["total"] if result["total"] else 0
    result["rss_mib"] = sum(resident_bytes(d.pid) for d in scenario.daemons) / 2**20
    return result


def rounds(scenarios, command_of, count):
    """{name: [a result for each round]}"""
    results = {s.name: [] for s in scenarios}
    for number in range(count):
        for scenario in scenarios:
            print(f"round {number + 1} of {count}: {scenario.name}", file=sys.stderr, flush=True)
            results[scenario.name].append(measure(scenario, command_of(scenario)))
    return results


def median(results, field):
    return statistics.median(r[field] for r in results)


def spread(results):
    rates = [r["rps"] for r in results]
    return f"[{min(rates):,.0f} .. {max(rates):,.0f}]"


def ratio(results, base):
    """The median of the rounds' ratios, as text; '-' without a base."""
    if not base:
        return "-"
    return f"{statistics.median(r['rps'] / b['rps'] for r, b in zip(results, base)):.2f}"


def report(results, options, table):
    """Prints, and fails when anything was not answered well."""
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        table(results, options)
    errors = sum(r["errors"] for results_of_one in results.values() for r in results_of_one)
    if errors:
        sys.exit(f"\n{errors} requests were not answered well: these figures mean nothing")
