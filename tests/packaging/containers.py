"""Plays a Compose file without a container engine: each service in a network namespace of its own with the address and the
names that Compose would give it, its own view of volumes and /etc/hosts, and the user that it would run as.

The images are stood in for by what they hold: the binary under test, the demo app, npm's ringpop-node of the interop tests.
Needs root. Namespaces belong to processes that die with the test, so nothing can be left behind.
"""
import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess

from shared import BINARY, CONFIG, Process, clean_environment, wait_until, yaml

IMAGE = pathlib.Path("/run/image")  # in each container: what its image holds
HELD = {"ringside": BINARY, "/demo/app.py": CONFIG / "compose" / "app.py"}
SUBNET = "10.76.0"
GATEWAY = "10.76.0.1"
USER = 7600


@functools.cache
def why_not():
    """Why it cannot be done here; None when it can."""
    for tool in ("unshare", "nsenter", "setpriv", "ip", "sysctl", "curl"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    if os.geteuid() != 0:
        return "network namespaces with addresses need root"
    cable = ["ip", "link", "add", "one", "type", "veth", "peer", "name", "other"]
    done = subprocess.run(["unshare", "--net", "--mount", "--uts", *cable], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"no namespaces with cables here: {done.stderr.strip()}"


def enter(holder, *command):
    return ["nsenter", f"--net=/proc/{holder.pid}/ns/net", *map(str, command)]


class Containers:
    """The services of one file, each as often as `scale` says, until the end of the `with`."""

    def __init__(self, file, folder, images=None, scale=None):
        whole = yaml.safe_load(file.read_text(encoding="utf-8"))
        self.folder = pathlib.Path(folder)
        self.images = images or {}  # image -> command in place of its entrypoint
        self.services, self.names = {}, {}  # container -> what it is; -> the names that lead to it
        for name, service in whole["services"].items():
            count = (scale or {}).get(name, 1)
            for number in range(1, count + 1):
                container = name if count == 1 else f"{name}-{number}"
                self.services[container] = service if count == 1 else {**service, "hostname": container}
                self.names[container] = f"{name} {self.services[container].get('hostname', name)}"
        self.holders, self.processes = {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [*self.processes.values(), *self.holders.values()]:
            process.stop()

    def hold(self, name):
        """A network namespace that lives as long as this process does."""
        holder = Process(f"network of {name}", ["unshare", "--net", "sleep", "infinity"], self.folder / f"network-{name}.log")
        ours = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != ours, 10, f"{name} has its network", [holder])
        self.holders[name] = holder
        self.do(holder, "ip link set lo up")
        return holder

    def do(self, holder, *lines):
        for line in lines:
            done = subprocess.run(enter(holder, *line.split()), capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}: {done.stderr}"

    def addresses(self):
        """Service -> address, for those with a network of their own."""
        own = [name for name, service in self.services.items() if "network_mode" not in service]
        fixed = {name: network["ipv4_address"] for name in own for network in self.services[name].get("networks", {}).values()}
        return {name: fixed.get(name, f"{SUBNET}.{number}") for number, name in enumerate(own, 11)}

    def start(self):
        # A router in the middle, for kernels without bridges: every service has one cable, to it.
        router = self.hold("router")
        self.do(router, "sysctl -qw net.ipv4.ip_forward=1")
        addresses = self.addresses()
        lines = ["127.0.0.1 localhost"]
        for number, (name, address) in enumerate(addresses.items()):
            lines.append(f"{address} {self.names[name]}")
            holder, port = self.hold(name), f"port{number}"
            self.do(router, f"ip link add {port} type veth peer name eth0 netns {holder.pid}", f"ip addr add {GATEWAY}/32 dev {port}",
                    f"ip link set {port} up", f"ip route add {address}/32 dev {port}")
            self.do(holder, f"ip addr add {address}/32 dev eth0", "ip link set eth0 up", f"ip route add {GATEWAY} dev eth0",
                    f"ip route add default via {GATEWAY}")
        self.hosts = self.folder / "hosts"
        self.hosts.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name, service in self.services.items():
            for other, needs in service.get("depends_on", {}).items():
                if needs["condition"] == "service_completed_successfully":
                    self.complete(other)
            self.start_service(name)

    def complete(self, name):
        """Waits, the first time, for a service that does its work and ends."""
        process = self.processes.pop(name, None)
        if process:
            code = process.wait(20)
            assert code == 0, process.tail()

    def network_of(self, name):
        return self.holders[self.services[name].get("network_mode", f"service:{name}").removeprefix("service:")]

    def command(self, service):
        def words(value):
            return shlex.split(value) if isinstance(value, str) else [str(v) for v in value]

        first = self.images.get(service["image"]) or words(service.get("entrypoint", "ringside"))
        return [self.held(word) for word in [*first, *words(service.get("command", ""))]]

    @staticmethod
    def environment(service):
        ours = clean_environment()
        return {**ours, "PATH": f"{IMAGE}:{ours['PATH']}", **{k: str(v) for k, v in service.get("environment", {}).items()}}

    @staticmethod
    def held(word):
        return str(IMAGE / HELD[word].name) if word in HELD else word

    def mounts(self, service):
        """Shell lines that give it its view of the file system."""
        yield f"mount --bind {self.hosts} /etc/hosts"
        yield f"mount -t tmpfs -o size=1m,mode=755 none /run && install -d -o {USER} -g {USER} /run/ringside"
        yield f"mkdir {IMAGE}"
        for file in HELD.values():
            yield f"touch {IMAGE / file.name} && mount --bind {file} {IMAGE / file.name}"
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            if source.startswith("."):
                yield f"mkdir -p /run/mounted; cp {CONFIG / 'compose' / source} /run/mounted/"
            else:
                kept = self.folder / f"volume-{source}"
                kept.mkdir(exist_ok=True)
                os.chown(kept, USER, USER)
                yield f"mkdir -p {target} && mount --bind {kept} {target}"
        for place in service.get("tmpfs", []):  # the last: it may hide what was mounted from there
            yield f"mount -t tmpfs -o size=16m,mode=1777 none {place}"

    def start_service(self, name):
        service = self.services[name]
        environment = self.environment(service)
        # A file mounted at the root of the container: there is no such place here, so it lies in /run/mounted.
        mounted = {v.split(":")[1]: f"/run/mounted/{pathlib.Path(v.split(':')[0]).name}" for v in service.get("volumes", [])
                   if v.startswith(".")}
        command = " ".join(shlex.quote(word) for word in self.command(service))
        for target, place in mounted.items():
            command = re.sub(rf"(?<=[:=]){re.escape(target)}\b", place, command)
        lines = [*self.mounts(service), f"hostname {service.get('hostname', name)}",
                 f"exec setpriv --reuid={USER} --regid={USER} --clear-groups --bounding-set=-all --pdeathsig KILL {command}"]
        argv = enter(self.network_of(name), "unshare", "--mount", "--uts", "sh", "-ec", "\n".join(lines))
        self.processes[name] = Process(name, argv, self.folder / f"service-{name}.log", env=environment)

    def ask(self, name, *command):
        """Exit code and output of a command in the service's place, as `docker compose exec` would run it."""
        process = self.processes[name]
        environment = self.environment(self.services[name])
        done = subprocess.run(["nsenter", f"--target={process.pid}", "--net", "--mount", "--uts",
                               *map(self.held, command)],
                              capture_output=True, text=True, check=False, timeout=20, env=environment)
        return done.returncode, done.stdout + done.stderr
