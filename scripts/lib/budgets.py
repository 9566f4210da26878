"""scripts/dev budgets: how soon simulated clusters agree and what their gossip costs, against tests/sim/budgets.json.

Each row there is a cluster (flags of `ringside simulate`) and what its report may be at most; the same row is the same run on
every machine, so that a figure moves only when the code does. Prints a table; fails when a figure is above its budget.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILDS = pathlib.Path(os.environ.get("RINGSIDE_BUILD") or ROOT / "build")
BUDGETS = ROOT / "tests" / "sim" / "budgets.json"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("RINGSIDE_")}  # no setting of a user's counts


def figures(report):
    """The report, with its lists as one figure each: the worst. What never came is None."""
    ends = [dead["last_out_s"] for dead in report["detections"]]
    return {**report, "last_out_s": None if None in ends else max(ends, default=0),
            "disagreed_s": sum(stretch["lasts_s"] for stretch in report["disagreements"])}


def play(row):
    """Prints its lines; whether all was within the budget."""
    started = time.monotonic()
    done = subprocess.run([BUILDS / "release" / "ringside", "simulate", *row["flags"].split(), "-o", "json"], cwd=ROOT,
                          capture_output=True, text=True, check=False, env=ENVIRONMENT)
    if not done.stdout:
        print(f"{row['what']}: {done.stderr.strip()}")
        return False
    report = json.loads(done.stdout)
    found = figures(report)
    took = time.monotonic() - started
    print(f"{row['what']} ({report['simulated_s'] / took:,.0f} times real time)")
    good = True
    for name, most in row["at_most"].items():
        within = found[name] is not None and found[name] <= most
        good = good and within
        value = "never" if found[name] is None else f"{found[name]:,.10g}"
        print(f"  {name:<30}{value:>12}  of {most:>10,}{'' if within else '   ABOVE ITS BUDGET'}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev budgets", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nightly", action="store_true", help="the large clusters as well")
    rows = json.loads(BUDGETS.read_text())
    nightly = parser.parse_args().nightly
    results = [play(row) for row in rows if nightly or not row.get("nightly")]
    print(f"{results.count(True)} clusters within their budgets, {results.count(False)} above")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
