"""scripts/dev sim --mutations: does the simulator find what is wrong? Twenty-three faults of one line each are planted in the
core, one at a time, and the swarm has to find each within --count seeds. The sources are never touched: the faults are
planted in a copy below the build folder. Prints a table and the count; fails when fewer than --wanted are found.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILDS = pathlib.Path(os.environ.get("RINGSIDE_BUILD") or ROOT / "build")
COPIED = ["CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "config", "daemon", "proto", "scripts", "tests"]

# What is wrong, where in daemon/swim, the text that is there, the text that is planted.
MUTATIONS = [
    ("any other incarnation wins, also a lower one", "precedence.cpp",
     "return incoming.incarnation > known.incarnation;", "return true;"),
    ("at one incarnation the better state wins", "precedence.cpp",
     "return incoming.status > known.status;", "return incoming.status < known.status;"),
    ("nobody refutes", "precedence.cpp",
     "about_self ? Verdict::refute", "about_self ? Verdict::ignore"),
    ("a tombstone creates a member", "precedence.cpp",
     "incoming.status == ringpop::Status::tombstone ? Verdict::ignore : Verdict::apply", "Verdict::apply"),
    ("a suspect has a millisecond less", "transitions.cpp",
     "deadline = now + *time;", "deadline = now + *time - Millis(1);"),
    ("suspects are never given up", "transitions.cpp",
     "return suspect_time(accusers);", "return std::nullopt;"),
    ("the faulty are forgotten without a tombstone", "node.cpp",
     "declare(now, due.address, ringpop::Status::tombstone, due.incarnation, out);", "members.evict(due.address);"),
    ("who slept believes its timers", "node.cpp",
     "if (!config.lifeguard.oversleep) return;", "return;"),
    ("suspects are not probed again", "node_probe.cpp",
     "return members.pingable(address) || left_watch",
     "return (members.pingable(address) && members.find(address)->status == ringpop::Status::alive) || left_watch"),
    ("no helpers are asked", "node_probe.cpp",
     "if (helpers.empty()) {", "if (true) {"),
    ("a helper says that it reached whom it did not", "node_probe.cpp",
     "ringpop::PingReqResponse{std::move(reply.changes), answered, purpose.target, refused}",
     "ringpop::PingReqResponse{std::move(reply.changes), true, purpose.target, refused}"),
    ("a helper that did not reach the target does not answer", "node_probe.cpp",
     "if (!answered && sleep_watch.slept_since(purpose.sent)) {", "if (!answered) return;\n  if (false) {"),
    ("who was reached is not in the ring for all that", "node_probe.cpp",
     "if (!unverified.remove(now.steady, address)) return;", "return;"),
    ("a member never recovers from its own slowness", "node_probe.cpp",
     "health.add(-1);", "health.add(0);"),
    ("helpers that say nothing are as good as a no", "prober.cpp",
     "return somebody_said_no_ ? Outcome::unreachable : Outcome::inconclusive;", "return Outcome::unreachable;"),
    ("changes are told for ever", "dissemination.cpp",
     "return ++at->second.told >= limit_ ? changes_.erase(at) : std::next(at);", "return std::next(at);"),
    ("there is no full sync", "node_serve.cpp",
     "if (answer.changes.empty() && their_checksum != checksum() && may_full_sync(now)) {", "if (false) {"),
    ("who has left stays in the ring", "member.hpp",
     "return status == ringpop::Status::alive || status == ringpop::Status::suspect;",
     "return status != ringpop::Status::faulty && status != ringpop::Status::tombstone;"),
    ("everybody is probed once and never again", "rotation.hpp",
     "        next_ = 0;\n", "        return nullptr;\n"),
    ("nobody looks for lost partitions", "node_heal.cpp",
     "if (heal_clock.take(now.steady, members.living_count() + 1, rng)) out.notices",
     "if (heal_clock.take(now.steady, members.living_count() + 1, rng) && false) out.notices"),
    ("a new member changes the ring and nobody is told", "membership.cpp",
     "if (was_in_ring != is_in || (is_in && moves_points)) {", "if (was_in_ring && !is_in) {"),
    ("silence is a refusal", "node_inquest.cpp",
     "if (failed.error() == make_error_code(Errc::refused)) return", "if (!failed) return"),
    ("a proof of death needs no witness", "inquest.cpp",
     "if (!alone) return Next::ask;", "if (!alone) return Next::dead;"),
]


def run(command, **options):
    return subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)


def copy_sources(copy):
    """Only what differs is written, so that a second run compiles little."""
    for name in COPIED:
        source = ROOT / name
        files = [source] if source.is_file() else [p for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
        for path in files:
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() or target.read_bytes() != path.read_bytes():
                shutil.copy(path, target)


def build(tree):
    done = run(["ninja", "-C", tree, "ringside_sim_tool"])
    if done.returncode != 0:
        sys.exit(f"mutations: it does not build\n{done.stdout[-3000:]}")


def planted_in(number):
    """The file with this fault."""
    _, name, there, planted = MUTATIONS[number - 1]
    original = (ROOT / "daemon" / "swim" / name).read_text()
    if original.count(there) != 1:
        sys.exit(f"mutations: number {number} fits {original.count(there)} places in {name}; bring the list up to date")
    return original.replace(there, planted)


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev sim --mutations", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="seeds for each (1000)")
    parser.add_argument("--wanted", type=int, default=22, help="how many must be found (22)")
    parser.add_argument("--only", type=int, help="this number of the list alone")
    parser.add_argument("--fit", action="store_true", help="only see whether each still fits the code")
    options = parser.parse_args()
    for number in range(1, len(MUTATIONS) + 1):
        planted_in(number)
    if options.fit:
        return
    copy, tree = BUILDS / "mutations" / "source", BUILDS / "mutations" / "build"
    copy_sources(copy)
    configured = run(["cmake", "--preset", "release", "-B", tree], cwd=copy)
    if configured.returncode != 0:
        sys.exit(f"mutations: {configured.stdout}")
    found = 0
    chosen = [options.only] if options.only else range(1, len(MUTATIONS) + 1)
    for number in chosen:
        title, name, _, _ = MUTATIONS[number - 1]
        path = copy / "daemon" / "swim" / name
        original = path.read_text()
        path.write_text(planted_in(number))
        try:
            build(tree)
            started = time.monotonic()
            done = run([tree / "ringside_sim", "--count", options.count])
            took = time.monotonic() - started
        finally:
            path.write_text(original)
        seed = re.search(r"^seed (\d+)$", done.stdout, re.MULTILINE)
        why = re.search(r"^VIOLATED: (.*)$", done.stdout, re.MULTILINE)
        crashed = done.returncode not in (0, 1)
        caught = bool(seed) or crashed
        found += caught
        how = f"seed {seed[1]}: {why[1]}" if seed else f"crashed ({done.returncode})" if crashed else "NOT FOUND"
        print(f"{number:3}  {title:55}  {how}  ({took:.0f} s)", flush=True)
    print(f"{found} of {len(chosen)} planted faults found within {options.count} seeds")
    sys.exit(0 if found >= min(options.wanted, len(chosen)) else 1)


if __name__ == "__main__":
    main()
