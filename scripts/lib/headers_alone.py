"""Does every header compile by itself? Part of `scripts/dev lint`; expects the dev build to be configured.

A header that needs its includer's includes breaks the first file that uses it differently.
"""
import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILDS = pathlib.Path(os.environ.get("RINGSIDE_BUILD") or ROOT / "build")


def flags():
    """Include paths and definitions of the whole build, from its compile commands."""
    commands = json.loads((BUILDS / "dev" / "compile_commands.json").read_text(encoding="utf-8"))
    found = []
    for command in commands:
        words = command["command"].split()
        for word, following in zip(words, words[1:] + [""]):
            if word == "-isystem":
                found.append(f"-isystem{following}")
            elif word.startswith(("-I", "-DBOOST_", "-DSPDLOG_", "-DRINGSIDE_VERSION")):
                found.append(word)
    return sorted(set(found))


def main():
    common = ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", f"-I{ROOT}", *flags()]
    headers = sorted(p for top in ("proto", "daemon", "tests") for p in (ROOT / top).rglob("*.hpp"))

    def check(header):
        text = f'#include "{header.relative_to(ROOT)}"\n'
        return header, subprocess.run([*common, "-x", "c++", "-"], input=text, text=True, capture_output=True, check=False)

    bad = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, done in pool.map(check, headers):
            if done.returncode != 0:
                bad += 1
                print(f"{header.relative_to(ROOT)} does not compile alone:\n{done.stderr}")
    print(f"headers alone: {len(headers)} headers, {bad} of them lean on their includers")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
