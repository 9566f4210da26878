"""The systemd unit, and what the daemon tells the service manager (sd_notify(3)): here a datagram socket of the test's."""
import os
import re
import signal
import socket
import time

from shared import BINARY, CONFIG, ROOT, Cluster, TempFolderTest, needs, ringside, run, wait_until

UNIT = CONFIG / "systemd" / "ringside.service"


class Unit(TempFolderTest):
    @needs("systemd-analyze", "systemd")
    def test_the_unit_leaves_the_daemon_little_it_could_do(self):
        code, out = run("systemd-analyze", "security", "--offline=true", "--no-pager", UNIT)
        score = re.search(r"Overall exposure level for ringside.service: ([\d.]+)", out)
        self.assertTrue(score, f"exit {code}: {out}")
        self.assertLessEqual(float(score[1]), 1.5, out)

    @needs("systemd-analyze", "systemd")
    def test_systemd_finds_no_fault_in_the_unit(self):
        copy = self.folder / UNIT.name
        copy.write_text(UNIT.read_text(encoding="utf-8").replace("/usr/bin/ringside", str(BINARY)), encoding="utf-8")
        code, out = run("systemd-analyze", "verify", "--man=no", copy)
        about_us = [line for line in out.splitlines() if "ringside" in line]
        self.assertEqual((code, about_us), (0, []), out)

    def test_the_command_of_the_unit_takes_the_settings_of_the_package(self):
        command = re.search(r"^ExecStart=/usr/bin/ringside agent (.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)[1]
        self.assertEqual(command, "-c /etc/ringside/ringside.yaml")
        code, out = ringside("validate", "-c", CONFIG / "debian" / "ringside.yaml")
        self.assertEqual(code, 0, out)


def calls_of(group):
    """The names of a group of system calls, with those of the groups inside it."""
    _, out = run("systemd-analyze", "syscall-filter", "--no-pager", group)
    names = set()
    for word in re.findall(r"^ +([@\w-]+)$", out, re.MULTILINE):
        names |= calls_of(word) if word.startswith("@") else {word}
    return names


@needs("strace")
@needs("systemd-analyze", "systemd")
class Confinement(TempFolderTest):
    def test_the_daemon_does_nothing_that_the_unit_forbids(self):
        """Two daemons under strace for a whole life: start, join, forwarding, names looked up, logs reopened, leaving."""
        settings = dict(re.findall(r"^(SystemCallFilter|RestrictAddressFamilies)=([^~].*)$", UNIT.read_text(encoding="utf-8"),
                                   re.MULTILINE))
        forbidden = re.search(r"^SystemCallFilter=~(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)[1].split()
        allowed = set().union(*map(calls_of, settings["SystemCallFilter"].split())) - set().union(*map(calls_of, forbidden))
        self.assertGreater(len(allowed), 200)

        cluster = Cluster(BINARY, self.folder)
        self.addCleanup(cluster.stop)
        for name in "ab":
            host = cluster.add(name, app_command=["python3", ROOT / "scripts" / "demo_apps" / "app.py"],
                               flags=["--listen-api", f"unix:{self.folder}/{name}.sock",
                                      "--observability-access-log-file", self.folder / f"{name}.access"])
            plain = host.agent_command
            host.agent_command = lambda plain=plain, name=name: ["strace", "-f", "-qq", "-o", self.folder / f"{name}.strace", *plain()]
        cluster.start()
        cluster.wait_agreed()
        for number in range(20):
            self.assertEqual(cluster.hosts[0].get(f"/v1/route/k{number}/x").status, 200)
        cluster.hosts[0].get("/metrics")
        traced = [int(re.search(r"pid=(\d+)", host.daemon.log())[1]) for host in cluster.hosts]
        for pid in traced:
            os.kill(pid, signal.SIGHUP)
            os.kill(pid, signal.SIGTERM)
        for host in cluster.hosts:
            self.assertEqual(host.daemon.wait(30), 0)

        used, families = set(), set()
        for name in "ab":
            text = (self.folder / f"{name}.strace").read_text(encoding="utf-8", errors="replace")
            used |= set(re.findall(r"^\d+ +(\w+)\(", text, re.MULTILINE))
            families |= set(re.findall(r"\bsocket\((AF_\w+)", text))
        self.assertIn("epoll_wait", used)
        self.assertEqual(used - allowed, set())
        self.assertLessEqual(families, set(settings["RestrictAddressFamilies"].split()))


class Manager:
    """Plays systemd: hears what services say."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.heard = []  # (when, one assignment)

    def listen(self, seconds):
        self.socket.settimeout(seconds)
        try:
            words = self.socket.recv(4096).decode()
        except TimeoutError:
            return False
        self.heard += [(time.monotonic(), line) for line in words.split("\n")]
        return True

    def wait_for(self, line, timeout=10):
        deadline = time.monotonic() + timeout
        while line not in self.said():
            left = deadline - time.monotonic()
            if left <= 0 or not self.listen(left):
                raise AssertionError(f"{line} was not said within {timeout} s, but {self.said()}")

    def said(self):
        return [line for _, line in self.heard]


class Notifications(TempFolderTest):
    def start(self, address, environment):
        """A daemon of one node, and its manager."""
        manager = Manager(address)
        self.addCleanup(manager.socket.close)
        cluster = Cluster(BINARY, self.folder)
        self.addCleanup(cluster.stop)
        host = cluster.add("a", app_address="127.0.0.1:1")
        shown = address.replace("\0", "@")
        for name, value in {"NOTIFY_SOCKET": shown, **environment}.items():
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)
        host.start_daemon()
        return manager, host

    def test_ready_is_said_when_the_listeners_are_open_and_stopping_when_leaving_begins(self):
        manager, host = self.start(str(self.folder / "notify"), {})
        manager.wait_for("READY=1")
        self.assertIsNotNone(host.answers("/v1/livez"))
        manager.wait_for("STATUS=ready")
        host.daemon.kill(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        self.assertEqual(host.daemon.wait(10), 0)
        self.assertEqual(manager.said().count("READY=1"), 1)
        self.assertNotIn("WATCHDOG=1", manager.said())

    def test_an_abstract_socket_is_heard_too(self):
        manager, _ = self.start(f"\0ringside-test-{os.getpid()}-{id(self)}", {})
        manager.wait_for("READY=1")

    def test_the_watchdog_is_fed_twice_a_period_and_not_by_a_daemon_that_stands_still(self):
        manager, host = self.start(str(self.folder / "notify"), {"WATCHDOG_USEC": "400000"})
        manager.wait_for("READY=1")
        wait_until(lambda: manager.listen(1) and manager.said().count("WATCHDOG=1") >= 6, 10, "six times WATCHDOG=1",
                   [host.daemon])
        times = [when for when, line in manager.heard if line == "WATCHDOG=1"]
        self.assertGreater((times[5] - times[0]) / 5, 0.15)
        host.daemon.kill(signal.SIGSTOP)
        while manager.listen(0.5):
            pass
        host.daemon.kill(signal.SIGCONT)
        manager.wait_for("WATCHDOG=1")

    def test_a_watchdog_of_another_process_is_not_ours_to_feed(self):
        manager, _ = self.start(str(self.folder / "notify"), {"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"})
        manager.wait_for("STATUS=ready")
        self.assertFalse([line for line in manager.said() if line == "WATCHDOG=1"])
        manager.listen(0.5)
        self.assertNotIn("WATCHDOG=1", manager.said())
