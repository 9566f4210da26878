"""`ringside dev`: a cluster in one terminal, driven by lines and by keys."""
import os
import pathlib
import pty
import random
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from support import BINARY, clean_environment, fetch, route, wait_until


def tree(pid):
    """All that a process has started, and what that has started."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(child) for child in file.read().split()]
    except OSError:
        return []
    return children + [grandchild for child in children for grandchild in tree(child)]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Lines:
    """A `ringside dev` without a terminal: orders go in, lines come out."""

    def __init__(self, environment, *arguments):
        self.child = subprocess.Popen([BINARY, "dev", "--workers", "1", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        os.set_blocking(self.child.stdout.fileno(), False)
        self.text = ""

    def read(self):
        self.text += (self.child.stdout.read() or b"").decode()
        return self.text

    def order(self, line):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()

    def expect(self, pattern, timeout=30):
        """Waits for a line that matches, and forgets what stands before it."""
        def found():
            match = re.search(pattern, self.read())
            if match is None and self.child.poll() is not None:
                raise AssertionError(f"ended with {self.child.returncode} before {pattern!r}:\n{self.text}")
            return match
        try:
            match = wait_until(found, timeout, f"it says {pattern!r}")
        except Exception as error:
            error.add_note(self.text)
            raise
        self.text = self.text[match.end():]
        return match

    def table(self):
        """API ports by name."""
        self.order("status")
        self.expect(r"NODE +STATE.*\n")
        wait_until(lambda: self.read().endswith("\n"), 5, "the table ends")
        return {name: int(port) for name, port in re.findall(r"\b(n\d+) .*http://127\.0\.0\.1:(\d+)", self.text)}


class Dev(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="ringside-test-")
        self.addCleanup(shutil.rmtree, folder)
        self.environment = {**clean_environment(), "TMPDIR": folder}  # one that is killed leaves its logs

    def start(self, *arguments):
        lines = Lines(self.environment, *arguments)
        self.addCleanup(self.end, lines)
        return lines

    def end(self, lines):
        if lines.child.poll() is None:
            lines.child.kill()
        lines.child.wait()
        lines.child.stdin.close()
        lines.child.stdout.close()

    def quit(self, lines):
        pids = tree(lines.child.pid)
        lines.order("quit")
        self.assertEqual(lines.child.wait(20), 0)
        self.assertEqual([pid for pid in pids if alive(pid)], [])

    def test_a_cluster_comes_up_and_its_nodes_die_hang_and_come_back(self):
        dev = self.start("-n", "3")
        logs = pathlib.Path(dev.expect(r"are in (\S+) until")[1])
        dev.expect(r"3 nodes running, 3 answering, one view: n1 alive, n2 alive, n3 alive\n")
        ports = dev.table()
        self.assertEqual(sorted(ports), ["n1", "n2", "n3"])
        wait_until(lambda: len(fetch(ports["n1"], "/v1/ring").json()["members"]) == 3, 10, "all have an app")
        answer = fetch(ports["n1"], route("k", "/x"))
        self.assertEqual(answer.json()["app"], answer["Ringside-Owner"])
        dev.order("kill 2")
        dev.expect(r"n2 is killed\n")
        dev.expect(r"n2 faulty")
        dev.order("continue 2")
        dev.expect(r"n2 is started\n")
        dev.expect(r"3 answering, one view: n1 alive, n2 alive, n3 alive\n")
        dev.order("partition 2")
        dev.expect(r"cut off from the others: n2\n")
        wait_until(lambda: {m["name"]: m["status"] for m in fetch(ports["n1"], "/v1/members").json()["members"]}["n2"] == "faulty",
                   30, "n2 is given up")
        dev.order("heal")
        dev.expect(r"all reach each other again\n")
        dev.expect(r"3 answering, one view: n1 alive, n2 alive, n3 alive\n", 60)
        dev.order("stop 3")
        dev.expect(r"n3 stands still\n")
        dev.expect(r"n3 (suspect|faulty)")
        dev.order("continue 3")
        dev.expect(r"3 answering, one view: n1 alive, n2 alive, n3 alive\n")
        dev.order("add")
        dev.expect(r"4 answering, one view: n1 alive, n2 alive, n3 alive, n4 alive\n")
        dev.order("drain 4")
        dev.expect(r"n4 drains\n")
        dev.expect(r"n4 leave\n")
        self.assertTrue((logs / "n4.log").exists())
        self.quit(dev)
        self.assertFalse(logs.exists())

    def test_load_is_answered(self):
        dev = self.start("-n", "2")
        dev.expect(r"2 answering, one view: n1 alive, n2 alive\n")
        dev.order("load")
        dev.expect(r"load is on\n")

        def rates():
            dev.order("status")
            dev.expect(r"NODE +STATE.*\n")
            wait_until(lambda: dev.read().count("\n") >= 2, 5, "the table")
            return [int(rate) for rate in re.findall(r"% +(\d+) +http", dev.text)]

        wait_until(lambda: len(seen := rates()) == 2 and all(seen), 20, "both nodes have requests")
        dev.order("load")
        dev.expect(r"load is off\n")
        self.quit(dev)

    def test_a_command_is_the_app_of_every_node(self):
        dev = self.start("-n", "2", "--", "sh", "-c", 'echo "I am $RINGSIDE_NODE_NAME"; exec ' + str(BINARY) + " echo")
        logs = pathlib.Path(dev.expect(r"are in (\S+) until")[1])
        dev.expect(r"2 answering, one view: n1 alive, n2 alive\n")
        for name in ("n1", "n2"):
            self.assertIn(f"I am {name}\n", (logs / f"{name}.log").read_text())
        self.quit(dev)

    def test_the_end_of_its_input_ends_it(self):
        dev = self.start("-n", "1")
        dev.expect(r"1 answering")
        pids = tree(dev.child.pid)
        dev.child.stdin.close()
        self.assertEqual(dev.child.wait(20), 0)
        self.assertEqual([pid for pid in pids if alive(pid)], [])

    def test_nothing_outlives_it_when_it_is_killed(self):
        dev = self.start("-n", "3")
        dev.expect(r"3 answering")
        dev.order("stop 2")  # not even what stands still
        dev.expect(r"n2 stands still\n")
        pids = tree(dev.child.pid)
        self.assertEqual(len(pids), 6)
        dev.child.kill()
        dev.child.wait()
        wait_until(lambda: not any(map(alive, pids)), 10, "the kernel has ended all of them")

    def test_mistakes_are_said_and_do_no_harm(self):
        dev = self.start("-n", "1")
        dev.order("klil 1")
        dev.expect(r"'klil 1' is none of kill N, stop N")
        dev.order("kill 9")
        dev.expect(r"there is no n9\n")
        dev.order("x" * 5000)  # only the end of it is kept
        dev.expect(r"'x{1,512}' is none of")
        self.quit(dev)
        for arguments, text in ((["-n", "0"], "from 1 to 32"), (["--name", "a"], "node.name \\(--name\\) differs"),
                                (["--nmae", "a"], "did you mean --name")):
            wrong = self.start(*arguments)
            self.assertEqual(wrong.child.wait(10), 2)
            self.assertRegex(wrong.read(), text)

    def test_it_survives_200_keys_and_leaves_no_process_behind(self):
        seed = int(os.environ.get("RINGSIDE_SEED", "1"))
        chance = random.Random(seed)
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(BINARY, [str(BINARY), "dev", "-n", "5", "--workers", "1"], self.environment)
        self.addCleanup(os.close, terminal)
        self.addCleanup(lambda: alive(pid) and os.kill(pid, signal.SIGKILL))
        shown = b""

        def read(wait):
            nonlocal shown
            if select.select([terminal], [], [], wait)[0]:
                try:
                    shown = (shown + os.read(terminal, 65536))[-65536:]
                except OSError:  # the other end is gone
                    return False
            return True

        def read_until(text, timeout):
            deadline = time.monotonic() + timeout
            while text not in shown and time.monotonic() < deadline:
                self.assertTrue(read(0.1), shown)
            self.assertIn(text, shown)

        read_until(b"5 answering", 60)
        keys = "12345678" + "kscl+-" * 4 + "\t x\x1b[\x1a\x1c"
        for _ in range(200):
            os.write(terminal, chance.choice(keys).encode())
            read(0.02)
            self.assertTrue(alive(pid), f"seed {seed}: {shown[-3000:]!r}")
        # Whatever has become of the nodes, it still obeys.
        os.write(terminal, b"x1c")
        pids = tree(pid)
        self.assertTrue(pids)
        os.write(terminal, b"q")
        deadline = time.monotonic() + 20
        while alive(pid) and time.monotonic() < deadline:
            read(0.1)
        self.assertEqual(os.waitpid(pid, os.WNOHANG)[0], pid, f"seed {seed}: {shown[-3000:]!r}")
        self.assertEqual([p for p in pids if alive(p)], [], f"seed {seed}")


if __name__ == "__main__":
    unittest.main()
