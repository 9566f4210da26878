"""The steps behind scripts/test: style, builds, unit tests under sanitizers and with the second compiler, clusters of
real processes, the demo. Goes on after a failure, so that one run tells all; ends with the count of test cases.
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
BUILDS = pathlib.Path(os.environ.get("RINGSIDE_BUILD") or ROOT / "build")
UNIT_TESTS = ["test_proto", "test_core", "test_service", "test_net", "test_fuzz"]
FUZZ_SECONDS = 60  # for each target, two at a time
FUZZ_SEED = "1"  # a change is judged by what it does, not by luck; the nightly verb draws its seeds
BENCH_PROGRAMS = ["bench_app", "bench_load", "bench_open_load", "bench_relay", "bench_ring", "bench_tchannel_app",
                  "bench_tchannel_load"]
WERROR = "ON" if os.environ.get("CI") else "OFF"
ENVIRONMENT = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}


class Count:
    passed = failed = 0
    failures = []  # where, and three lines of what was said: from the exception on, or else the last ones
    skipped = []  # reasons

    def fail(self, where, output, times=1):
        self.failed += times
        lines = [line for line in output.splitlines() if line.strip()]
        at = next((i for i, line in enumerate(lines) if re.match(r"\w*(Error|Exception)\b", line)), max(0, len(lines) - 3))
        self.failures.append((where, lines[at:at + 3]))


count = Count()


def section(title):
    print(f"\n== {title}", flush=True)
    return time.monotonic()


def ended(started, text):
    print(f"   {text} in {time.monotonic() - started:.0f} s", flush=True)


def run(command, timeout=1800):
    """Exit code and output; 124 when it took too long."""
    try:
        done = subprocess.run([str(c) for c in command], cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=timeout, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + f"\nstopped after {timeout} s"


def tail(text, lines=80):
    print("\n".join("   | " + line for line in text.splitlines()[-lines:]), flush=True)


def one(title, command, timeout=1800):
    """A command that counts as one test."""
    started = section(title)
    code, output = run(command, timeout)
    if code == 0:
        count.passed += 1
    else:
        count.fail(title, output)
        tail(output)
    ended(started, "passed" if code == 0 else f"FAILED (exit code {code})")
    return code == 0


def build(preset, targets):
    """A build that works is no test passed; one that does not is a failure, and what needs it is left out."""
    started = section(f"build {preset}: {' '.join(targets)}")
    code, output = run(["cmake", "--preset", preset, "-B", BUILDS / preset, f"-DRINGSIDE_WERROR={WERROR}"])
    if code == 0:
        code, output = run(["ninja", "-C", BUILDS / preset, *targets], timeout=3600)
    if code != 0:
        count.fail(f"build {preset}", output)
        tail(output)
    elif "warning:" in output:
        print(f"   {output.count('warning:')} warnings; CI would refuse them")
    ended(started, "built" if code == 0 else "FAILED to build")
    return code == 0


def units(preset, *commands):
    """Catch2 binaries, two at a time; their test cases are counted one by one."""
    started = section(f"{', '.join(' '.join(command) for command in commands)} ({preset})")
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda command: run([BUILDS / preset / command[0], *command[1:]]), commands))
    for command, (code, output) in zip(commands, done):
        count_unit(command[0], code, output)
    ended(started, "all of them")


def count_unit(name, code, output):
    all_passed = re.search(r"All tests passed \(\d+ assertions? in (\d+) test cases?\)", output)
    # The summary's columns are "test cases: 12 | 11 passed | 1 failed"; any of them but the first may be missing.
    some_failed = re.search(r"^test cases:\s*(\d+)(?: \|\s*(\d+) passed)?", output, re.MULTILINE)
    if code == 0 and all_passed:
        passed, failed = int(all_passed[1]), 0
    elif some_failed:
        passed = int(some_failed[2] or 0)
        failed = max(1, int(some_failed[1]) - passed)
    else:
        passed, failed = 0, 1  # no summary: it crashed, or ran nothing
    count.passed += passed
    print(f"   {name}: {passed} passed, {failed} failed", flush=True)
    if failed:
        where = re.findall(r"^(\S+\.cpp:\d+): FAILED", output, re.MULTILINE)
        count.fail(f"{name} {' '.join(where)}", output, failed)
        tail(output)


def processes(title, folder):
    """The tests with real processes, line by line as they come."""
    started = section(f"{title}, release build")
    command = [sys.executable, "-u", "-m", "unittest", "discover", "-v", "-s", folder, "-t", folder]
    environment = {**ENVIRONMENT, "RINGSIDE_BINARY": str(BUILDS / "release" / "ringside")}
    lines = []
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace") as child:
        for line in child.stdout:
            lines.append(line.rstrip())
            print("   " + lines[-1], flush=True)
    output = "\n".join(lines)
    ran = re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)
    outcome = dict(re.findall(r"(skipped)=(\d+)", lines[-1] if lines else ""))
    reasons = re.findall(r"^(.*) \.\.\. skipped ['\"](.*)['\"]$", output, re.MULTILINE)
    total = int(ran[1]) if ran else 0
    # A test with several bad subtests is one failed test.
    reports = {}
    for report in re.split(r"^={70}$", output, flags=re.MULTILINE)[1:]:
        if what := re.match(r"\s*(?:FAIL|ERROR): (\S+ \(\S+\))", report):
            reports.setdefault(what[1], report.split("\nRan ")[0].rstrip("-\n"))
    skipped = int(outcome.get("skipped", 0))
    if not reports and (child.returncode != 0 or total == 0):
        reports[title] = output
    failed = len(reports)
    passed = max(0, total - failed - skipped)
    count.passed += passed
    for test, report in reports.items():
        count.fail(test, report)
    count.skipped += [f"{test.strip()}: {reason}" for test, reason in reasons] or ["(see above)"] * skipped
    ended(started, f"{passed} passed, {failed} failed, {skipped} skipped")


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__)
    parser.add_argument("--fuzz-seconds", type=int, default=FUZZ_SECONDS, help=f"for each fuzz target (default {FUZZ_SECONDS})")
    options = parser.parse_args()
    started = time.monotonic()
    one("layers: the check finds planted mistakes", [sys.executable, "scripts/check_layers.py", "--self-test"])
    one("layers: who includes whom", [sys.executable, "scripts/check_layers.py"])
    one("mutations: each still fits the code", [sys.executable, "scripts/lib/mutations.py", "--fit"])
    one("format (scripts/dev fmt repairs it)", [sys.executable, "scripts/lib/format_check.py"])

    if build("release", ["ringside", "ringside_pages", "ringside_sim_tool", "test_core", "test_allocations", *BENCH_PROGRAMS]):
        # With the long simulations, which need an optimised build; allocations are counted in what users run.
        units("release", ["test_core", "*"], ["test_allocations"])
        one("simulator: the seeds that found something once",
            [BUILDS / "release" / "ringside_sim", "--regressions", "tests/sim/regressions.txt"], 180)
        one("simulator: how soon clusters agree, and what gossip costs, within the budgets",
            [sys.executable, "scripts/lib/budgets.py"], 180)
        one("simulator: 200 seeds, 0 violations", [BUILDS / "release" / "ringside_sim", "--count", "200", "--twice-every", "100"], 180)
        one("simulator: an hour of loss without a false alarm", [BUILDS / "release" / "ringside_sim", "--lossy-hours", "1"], 180)
        processes("cluster tests: real processes", "tests/cluster")
        processes("interop tests: real Ringpop nodes", "tests/interop")
        processes("packaging tests: what operators install and copy", "tests/packaging")
        processes("documents: what they show is done", "tests/docs")
        processes("scenarios: bad networks and processes that stand still", "tests/scenarios")
        for name, candidates, more in (("forward", "direct,relay,ringside,ringside_unix,ringside_tls", ["--connections", "16,1", "--body", "16"]),
                                       ("tchannel", "direct,relay,tchannel,http", [])):
            one(f"benchmark {name}: still runs",
                [sys.executable, f"tests/bench/{name}.py", "--build", BUILDS / "release", "--rounds", "1", "--seconds", "0.3",
                 "--warmup", "0.1", "--only", candidates, *more], 120)
        one("benchmark ring: still runs",
            [sys.executable, "tests/bench/ring.py", "--build", BUILDS / "release", "--rounds", "1", "--seconds", "0.01"], 120)
        one("overload: twice an app's capacity for 5 s",
            [sys.executable, "tests/bench/overload.py", "--build", BUILDS / "release", "--seconds", "5", "--loose"], 120)
        one("demo", ["scripts/demo"], 600)
    # The second compiler: above all, the simulator's trace hashes are those of g++.
    if build("asan", [*UNIT_TESTS, "fuzzers"]):
        units("asan", *([name] for name in UNIT_TESTS))
        one("fuzzing: the targets find nothing, the canary's fault is found",
            [sys.executable, "scripts/lib/fuzz.py", "--seconds", str(options.fuzz_seconds), "--seed", FUZZ_SEED])
    if build("tsan", ["test_net"]):
        units("tsan", ["test_net"])

    print(f"\nall of it took {time.monotonic() - started:.0f} s")
    for reason in count.skipped:
        print(f"skipped: {reason}")
    for where, lines in count.failures:
        print(f"failed: {where}", *(f"  {line}" for line in lines), sep="\n")
    skipped = f", {len(count.skipped)} skipped" if count.skipped else ""
    print(f"{count.passed} passed, {count.failed} failed{skipped}")
    sys.exit(1 if count.failed or not count.passed else 0)


if __name__ == "__main__":
    main()
