"""Is every C++ file as clang-format 19 writes it? Names those that are not; --repair rewrites them."""
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main():
    files = sorted(p for top in ("proto", "daemon", "tests") for p in (ROOT / top).rglob("*.[ch]pp"))

    def formatted(file):
        return subprocess.run(["clang-format-19", file], capture_output=True, check=True).stdout

    bad = []
    with ThreadPoolExecutor(4) as pool:
        for file, text in zip(files, pool.map(formatted, files)):
            if text != file.read_bytes():
                bad.append(file)
    for file in bad:
        if "--repair" in sys.argv:
            file.write_bytes(formatted(file))
        print(f"{'formatted' if '--repair' in sys.argv else 'not formatted'}: {file.relative_to(ROOT)}")
    print(f"format: {len(files)} files, {len(bad)} {'repaired' if '--repair' in sys.argv else 'to repair'}")
    sys.exit(1 if bad and "--repair" not in sys.argv else 0)


if __name__ == "__main__":
    main()
