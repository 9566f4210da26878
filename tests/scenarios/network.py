"""A network of namespaces: a router, and hosts on it that have nothing in common but the router.

Each host is a namespace with one cable to the router, which is a namespace too; nftables drops there what a fault takes
away. Packets are dropped in silence, as behind a broken cable far away: no reset, no ICMP, so that nothing but time-outs
tells the ends. (A bridge would need a neighbour's entry for each pair of hosts, and the kernel keeps 1,024 of them for all
namespaces together: beyond some 30 hosts connects fail at random.)

A namespace lives as long as the process that holds it, and that dies with the test: nothing is ever left behind, and no
name is taken that another run could want. Needs root, or a user namespace in which one is root: unavailable().
"""
import functools
import os
import pathlib
import shutil
import subprocess

import scenario  # noqa: F401  it puts scripts/lib on the path
from processes import die_with_parent, wait_until

FORWARDS = "echo 1 > /proc/sys/net/ipv4/ip_forward"
ROUTER = "10.77.255.254"  # its address on every cable
RULES = """
table ip faults {
  set cut { type ipv4_addr . ipv4_addr; }
  set lossy { type ipv4_addr . ipv4_addr; }
  chain between {
    type filter hook forward priority 0; policy accept;
    ip saddr . ip daddr @cut drop
    ip saddr . ip daddr @lossy jump loss
  }
  chain loss { }
}
"""


@functools.cache
def unavailable():
    """Why no network of namespaces can be had here, and what to do about it; empty where one can."""
    if missing := [tool for tool in ("unshare", "nsenter", "ip", "nft") if not shutil.which(tool)]:
        return f"{', '.join(missing)} missing: scripts/bootstrap test installs them"
    if os.geteuid() != 0:
        return "not root; in front of the command put: unshare --map-root-user"
    try:
        call(["unshare", "--net", "sh", "-c", f"ip link add port1 type veth peer name eth0 && {FORWARDS} && nft -f -"], RULES)
    except RuntimeError as why:
        return f"this kernel or container allows none: {why}"
    return ""


def call(command, text=""):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or f'exit code {done.returncode}'}")


class Namespace:
    """A network namespace, held by a process that does nothing else."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=die_with_parent)

    def wait_there(self):
        """unshare has done its work when the holder has become `sleep`."""
        command = pathlib.Path(f"/proc/{self.holder.pid}/comm")
        wait_until(lambda: self.holder.poll() is not None or command.read_text() == "sleep\n", 10, "a namespace is there")
        if self.holder.poll() is not None:
            raise RuntimeError(f"unshare --net: {self.holder.stderr.read().decode().strip()}")

    def enter(self, *command):
        """The command as it runs inside; the process it becomes is the one that is started."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *command]

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stderr.close()


class Network:
    """`size` hosts with the addresses 10.77.0.1 and on. Leaving the `with` block ends it, and faults with it."""

    def __init__(self, size):
        self.router = Namespace()
        self.hosts = [Namespace() for _ in range(size)]
        try:
            for namespace in (self.router, *self.hosts):
                namespace.wait_there()
            self._connect()
        except BaseException:
            self.close()
            raise

    def _connect(self):
        lines = ["link set lo up"]
        for index, host in enumerate(self.hosts):
            port = f"port{index + 1}"
            lines += [f"link add {port} type veth peer name eth0 netns {host.holder.pid}", f"link set {port} up",
                      f"address add {ROUTER}/32 dev {port}", f"route add {self.address(index)} dev {port}"]
        call(self.router.enter("ip", "-batch", "-"), "\n".join(lines))
        for index, host in enumerate(self.hosts):
            lines = ["link set lo up", f"address add {self.address(index)}/32 dev eth0", "link set eth0 up",
                     f"route add {ROUTER} dev eth0", f"route add default via {ROUTER}"]
            call(host.enter("ip", "-batch", "-"), "\n".join(lines))
        call(self.router.enter("sh", "-c", FORWARDS))
        self._rules(RULES)

    @staticmethod
    def address(index):
        return f"10.77.{(index + 1) // 256}.{(index + 1) % 256}"

    def cut(self, senders, receivers):
        """Nothing that one of `senders` sends reaches one of `receivers`, until mend(). Hosts are given by their index."""
        self._rules(f"add element ip faults cut {self._pairs(senders, receivers)}")

    def lose(self, percent, senders, receivers):
        """So many packets of a hundred are lost, of all pairs for which this has been called; the last percentage counts."""
        self._rules(f"add element ip faults lossy {self._pairs(senders, receivers)}", "flush chain ip faults loss",
                    f"add rule ip faults loss numgen random mod 100 < {percent} drop")

    def part(self, some, others):
        """Cuts both ways."""
        self.cut(some, others)
        self.cut(others, some)

    def mend(self):
        self._rules("flush set ip faults cut", "flush set ip faults lossy")

    def _pairs(self, senders, receivers):
        pairs = [f"{self.address(a)} . {self.address(b)}" for a in senders for b in receivers if a != b]
        return f"{{ {', '.join(pairs)} }}"

    def _rules(self, *lines):
        call(self.router.enter("nft", "-f", "-"), "\n".join(lines) + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for namespace in (self.router, *self.hosts):
            namespace.close()
