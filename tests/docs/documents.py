"""Reads the fenced blocks of our documents, and plays their commands in one shell, as a reader would.

What a block is, says the word behind its fence:

  sh        commands; each must exit 0
  console   commands behind `$ `, and what they print: the test prints the same, but for numbers, and `...` is anything
  python, js, go, ruby   a program, run as it is; skipped, visibly, where the language is not installed
  yaml      settings; `ringside validate` takes them. With a name behind it (```yaml shop.yaml) it is also that file
  dockerfile, text   a sample, a picture; nothing is done with it

`not-run: REASON` behind the word leaves a block out; the reason is for the reader of the source. A document begins
in a shell of its own, and the comment `<!-- a new shell -->` ends all that runs and begins again. Only in the README is ringside not
installed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KINDS = {"sh", "console", "python", "js", "go", "ruby", "yaml", "dockerfile", "text"}
PROGRAMS = {"python": ["python3", "program.py"], "js": ["node", "program.mjs"], "ruby": ["ruby", "program.rb"],
            "go": ["go", "run", "program.go"]}
NEW_SHELL = "<!-- a new shell -->"


@dataclass
class Block:
    document: str
    line: int  # of its first line inside
    kind: str
    name: str  # of the file it is; empty: none
    not_run: str  # the reason; empty: it is run
    text: str
    shell: int  # how many shells came before

    @property
    def where(self):
        return f"{self.document}:{self.line}"


def blocks(document):
    """Every fenced block, in order. ValueError names a fence that is not understood."""
    found, opened, shell = [], None, 0
    for number, line in enumerate((ROOT / document).read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() == NEW_SHELL:
            shell += 1
        fence = re.match(r"^```(.*)$", line)
        if not fence:
            if opened:
                opened.text += line + "\n"
        elif opened:
            found.append(opened)
            opened = None
        else:
            words, _, reason = fence[1].partition("not-run:")
            kind, _, name = words.strip().partition(" ")
            if kind not in KINDS or ("not-run" in fence[1] and not reason.strip()):
                raise ValueError(f"{document}:{number}: the fence says {fence[1]!r}; one of {sorted(KINDS)}, and a reason for not-run")
            opened = Block(document, number + 1, kind, name.strip(), reason.strip(), "", shell)
    if opened:
        raise ValueError(f"{document}: a fence is not closed")
    return found


def whole(text):
    """Is this a whole command, or does it go on in the next line?"""
    if text.rstrip("\n").endswith("\\"):
        return False
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "here-document" not in done.stderr


def commands(text):
    """(line inside, command) of a block of kind sh."""
    gathered, first = "", 0
    for number, line in enumerate(text.splitlines()):
        if not gathered and (not line.strip() or line.startswith("#")):
            continue
        first = first if gathered else number
        gathered += line + "\n"
        if whole(gathered):
            yield first, gathered.rstrip("\n")
            gathered = ""
    if gathered:
        raise ValueError(f"a command has no end: {gathered}")


def scenes(text):
    """(line inside, command, lines shown) of a block of kind console."""
    scene, goes_on = None, False
    for number, line in enumerate(text.splitlines()):
        if line.startswith("$ "):
            if scene:
                yield tuple(scene)
            scene = [number, line[2:], []]
            goes_on = not whole(scene[1])
        elif scene is None:
            raise ValueError(f"output without a command: {line}")
        elif goes_on:
            scene[1] += "\n" + line
            goes_on = not whole(scene[1])
        else:
            scene[2].append(line)
    if scene:
        yield tuple(scene)


def pattern(shown):
    """What output must match that a document shows as these lines: numbers are any, a line break may stand where the document
    broke a long line, and `...` is anything."""
    text = "\n".join(shown).strip()
    parts = []
    for piece in re.split(r"(\.\.\.|0x[0-9a-f]+|\d+(?:[.,]\d+)*|\s+)", text):
        if piece == "...":
            parts.append(r"(?s:.*?)")
        elif piece.startswith("0x"):
            parts.append("0x[0-9a-f]+")
        elif piece and piece[0].isdigit():
            parts.append(r"\d+(?:[.,]\d+)*")
        elif piece and piece.isspace():
            parts.append(r"\s*" if "\n" in piece else r"\s+")
        else:
            parts.append(re.escape(piece))
    return re.compile("".join(parts))


class Shell:
    """One bash in a folder that looks like a checkout after its build, in namespaces of its own: the ports of the documents
    are free there, and everything it starts ends with it."""

    def __init__(self, binary, installed):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ringside-docs-"))
        for name in ("scripts", "config", "tests", "proto"):
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / "build" / "release").mkdir(parents=True)
        (self.folder / "build" / "release" / "ringside").symlink_to(binary)
        self.answers, child_end = os.pipe()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RINGSIDE_")}
        if installed:
            environment["PATH"] = f"{self.folder / 'build' / 'release'}:{environment['PATH']}"
        environment |= {"XDG_RUNTIME_DIR": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        self.child = subprocess.Popen([*own_namespaces(), "bash", "--norc"], cwd=self.folder, stdin=subprocess.PIPE,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, env=environment,
                                      pass_fds=[child_end], start_new_session=True)
        os.close(child_end)
        self.answers = os.fdopen(self.answers)
        self.count = 0
        self.fd = child_end
        self.run("set -m; shopt -s expand_aliases; ip link set lo up")

    def run(self, command, timeout=180):
        """Exit code and output of one command; what it leaves in the background goes on. 124: it took too long, and then the
        shell is gone."""
        if self.child.poll() is not None:
            return 124, "the shell has ended with an earlier command"
        self.count += 1
        out = self.folder / f"output-{self.count}"
        self.child.stdin.write(f"{{\n{command}\n}} >{out} 2>&1 </dev/null {self.fd}>&-\necho $? >&{self.fd}\n")
        self.child.stdin.flush()
        timer = _Timer(self.child, timeout)
        answer = self.answers.readline()
        if timer.done():
            answer = ""
            self.child.wait()
        output = out.read_text(encoding="utf-8", errors="replace") if out.exists() else ""
        return (int(answer) if answer.strip() else 124), output

    def close(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.answers.close()
        shutil.rmtree(self.folder)


class _Timer:
    """Kills a child that takes too long, so that reading from it ends."""

    def __init__(self, child, seconds):
        self.late = False
        self.timer = threading.Timer(seconds, self._expire, [child])
        self.timer.start()

    def _expire(self, child):
        self.late = True
        child.kill()

    def done(self):
        self.timer.cancel()
        return self.late


def own_namespaces():
    """A network with nothing but a loopback, and processes that all end with the first one."""
    return ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]


def why_not():
    """Why this machine cannot give a shell namespaces of its own; None when it can."""
    if not shutil.which("unshare"):
        return "unshare (util-linux) is not installed"
    done = subprocess.run([*own_namespaces(), "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"no namespaces of our own here: {done.stderr.strip()}"
