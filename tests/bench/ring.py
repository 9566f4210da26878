#!/usr/bin/env python3
"""The ring's benchmark: `scripts/dev bench ring`.

Rings of 10, 100 and 1,000 members with 100 points each, on one core: what a lookup costs, and a change of one member with
its checksums. Beside them stands what ringpop-go was measured at on a machine of this kind; that is a fixed figure, not
measured in this run, so a ratio to it is good for its magnitude. Nothing here fails because it is slow.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

# ringpop-go, members: figure.
GO_LOOKUP_NS = {100: 1231, 1000: 2937}
GO_CHANGE_MS = {1000: 109}

# What is promised on one core.
LOOKUPS_MIN = {100: 20e6, 1000: 10e6}
CHANGE_MS_MAX = {1000: 5}


def one_round(program, seconds):
    """{members: figures}"""
    done = subprocess.run([program, str(seconds)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {program}: exit code {done.returncode}: {done.stderr.strip()}")
    return {figures["members"]: figures for figures in map(json.loads, done.stdout.splitlines())}


def columns(values, form):
    """The median, and in brackets the spread of the rounds."""
    return f"{statistics.median(values):>9{form}} {f'[{min(values):{form}} .. {max(values):{form}}]':<19}"


def verdict(value, limit, better):
    if limit is None:
        return ""
    return f"{'reached' if better(value, limit) else 'missed'}: {limit:,.4g}"


def lookup_table(rounds):
    print(f"\n{'lookups, in millions a second':<38}{'median':>9} {'spread':<19}{'ns':>7}{'x ringpop-go':>14}   promised, M/s")
    for members in rounds[0]:
        for what, field in (("the owner of a key", "lookup_ns"), ("... each after the last one's", "alone_ns"),
                            ("three owners of a key", "lookup3_ns"), ("only the hash of the key", "hash_ns")):
            rates = [1e3 / r[members][field] for r in rounds]
            rate = statistics.median(rates)
            is_lookup = field == "lookup_ns"
            go = GO_LOOKUP_NS.get(members) if is_lookup else None
            least = LOOKUPS_MIN.get(members) if is_lookup else None
            print(f"{members:>6,}  {what:<30}{columns(rates, ',.1f')}{1e3 / rate:>7.1f}"
                  f"{f'{go * rate / 1e3:.0f}' if go else '-':>14}   {verdict(rate, least and least / 1e6, float.__ge__)}".rstrip())


def change_table(rounds):
    print(f"\n{'a change of one member, in ms':<38}{'median':>9} {'spread':<19}{'':>7}{'x ringpop-go':>14}   promised, ms")
    for members in rounds[0]:
        for what, field in (("ring and its checksum", "change_ms"), ("... and checksums.replica", "change_replica_ms"),
                            ("... as a node does it", "node_ms"), ("the ring built anew", "build_ms")):
            times = [r[members][field] for r in rounds]
            time = statistics.median(times)
            go = GO_CHANGE_MS.get(members) if field != "build_ms" else None
            most = CHANGE_MS_MAX.get(members) if field != "build_ms" else None
            print(f"{members:>6,}  {what:<30}{columns(times, ',.3f')}{'':>7}{f'{go / time:.0f}' if go else '-':>14}   "
                  f"{verdict(time, most, float.__le__)}".rstrip())


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev bench ring", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="folder of the release build")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2, help="for each single measurement (default 0.2)")
    parser.add_argument("--json", action="store_true", help="print all rounds as JSON instead of the tables")
    options = parser.parse_args()

    program = pathlib.Path(options.build).resolve() / "bench_ring"
    rounds = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        rounds.append(one_round(program, options.seconds))
    if options.json:
        print(json.dumps(rounds, indent=1))
        return
    print(f"\nkeys of 10 to 29 bytes, 100 points a member, one core, {options.rounds} rounds; medians, spread of the rounds in "
          f"brackets;\nringpop-go's figures are fixed ones: 1,231 ns and 2,937 ns a lookup at 100 and 1,000 members, 109 ms a "
          f"change at 1,000")
    lookup_table(rounds)
    print("each after the last one's: the key is chosen by the answer before, so that no two lookups overlap")
    change_table(rounds)
    print("as a node does it: from the member list to the servers, the ring, its checksum and that of the membership\n")
    for members in rounds[0]:
        print(f"memory of a ring of {members:>5,}: {rounds[0][members]['kib']:>9,.1f} KiB")


if __name__ == "__main__":
    main()
