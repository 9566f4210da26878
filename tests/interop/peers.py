"""The real peers, made ready on first use: ringpop-node, npm's tchannel, ringpop-go's testpop, the tool ringpop-admin.

Nothing of theirs is in this repository. What comes from npm goes to build/interop (or $RINGSIDE_BUILD/interop) and is
installed again when tests/interop/npm changes. ringpop-go has no module file and old dependencies, so it is not fetched
here: RINGSIDE_TESTPOP_GO names a built testpop, or its sources and theirs lie on the GOPATH, and then it is built.
ringpop-admin was never published: RINGSIDE_RINGPOP_ADMIN names a checkout, or it is fetched from GitHub.
What cannot be had is missing for a reason, and the tests that need it are skipped with that reason.
"""
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("RINGSIDE_BUILD") or ROOT / "build") / "interop"
GO_PACKAGE = "github.com/uber/ringpop-go/scripts/testpop"
ADMIN_REPOSITORY = "https://github.com/uber/ringpop-admin"
ADMIN_COMMIT = "8522dc6c90d9b2680cc6077dcb4fc8c1719319c7"


class Missing(Exception):
    """This peer cannot be had on this machine; the text says why."""


def _run(command, timeout, **options):
    """Missing with the first errors when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False,
                              stdin=subprocess.DEVNULL, **options)
    except subprocess.TimeoutExpired:
        raise Missing(f"`{' '.join(command[:2])}` took longer than {timeout} s") from None
    if done.returncode != 0:
        errors = [line.removeprefix("npm error ").removeprefix("npm ERR! ") for line in done.stderr.splitlines()
                  if not line.lower().startswith("npm warn")]
        raise Missing(f"`{' '.join(command[:2])}` failed: {'; '.join(errors[:4])}")


def _install_npm():
    if not shutil.which("npm"):
        raise Missing("npm is not installed")
    source, target = HERE / "npm", BUILD / "npm"
    files = sorted(file for file in source.rglob("*") if file.is_file())
    stamp = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    done = target / "installed"
    if not done.exists() or done.read_text(encoding="ascii") != stamp:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        # No install scripts: everything here is plain JavaScript (or WebAssembly), nothing is compiled.
        _run(["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--fetch-retries=1",
              "--fetch-timeout=20000"], timeout=180, cwd=target)
        done.write_text(stamp, encoding="ascii")
    return target


def _build_testpop_go():
    given = os.environ.get("RINGSIDE_TESTPOP_GO")
    if given:
        if not os.access(given, os.X_OK):
            raise Missing(f"RINGSIDE_TESTPOP_GO={given} is not a program")
        return pathlib.Path(given).resolve()
    if not shutil.which("go"):
        raise Missing("RINGSIDE_TESTPOP_GO is not set, and there is no Go compiler")
    on_gopath = {**os.environ, "GO111MODULE": "off"}
    if subprocess.run(["go", "list", GO_PACKAGE], capture_output=True, env=on_gopath, check=False).returncode != 0:
        raise Missing(f"RINGSIDE_TESTPOP_GO is not set, and {GO_PACKAGE} is not on the GOPATH")
    BUILD.mkdir(parents=True, exist_ok=True)
    binary = BUILD / "testpop-go"
    _run(["go", "build", "-o", binary, GO_PACKAGE], timeout=300, env=on_gopath)
    return binary


def _fetch_admin():
    given = os.environ.get("RINGSIDE_RINGPOP_ADMIN")
    target = pathlib.Path(given).resolve() if given else BUILD / "ringpop-admin"
    if not given and not (target / "status.js").exists():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for step in ["init -q", f"fetch -q --depth=1 {ADMIN_REPOSITORY} {ADMIN_COMMIT}", "checkout -q FETCH_HEAD"]:
            _run(["git", *step.split()], timeout=60, cwd=target)
    if not (target / "status.js").exists():
        raise Missing(f"{target} is no checkout of ringpop-admin")
    return target


_recipes = {"npm": _install_npm, "ringpop-go": _build_testpop_go, "ringpop-admin": _fetch_admin}


@functools.cache
def _made(what):
    try:
        return _recipes[what](), None
    except Missing as missing:
        return None, str(missing)


def need(what):
    """The folder (npm, ringpop-admin) or program (ringpop-go); skips the test that asks when it cannot be had."""
    made, reason = _made(what)
    if reason:
        raise unittest.SkipTest(f"{what} is missing here: {reason}")
    return made


def command(kind, address, hosts_file, identity=None, http_port=None):
    """The command line of one real node. There are two ringpop-nodes with an app in them: with an `http_port` it is
    npm/app.js, and the kind "ringpop-node tchannel" is npm/tchannel_app.js."""
    if kind == "ringpop-go":
        program = [need(kind), *([f"--identity={identity}"] if identity else [])]
    elif http_port:
        program = ["node", "--no-warnings", need("npm") / "app.js", f"--http={http_port}"]
    elif kind == "ringpop-node tchannel":
        program = ["node", "--no-warnings", need("npm") / "tchannel_app.js"]
    else:
        program = ["node", "--no-warnings", need("npm") / "node_modules" / "ringpop" / "main.js"]
    return [*program, f"--listen={address}", f"--hosts={hosts_file}"]
