"""What the packaging tests share: the binary under test, and the tools of the system, or a skip where one is missing.

Run one file: RINGSIDE_BINARY=build/release/ringside python3 -m unittest discover -s tests/packaging -p 'test_service.py'
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
import pages  # noqa: E402,F401
from cluster import Cluster, clean_environment  # noqa: E402,F401
from processes import Process, wait_until  # noqa: E402,F401

try:
    import yaml  # noqa: F401
except ImportError:  # a Python that is not Debian's; its package of PyYAML serves any
    sys.path.append("/usr/lib/python3/dist-packages")
    import yaml  # noqa: F401

CONFIG = ROOT / "config"
BINARY = pathlib.Path(os.environ.get("RINGSIDE_BINARY", ROOT / "build" / "release" / "ringside")).resolve()


def run(*command, timeout=60, **options):
    """Exit code and all output together."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout, check=False, stdin=subprocess.DEVNULL, **options)
    return done.returncode, done.stdout


def ringside(*words, env=None):
    return run(BINARY, *words, env={**clean_environment(), **(env or {})})


def needs(tool, package=None):
    """Skips a test or a class where a tool of the system is missing (`scripts/bootstrap test` installs them)."""
    return unittest.skipUnless(shutil.which(tool), f"{package or tool} is not installed")


class TempFolderTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringside-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
