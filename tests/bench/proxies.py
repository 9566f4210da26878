"""The candidates of the benchmarks: how each is started, which keys take one hop and which two.

Every candidate stands as a pair, A and B, each beside its own app, with one thread a process. Requests enter at A. A key
that A's ring gives to A takes one hop, a key it gives to B takes two: A, then B, then B's app.
"""
import http.client
import pathlib
import subprocess
from dataclasses import dataclass, field

from cluster import Cluster
from processes import Process, accepts, free_port, wait_until

KEYS = [f"user-{i}" for i in range(400)]

HAPROXY = """
global
  nbthread 1
  no strict-limits
  maxconn 16384
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend entry
  bind 127.0.0.1:{port}
  default_backend ring
backend ring
  balance hdr(Ringside-Key)
  hash-type consistent
{servers}
"""

NGINX = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream ring {{
    hash $http_ringside_key consistent;
{servers}
    keepalive 256;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://ring;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


@dataclass
class Scenario:
    name: str
    port: int
    keys: list
    daemons: list = field(default_factory=list)  # whose CPU is counted


class Bench:
    """Starts everything; use as a context, which also ends everything."""

    def __init__(self, build, folder):
        self.build, self.folder = pathlib.Path(build), pathlib.Path(folder)
        self.children = []
        self.cluster = Cluster(self.build / "ringside", folder)
        self.others = []  # clusters of other settings
        self.standing = {}

    def __enter__(self):
        self.app = {name: self.start_app(name) for name in "ab"}
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.stop()
        self.cluster.stop()
        for cluster in self.others:
            cluster.stop()

    def spawn(self, name, argv, port):
        child = Process(name, argv, self.folder / f"{name.replace(' ', '-')}.log")
        self.children.append(child)
        wait_until(lambda: accepts(port), 10, f"{name} listens", [child])
        return child

    def start_app(self, name):
        port = free_port()
        self.spawn(f"app {name}", [self.build / "bench_app", port, name, self.app_socket(name)], port)
        return port

    def app_socket(self, name):
        return self.folder / f"app-{name}.sock"

    def scenarios(self, name):
        """Those of one candidate, which is started when it is first asked for."""
        if name not in self.standing:
            self.standing[name] = getattr(self, name)()
        return self.standing[name]

    def direct(self):
        return [Scenario("direct, no proxy", self.app["b"], KEYS)]

    def relay(self):
        return [Scenario("bare relay, two hops", *self.relay_pair("relay", self.app["b"]))]

    def relay_pair(self, name, target):
        """The port, the keys and the processes of two bare relays before the target."""
        b, a = free_port(), free_port()
        daemons = [self.spawn(f"{name} b", [self.build / "bench_relay", b, target], b),
                   self.spawn(f"{name} a", [self.build / "bench_relay", a, b], a)]
        return a, KEYS, daemons

    def haproxy(self):
        return self.pair("HAProxy", self.start_haproxy)

    def start_haproxy(self, name, port, servers):
        lines = "\n".join(f"  server {n} 127.0.0.1:{p}" for n, p in servers)
        config = self.write(f"haproxy-{name}.cfg", HAPROXY.format(port=port, servers=lines))
        return self.spawn(f"haproxy {name}", ["haproxy", "-db", "-f", config], port)

    def nginx(self):
        return self.pair("nginx", self.start_nginx)[1:]

    def start_nginx(self, name, port, servers):
        folder = self.folder / f"nginx-{name}"
        folder.mkdir()
        lines = "\n".join(f"    server 127.0.0.1:{p};" for _, p in servers)
        config = self.write(f"nginx-{name}.conf", NGINX.format(port=port, servers=lines, folder=folder))
        return self.spawn(f"nginx {name}", ["nginx", "-p", folder, "-c", config, "-e", "stderr"], port)

    def pair(self, name, start):
        """A proxy that spreads keys over its own app and its twin; which key goes where is found by asking."""
        b, a = free_port(), free_port()
        daemon_b = start("b", b, [("b", self.app["b"])])
        daemon_a = start("a", a, [("a", self.app["a"]), ("b", b)])
        at = {"a": [], "b": []}
        connection = http.client.HTTPConnection("127.0.0.1", a)
        for key in KEYS:
            connection.request("GET", "/", headers={"Ringside-Key": key})
            at[connection.getresponse().read().decode()].append(key)
        connection.close()
        return [Scenario(f"{name}, one hop", a, at["a"], [daemon_a, daemon_b]),
                Scenario(f"{name}, two hops", a, at["b"], [daemon_a, daemon_b])]

    def ringside(self):
        hosts = [self.cluster.add(n, app_address=f"127.0.0.1:{self.app[n]}", flags=["--workers", "1"]) for n in "ab"]
        return self.ringsides("ringside", self.cluster, hosts[0].api_port)

    def ringside_unix(self):
        """The same with the apps on unix sockets."""
        cluster = self.other_cluster("unix")
        hosts = [cluster.add(n, app_address=f"unix:{self.app_socket(n)}", flags=["--workers", "1"]) for n in "ab"]
        return self.ringsides("ringside, unix app", cluster, hosts[0].api_port)[1:]

    def ringside_tls(self):
        """The same with TLS between the two, of one cluster key."""
        cluster = self.other_cluster("tls")
        key = self.folder / "cluster-key"
        key.touch(0o600)
        key.write_bytes(subprocess.run([cluster.binary, "keygen"], capture_output=True, check=True).stdout)
        flags = ["--workers", "1", "--security-cluster-key-file", str(key)]
        hosts = [cluster.add(n, app_address=f"127.0.0.1:{self.app[n]}", flags=flags) for n in "ab"]
        return self.ringsides("ringside, TLS", cluster, hosts[0].api_port)[1:]

    def other_cluster(self, name):
        folder = self.folder / name
        folder.mkdir()
        self.others.append(Cluster(self.build / "ringside", folder))
        return self.others[-1]

    def ringsides(self, name, cluster, port):
        """A cluster of two, entered at the first by this port of it."""
        cluster.start()
        cluster.wait_agreed()
        at = {"a": [], "b": []}
        for key in KEYS:
            at[cluster.hosts[0].owner(key)].append(key)
        daemons = [h.daemon for h in cluster.hosts]
        return [Scenario(f"{name}, owner at entry", port, at["a"], daemons),
                Scenario(f"{name}, two hops", port, at["b"], daemons)]

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path
