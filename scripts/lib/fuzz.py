"""`scripts/dev fuzz [target ...] [--seconds N]`: runs the fuzz targets of tests/fuzz, two at a time, each for as long as
wanted, on top of the checked-in corpus and of what earlier runs on this machine have found worth keeping (build/asan/kept).
Prints executions, coverage and findings; fails when there are any.

First the canary, a target with a planted fault: when it is not found, the run is worth nothing and fails.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("RINGSIDE_BUILD") or ROOT / "build") / "asan"
SOURCES = ROOT / "tests" / "fuzz"
CANARY = "canary"
ENVIRONMENT = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_OPTIONS": "detect_stack_use_after_return=1",
               "ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19"}


def all_targets():
    return re.findall(r'Target\{"(\w+)"', (SOURCES / "targets.hpp").read_text(encoding="utf-8"))


def command(target, seconds, seed):
    """libFuzzer writes to the first folder and reads all."""
    kept = BUILD / "kept" / target
    findings = BUILD / "findings" / target
    for folder in (kept, findings):
        folder.mkdir(parents=True, exist_ok=True)
    words = [BUILD / f"fuzz_{target}", f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048",
             "-print_final_stats=1", f"-artifact_prefix={findings}/", f"-seed={seed}", kept]
    if (SOURCES / "corpus" / target).is_dir():
        words.append(SOURCES / "corpus" / target)
    dictionary = SOURCES / f"{target.split('_')[0]}.dict"
    if dictionary.is_file():
        words.insert(1, f"-dict={dictionary}")
    return [str(word) for word in words]


def run(target, seconds, seed):
    """(what libFuzzer printed, exit code). It ends by itself; far beyond its time it hangs, which is a finding too."""
    try:
        done = subprocess.run(command(target, seconds, seed), cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=seconds + 120, check=False)
        return done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + "\nstopped: it did not end by itself", 124


def figures(output):
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    progress = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", output)
    if not executions or not progress:
        return None
    return int(executions[1]), *(int(number) for number in progress[-1])


def report(target, output, code, seconds):
    """One line, or for a finding all that is needed to go on. True when all is well."""
    found = figures(output)
    if code == 0 and found:
        print(f"{target:<20}{found[0]:>14,} executions {found[1]:>7,} points {found[2]:>8,} features {found[3]:>6,} inputs kept"
              f"  no findings in {seconds:.0f} s", flush=True)
        return True
    print(f"{target:<20} FINDING (exit code {code})")
    print("\n".join("   | " + line for line in output.splitlines()[-60:]))
    written = re.search(r"Test unit written to (\S+)", output)
    if written:
        print(f"   {target}: the input is in {written[1]}; again with\n"
              f"     {BUILD}/fuzz_{target} {written[1]}\n"
              f"   smaller: the same with -minimize_crash=1 -runs=100000; then put it into tests/fuzz/corpus/{target}/")
    sys.stdout.flush()
    return False


def canary_dies(seed):
    output, code = run(CANARY, 60, seed)
    dead = code != 0 and "AddressSanitizer: heap-buffer-overflow" in output
    print("canary: its fault is found" if dead else f"canary: its fault is NOT found (exit code {code}):\n{output[-2000:]}",
          flush=True)
    return dead


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev fuzz", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(all_targets())} (default: all)")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time (default 2)")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000_000, help="of libFuzzer (default: the time)")
    options = parser.parse_args()
    unknown = set(options.targets) - set(all_targets())
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))} (there are {', '.join(all_targets())})")

    print(f"seed {options.seed}", flush=True)
    well = [canary_dies(options.seed)]

    def one(target):
        started = time.monotonic()
        output, code = run(target, options.seconds, options.seed)
        return report(target, output, code, time.monotonic() - started)

    with ThreadPoolExecutor(options.jobs) as pool:
        well += pool.map(one, options.targets or all_targets())
    sys.exit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
