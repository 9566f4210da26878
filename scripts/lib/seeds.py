"""`scripts/dev seeds [N]`: N simulated clusters (100), each with a seed of its own that begins with the time. Stops at the first
one that does not agree or breaks an invariant, with the command that shows the same again."""
import argparse
import shlex
import subprocess
import sys
import time

SCENE = ["--nodes", "30", "--loss", "2%", "--kill", "2", "--seconds", "60"]


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev seeds", description=__doc__)
    parser.add_argument("program", help=argparse.SUPPRESS)
    parser.add_argument("count", nargs="?", type=int, default=100)
    parser.add_argument("--first", type=int, default=int(time.time()) * 1000, help="the first seed (the time)")
    options = parser.parse_args()
    started = time.monotonic()
    for seed in range(options.first, options.first + options.count):
        command = [options.program, *SCENE, "--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            sys.exit(f"{shlex.join(command)}\n{done.stdout}{done.stderr}seeds: exit code {done.returncode}")
    print(f"{options.count} clusters from seed {options.first} on: all agreed, nothing violated, "
          f"in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
