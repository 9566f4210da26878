"""A local cluster to play with, behind `scripts/dev cluster`: N hosts with demo apps, until Ctrl-C. Kill a daemon or an
app by its process id from another terminal and watch what the others say."""
import argparse
import itertools
import signal
import sys
import tempfile

from cluster import LANGUAGES, Cluster


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev cluster", description=__doc__)
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    parser.add_argument("-n", type=int, default=3, help="hosts (default 3)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    with tempfile.TemporaryDirectory(prefix="ringside-cluster-") as folder, Cluster(options.binary, folder) as cluster:
        languages = itertools.cycle(LANGUAGES)
        for i in range(options.n):
            cluster.add(f"n{i + 1}", app_command=LANGUAGES[next(languages)])
        cluster.start()
        cluster.wait_agreed()
        print("host  API                      daemon pid  app pid")
        for host in cluster.hosts:
            print(f"{host.name:<5} http://127.0.0.1:{host.api_port:<7} {host.daemon.pid:>10} {host.app.pid:>8}")
        print(f"logs in {folder}; Ctrl-C ends it all")
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
