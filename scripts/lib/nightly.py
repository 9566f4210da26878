"""What takes too long for every change, in one list, from the quick to the long; together over four hours. Each part is a
command that can be run alone. Goes on after a failure and ends with what failed."""
import argparse
import os
import pathlib
import subprocess
import sys
import time
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@dataclass
class Part:
    what: str
    command: list
    environment: dict = field(default_factory=dict)


PARTS = {
    "transfer": Part("bodies of 1 GiB through two hops, up and down, each with its checksum",
                     ["scripts/dev", "test", "cluster", "-v", "-p", "test_streams.py"], {"RINGSIDE_TRANSFER_MIB": "1024"}),
    "idle": Part("what 10,000 idle connections cost", ["scripts/dev", "bench", "idle"]),
    "overload": Part("twice what an app can take, for 60 s", ["scripts/dev", "bench", "overload", "--seconds", "60"]),
    "package": Part("the Debian package installed, run, upgraded and purged in a fresh Debian", ["scripts/dev", "package", "--try"]),
    "scenarios": Part("long cuts, splits, members that stand still, half an hour with a fault every minute",
                      ["scripts/dev", "scenarios", "--long"]),
    "starts": Part("30 daemons started at once, 100 times", ["scripts/dev", "scenarios", "30_that_start"], {"RINGSIDE_STARTS": "100"}),
    "rolling": Part("twenty rounds of restarts, and of three members to six and back, under load",
                    ["scripts/dev", "test", "cluster", "-v", "-p", "test_rolling.py"], {"RINGSIDE_ROLLING_ROUNDS": "20"}),
    "seeds": Part("5,000 simulated clusters with faults, of seeds that no other night had", ["scripts/dev", "seeds", "5000"]),
    "budgets": Part("1,000 simulated members: how soon they agree, and what gossip costs, also while they come and go",
                    ["scripts/dev", "budgets", "--nightly"]),
    "mutations": Part("whether the simulator finds the faults planted in the core", ["scripts/dev", "sim", "--mutations"]),
    "loss": Part("1,000 simulated hours of loss without a false alarm", ["scripts/dev", "sim", "--lossy-hours", "1000"]),
    "fuzz": Part("every fuzz target for an hour", ["scripts/dev", "fuzz", "--seconds", "3600"]),
}


def run(name):
    part = PARTS[name]
    settings = [f"{variable}={value}" for variable, value in part.environment.items()]
    print(f"\n== {name}: {part.what}\n   {' '.join(settings + part.command)}", flush=True)
    started = time.monotonic()
    code = subprocess.run(part.command, cwd=ROOT, env={**os.environ, **part.environment}, stdin=subprocess.DEVNULL,
                          check=False).returncode
    print(f"   {'passed' if code == 0 else f'FAILED (exit code {code})'} in {time.monotonic() - started:.0f} s", flush=True)
    return code == 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev nightly", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="\n".join(f"  {name:<10}{part.what}" for name, part in PARTS.items()))
    parser.add_argument("parts", nargs="*", metavar="part", help="only these, in this order (all)")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        parser.error(f"unknown part '{unknown[0]}' ({', '.join(PARTS)})")
    failed = [name for name in chosen if not run(name)]
    print(f"\n{len(chosen) - len(failed)} passed, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
