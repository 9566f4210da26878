"""`ringside run`: an app and its daemon as one."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from support import BINARY, clean_environment, fetch, free_port, route, run, wait_until
from processes import Process, accepts

ECHO = [BINARY, "echo"]
# An app that does as it is told: python3 -c SCRIPT. What it says on standard output is in the log of its `run`.
APP = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
def say(text): print(text, flush=True)
def serve(): http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def app(*lines):
    return [sys.executable, "-c", APP + "\n".join(lines)]


def alive(pid):
    """Runs it still? A zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def command_line(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringside-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.runtime = self.folder / "runtime"
        self.runtime.mkdir(mode=0o700)
        self.started = []
        self.addCleanup(self.end_all)

    def environment(self):
        return {**clean_environment(), "XDG_RUNTIME_DIR": str(self.runtime), "XDG_STATE_HOME": str(self.folder / "state")}

    def end_all(self):
        for process in self.started:
            if process.running():
                process.kill(signal.SIGTERM)
        for process in self.started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.stop()

    def start(self, command, *flags, env=None):
        """A `ringside run` on free ports; returns when it has said where it is."""
        argv = [BINARY, "run", "--app-id", "shop", "--workers", "1", *flags, "--", *command]
        process = Process(f"run {len(self.started)}", argv, self.folder / f"run-{len(self.started)}.log",
                          env={**self.environment(), **(env or {})})
        self.started.append(process)
        process.api = int(wait_until(lambda: re.search(r"API http://127.0.0.1:(\d+)", process.log()), 10,
                                     "it says where its API is", [process])[1])
        return process

    def ready(self, process):
        def answers():
            try:
                return fetch(process.api, "/v1/readyz", timeout=2).status == 204
            except OSError:
                return False
        wait_until(answers, 15, "it is ready", [process])

    def daemon_and_app(self, process):
        pids = wait_until(lambda: len(found := children(process.pid)) == 2 and found, 5, "two children", [process])
        return sorted(pids, key=lambda pid: b"agent" not in command_line(pid))

    def said(self, process, text):
        wait_until(lambda: text in process.log(), 10, f"it says {text!r}", [process])

    def test_two_instances_find_each_other_without_flags(self):
        a, b = self.start(ECHO), self.start(ECHO)
        for process in (a, b):
            self.ready(process)
            wait_until(lambda p=process: len(fetch(p.api, "/v1/ring").json()["members"]) == 2, 15, "both are in the ring", [a, b])
        names = sorted(m["name"] for m in fetch(a.api, "/v1/members").json()["members"])
        self.assertRegex(names[0], r"-1$")
        self.assertRegex(names[1], r"-2$")
        for key in map(str, range(20)):
            answer = fetch(a.api, route(key, "/x"))
            self.assertEqual(answer.json()["app"], answer["Ringside-Owner"])
        # The later one names the earlier one at its start.
        self.assertIn("on this machine: " + names[0], b.log())
        # Who is gone leaves its slot, and with it its name, to the next.
        b.kill(signal.SIGTERM)
        b.wait(15)
        c = self.start(ECHO)
        self.assertIn(names[1] + ", an instance of shop", c.log())

    def test_instances_of_different_apps_keep_apart(self):
        a, b = self.start(ECHO), self.start(ECHO, "--app-id", "other")
        self.ready(a)
        self.ready(b)
        self.assertEqual(len(fetch(a.api, "/v1/members").json()["members"]), 1)
        self.assertIn("none yet", b.log())

    def test_the_app_is_told_where_its_ringside_is_and_nothing_else_of_ours(self):
        shown = self.folder / "environment"
        a = self.start(app(f"open({str(shown)!r}, 'w').write(repr(dict(os.environ)))", "say('written')", "serve()"),
                       "--name", "here", env={"RINGSIDE_WORKERS": "1", "PORT": "1"})
        self.said(a, "written")
        environment = eval(shown.read_text())  # a dict of our own
        ours = {name: value for name, value in environment.items() if name.startswith("RINGSIDE_")}
        self.assertEqual(ours, {"RINGSIDE_ADDR": f"http://127.0.0.1:{a.api}", "RINGSIDE_NODE_NAME": "here"})
        self.assertNotEqual(environment["PORT"], "1")
        self.ready(a)  # it serves there

    def test_the_app_is_told_where_the_token_is_that_its_ringside_asks_for(self):
        token = self.folder / "token"
        token.write_text(run("token", "new")[1])
        token.chmod(0o600)
        a = self.start(app("print('told', os.environ['RINGSIDE_API_TOKEN_FILE'], flush=True)", "serve()"),
                       "--security-api-token-file", token)
        self.said(a, f"told {token}")

    def test_sigterm_drains_first_and_passes_the_apps_code_on(self):
        a = self.start(app("def end(*_):", "    say('heard TERM'); os._exit(9)", "signal.signal(signal.SIGTERM, end)", "serve()"))
        self.ready(a)
        daemon, app_pid = self.daemon_and_app(a)
        a.kill(signal.SIGTERM)
        self.assertEqual(a.wait(15), 9, a.tail())
        log = a.log()
        self.assertLess(log.index(" leaving"), log.index("heard TERM"))
        self.assertLess(log.index(" stopped"), log.index("heard TERM"))
        self.assertFalse(alive(daemon) or alive(app_pid))

    def test_an_app_that_dies_of_a_signal_is_128_and_its_number(self):
        a = self.start(app("serve()"))
        self.ready(a)
        daemon, app_pid = self.daemon_and_app(a)
        os.kill(app_pid, signal.SIGKILL)
        self.assertEqual(a.wait(15), 137, a.tail())
        self.assertFalse(alive(daemon))

    def test_an_app_that_ends_takes_its_daemon_with_it(self):
        a = self.start(app("sys.exit(3)"))
        self.assertEqual(a.wait(15), 3, a.tail())
        self.assertIn("has ended with exit code 3", a.log())

    def test_what_cannot_be_started_is_127_or_126(self):
        for command, code in (([self.folder / "none"], 127), ([self.folder], 126)):
            a = self.start(command, "--restart")
            self.assertEqual(a.wait(15), code, a.tail())
            self.assertIn("cannot be started", a.log())

    def test_a_daemon_that_dies_takes_the_app_with_it_after_the_grace(self):
        a = self.start(app("def end(*_):", "    say('heard TERM'); os._exit(0)", "signal.signal(signal.SIGTERM, end)", "serve()"),
                       "--app-grace", "300ms")
        self.ready(a)
        daemon, app_pid = self.daemon_and_app(a)
        os.kill(daemon, signal.SIGKILL)
        self.assertEqual(a.wait(15), 125, a.tail())
        self.assertIn("heard TERM", a.log())
        self.assertFalse(alive(app_pid))

    def test_restart_starts_either_again(self):
        a = self.start(ECHO, "--restart")
        self.ready(a)
        for which in (0, 1):
            pids = self.daemon_and_app(a)
            os.kill(pids[which], signal.SIGKILL)
            wait_until(lambda: len(now := children(a.pid)) == 2 and pids[which] not in now, 10, "it is there again", [a])
            self.ready(a)
            self.assertEqual(fetch(a.api, route("k", "/x")).status, 200)

    def test_nothing_outlives_a_run_that_is_killed(self):
        a = self.start(ECHO)
        self.ready(a)
        pids = self.daemon_and_app(a)
        a.kill(signal.SIGKILL)
        a.wait()
        wait_until(lambda: not any(map(alive, pids)), 10, "the kernel has told both to end")

    def test_what_the_app_has_started_ends_with_it(self):
        # A shell that is told to end does not wait for the program it runs.
        python = " ".join(["'" + word.replace("'", "'\\''") + "'" for word in
                           app("def end(*_):", "    say('ended in order'); os._exit(0)", "signal.signal(signal.SIGTERM, end)",
                               "say('serves')", "serve()")])
        a = self.start(["sh", "-c", f"{python} & echo child $!; wait"])
        self.ready(a)
        child = int(re.search(r"child (\d+)", a.log())[1])
        a.kill(signal.SIGTERM)
        self.assertEqual(a.wait(15), 143, a.tail())
        self.assertIn("ended in order", a.log())
        self.assertFalse(alive(child))

    def test_a_dead_process_that_nobody_collects_does_not_hold_up_the_end(self):
        # The app starts one that leaves its group and never waits for its own child, which has stayed in the group.
        a = self.start(app("child = os.fork()", "if child == 0:", "    if os.fork() == 0: signal.pause()", "    os.setpgid(0, 0)",
                           "    say(f'left {os.getpid()}'); signal.pause()", "serve()"))
        self.ready(a)
        self.said(a, "left ")
        left = int(re.search(r"left (\d+)", a.log())[1])
        self.addCleanup(lambda: alive(left) and os.kill(left, signal.SIGKILL))
        os.kill(self.daemon_and_app(a)[1], signal.SIGKILL)
        self.assertEqual(a.wait(15), 137, a.tail())

    def test_orphans_are_collected(self):
        # The shell in the middle dies before what it has started, which becomes ours and must not stay a zombie.
        a = self.start(app("import subprocess", "out = subprocess.run(['sh', '-c', 'sleep 0.1 >&- 2>&- & echo $!'], stdout=-1).stdout",
                           "say('orphan ' + out.decode())", "serve()"))
        self.ready(a)
        orphan = int(re.search(r"orphan (\d+)", a.log())[1])
        wait_until(lambda: not pathlib.Path(f"/proc/{orphan}").exists(), 5, "the orphan is gone, not a zombie", [a])

    def test_as_process_1_of_a_container_it_ends_in_order(self):
        unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no namespaces here")
        script = app("import subprocess, time",
                     "signal.signal(signal.SIGTERM, lambda *_: os._exit(5))",
                     # An orphan: process 1 has to collect it.
                     "orphan = int(subprocess.run(['sh', '-c', 'sleep 0.1 >&- 2>&- & echo $!'], stdout=-1).stdout)",
                     "end = time.monotonic() + 5",
                     "while os.path.exists(f'/proc/{orphan}') and time.monotonic() < end: time.sleep(0.01)",
                     "say(f'my parent is {os.getppid()}, a zombie: ' + str(os.path.exists(f'/proc/{orphan}')))",
                     "os.kill(1, signal.SIGTERM)", "serve()")
        port = free_port()
        done = subprocess.run([*unshare, BINARY, "run", "--listen-api", f"127.0.0.1:{port}", "--listen-peer", f"0.0.0.0:{free_port()}",
                               "--insecure", "--join", "dns://localhost:1", "--workers", "1", "--", *script],
                              capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL,
                              env=self.environment())
        self.assertIn("my parent is 1, a zombie: False\n", done.stdout, done.stderr)
        self.assertEqual(done.returncode, 5, done.stdout + done.stderr)

    def test_a_folder_that_cannot_be_used_is_said_and_does_not_stop_it(self):
        (self.runtime / "ringside").mkdir(mode=0o755)
        os.chmod(self.runtime / "ringside", 0o755)
        a = self.start(ECHO)
        self.ready(a)
        self.assertIn("other instances on this machine are not found: the folder", a.log())
        self.assertIn("chmod 700", a.log())

    def test_each_slot_remembers_the_others_over_a_restart(self):
        a, b = self.start(ECHO), self.start(ECHO)
        folders = [self.folder / "state" / "ringside" / "shop" / slot for slot in "12"]
        for process in (a, b):
            self.ready(process)
        wait_until(lambda: all((folder / "members").exists() for folder in folders), 15, "both have written", [a, b])
        self.assertEqual([folder.stat().st_mode & 0o777 for folder in folders], [0o700, 0o700])
        b.kill(signal.SIGTERM)
        b.wait(15)
        c = self.start(ECHO)  # takes b's slot
        self.ready(c)
        self.said(c, "members_remembered")
        self.assertIn(str(folders[1]), c.log())

    def test_without_a_place_for_it_nothing_is_kept_and_the_users_own_place_is_taken(self):
        (self.folder / "file").write_text("no folder")
        a = self.start(ECHO, env={"XDG_STATE_HOME": str(self.folder / "file")})
        self.assertIn("nothing is kept over a restart: the folder", a.log())
        self.ready(a)
        own = self.folder / "own"
        b = self.start(ECHO, "--node-data-dir", own)
        self.ready(b)
        self.assertTrue((own / "lock").exists())
        self.assertFalse((self.folder / "state").exists())

    def test_other_signals_reach_the_app(self):
        a = self.start(app("signal.signal(signal.SIGUSR1, lambda *_: say('heard USR1'))",
                           "signal.signal(signal.SIGHUP, lambda *_: say('heard HUP'))", "serve()"))
        self.ready(a)
        a.kill(signal.SIGUSR1)
        self.said(a, "heard USR1")
        a.kill(signal.SIGHUP)
        self.said(a, "heard HUP")
        self.said(a, "logs_reopened")  # the daemon heard it too

    def test_the_echo_app_serves_512_connections_and_one_more_when_one_has_gone(self):
        port = free_port()
        self.started.append(Process("echo", [BINARY, "echo", "--listen", f"127.0.0.1:{port}"], self.folder / "echo.log"))
        wait_until(lambda: accepts(port), 5, "it listens", self.started)
        request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        with contextlib.ExitStack() as stack:
            held = []
            for _ in range(512):
                held.append(stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)))
                held[-1].sendall(request)
                self.assertIn(b"200 OK", held[-1].recv(4096))
            more = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=0.2))
            more.sendall(request)
            with self.assertRaises(TimeoutError):
                more.recv(4096)
            held[0].close()
            more.settimeout(5)
            self.assertIn(b"200 OK", more.recv(4096))

    def test_mistakes_are_exit_2_before_anything_starts(self):
        for words, text in ((["run"], "say what to run"), (["run", "--nmae", "a", "--", "true"], "did you mean --name?"),
                            (["run", "--app-id", "../x", "--", "true"], "--app-id is 1 to 63"),
                            (["run", "--listen-api", "127.0.0.1:0", "--", "true"], "needs a port")):
            code, out, err = run(*words, env=self.environment())
            self.assertEqual((code, out), (2, ""), err)
            self.assertIn(text, err)


if __name__ == "__main__":
    unittest.main()
