#!/usr/bin/env python3
"""The relay benchmark: `scripts/dev bench tchannel`.

TChannel calls through two ringsides, beside the same calls through a pair of bare TCP relays, and beside HTTP through two
ringsides and through such a pair. Each is a closed loop with the same number of requests in flight; HTTP needs a connection
for each of them, TChannel has many on one. One thread per process. measure.py says how the candidates are compared.
"""
import argparse
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "lib"))
import measure  # noqa: E402
from cluster import Cluster  # noqa: E402
from processes import free_port  # noqa: E402
from proxies import KEYS, Bench, Scenario  # noqa: E402

RELAY, HTTP = "TChannel, bare relay, two hops", "HTTP, ringside, two hops"


class TchannelBench(Bench):
    """The candidates. Names of scenarios begin with what they speak."""

    def __init__(self, build, folder):
        super().__init__(build, folder)
        (self.folder / "tchannel").mkdir()  # its hosts are called a and b, too
        self.tchannel_cluster = Cluster(self.build / "ringside", self.folder / "tchannel")

    def __enter__(self):
        super().__enter__()
        self.tchannel_app = {name: free_port() for name in "ab"}
        for name, port in self.tchannel_app.items():
            self.spawn(f"TChannel app {name}", [self.build / "bench_tchannel_app", port, name], port)
        return self

    def __exit__(self, *what):
        self.tchannel_cluster.stop()
        super().__exit__(*what)

    def direct(self):
        return [Scenario("TChannel, no proxy", self.tchannel_app["b"], KEYS)]

    def relay(self):
        return [Scenario(RELAY, *self.relay_pair("TChannel relay", self.tchannel_app["b"]))]

    def tchannel(self):
        port = free_port()
        for name, app in self.tchannel_app.items():
            flags = ["--workers", "1", "--app-protocol", "tchannel"]
            flags += ["--listen-tchannel", f"127.0.0.1:{port}"] if name == "a" else []
            self.tchannel_cluster.add(name, app_address=f"127.0.0.1:{app}", flags=flags)
        return self.ringsides("TChannel, ringside", self.tchannel_cluster, port)

    def http(self):
        pair = Scenario("HTTP, bare relay, two hops", *self.relay_pair("relay", self.app["b"]))
        owner, two = self.ringside()
        owner.name, two.name = "HTTP, ringside, owner at entry", HTTP
        return [pair, owner, two]


def table(results, options):
    in_flight = options.connections * options.calls
    print(f"\n{in_flight} requests in flight: TChannel {options.calls} on each of {options.connections} connections, HTTP one "
          f"on each of {in_flight}\n{options.rounds} interleaved rounds of {options.seconds:g} s, one thread per process; "
          f"medians, spread of the rounds in brackets; CPU and memory of the two daemons together\n")
    print(f"{'':<32}{'calls/s':>10} {'':<21}{'p50 ms':>8}{'p99 ms':>8}{'CPU us':>8}{'RSS MiB':>9}{'x relay':>9}{'x HTTP':>8}")
    for name, rounds in results.items():
        cpu, memory = measure.median(rounds, "cpu_us"), measure.median(rounds, "rss_mib")
        print(f"{name:<32}{measure.median(rounds, 'rps'):>10,.0f} {measure.spread(rounds):<21}"
              f"{measure.median(rounds, 'p50_us') / 1000:>8.2f}{measure.median(rounds, 'p99_us') / 1000:>8.2f}"
              f"{f'{cpu:.1f}' if cpu else '-':>8}{f'{memory:.1f}' if memory else '-':>9}"
              f"{measure.ratio(rounds, results.get(RELAY)):>9}{measure.ratio(rounds, results.get(HTTP)):>8}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev bench tchannel", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    measure.add_options(parser, only="direct,relay,tchannel,http")
    parser.add_argument("--connections", type=int, default=8, help="of TChannel (default 8)")
    parser.add_argument("--calls", type=int, default=8, help="in flight on each of them (default 8)")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="ringside-bench-") as folder, TchannelBench(options.build, folder) as bench:
        def command(scenario):
            times = [options.warmup, options.seconds]
            if scenario.name.startswith("HTTP"):
                return [bench.build / "bench_load", scenario.port, options.connections * options.calls, *times]
            return [bench.build / "bench_tchannel_load", scenario.port, options.connections, options.calls, *times]

        scenarios = [s for name in options.only.split(",") for s in getattr(bench, name)()]
        results = measure.rounds(scenarios, command, options.rounds)
    measure.report(results, options, table)


if __name__ == "__main__":
    main()
