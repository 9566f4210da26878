"""What the cluster tests share: the binary under test, clusters that end with their test, logs of failed tests.

Run one file: RINGSIDE_BINARY=build/release/ringside python3 -m unittest discover -s tests/cluster -p 'test_keys.py'
"""
import http.server
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from cluster import Cluster, clean_environment, fetch, route  # noqa: E402,F401
from processes import cpu_seconds, free_port, resident_bytes, wait_until  # noqa: E402,F401

BINARY = pathlib.Path(os.environ.get("RINGSIDE_BINARY", ROOT / "build" / "release" / "ringside")).resolve()
ECHO = ["python3", ROOT / "tests" / "apps" / "echo.py"]


def run(*arguments, timeout=10, env=None):
    """The command line as an operator has it: exit code, standard output, standard error."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False,
                          stdin=subprocess.DEVNULL, env={**clean_environment(), **(env or {})})
    return done.returncode, done.stdout, done.stderr


def metric(host, name):
    """The value of one line of /metrics; name with its labels, if it has any."""
    for line in host.get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    raise KeyError(f"no metric {name}")


def sanitized():
    """Such a build needs several times the memory."""
    return b"__asan_init" in BINARY.read_bytes() or b"__tsan_init" in BINARY.read_bytes()


def receiver(test, answer, context=None):
    """A server of webhooks until the end of the test: `answer(headers, body)` says the status. `context`: https."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(answer(dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class ClusterTest(unittest.TestCase):
    """A cluster for each test: self.cluster, empty. A failure shows the ends of all logs."""

    cluster_type = Cluster

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringside-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.cluster = self.cluster_type(BINARY, self.folder)
        self.addCleanup(self.cluster.stop)

    def _callTestMethod(self, method):
        try:
            method()
        except Exception as error:
            for process in self.cluster.processes():
                error.add_note(process.tail())
            raise


class SharedClusterTest(ClusterTest):
    """One cluster for all tests of the class, made by make_cluster(cluster)."""

    @classmethod
    def setUpClass(cls):
        cls.shared_folder = pathlib.Path(tempfile.mkdtemp(prefix="ringside-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared_folder)
        cls.cluster = Cluster(BINARY, cls.shared_folder)
        cls.addClassCleanup(cls.cluster.stop)
        cls.make_cluster(cls.cluster)
        cls.cluster.start()
        cls.cluster.wait_agreed()

    def setUp(self):
        for process in self.cluster.processes():
            self.assertTrue(process.running(), f"{process.name} died in an earlier test of this class")
