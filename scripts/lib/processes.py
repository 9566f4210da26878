"""Child processes for the demo, the cluster tests and the benchmark: free ports, logs, waiting, and a sure end.

Nothing here outlives its parent: every child asks the kernel to be killed when the parent dies, unless it was started
with keep=True. Waiting means asking again and again until a condition holds; nothing sleeps and hopes.
"""
import ctypes
import os
import random
import signal
import socket
import subprocess
import time

_libc = ctypes.CDLL(None)
_given = set()


def die_with_parent():
    PR_SET_PDEATHSIG = 1
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    """A TCP port of the loopback nobody listens on, outside the range of ports that outgoing connections take (so
    that it is still free when the process it is meant for, or its next life, binds it)."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first_ephemeral = int(file.read().split()[0])
    low, high = (10_000, first_ephemeral - 1) if first_ephemeral > 12_000 else (1_100, 65_535)
    while True:
        port = random.randint(low, high)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


class Process:
    """One child with its output in a file."""

    def __init__(self, name, argv, log_path, keep=False, env=None):
        self.name, self.argv, self.log_path = name, [str(a) for a in argv], log_path
        with open(log_path, "ab") as log:
            self.child = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=env,
                start_new_session=True, preexec_fn=None if keep else die_with_parent)

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child.poll() is None

    def kill(self, sig=signal.SIGKILL):
        if self.running():
            self.child.send_signal(sig)

    def wait(self, timeout=10):
        """The exit code; negative for a signal."""
        return self.child.wait(timeout)

    def stop(self):
        self.kill()
        self.child.wait()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def tail(self, lines=15):
        state = "running" if self.running() else f"exit code {self.child.returncode}"
        text = "\n".join("    " + line for line in self.log().splitlines()[-lines:])
        return f"  {self.name} ({state}), last lines of its output:\n{text or '    (none)'}"


class Timeout(Exception):
    pass


def wait_until(condition, timeout, what, processes=()):
    """Asks `condition` until it gives something true, and returns that. Gives up, with the tails of the processes'
    logs, when the time is over or as soon as one of them is dead."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        dead = [p for p in processes if not p.running()]
        if dead or time.monotonic() > deadline:
            why = f"{dead[0].name} is dead" if dead else f"not within {timeout} s"
            raise Timeout("\n".join([f"{what}: {why}", *(p.tail() for p in processes)]))
        time.sleep(0.01)


def accepts(port):
    """Does somebody listen on this port of the loopback?"""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_seconds(pid):
    """User and system time of a process so far, all its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
