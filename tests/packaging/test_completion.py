"""`ringside completion`: the scripts are loaded by the shells they are for, and asked as somebody at a keyboard asks."""
import os
import pty
import re
import select
import subprocess
import time
import unittest

from shared import BINARY, TempFolderTest, needs, ringside, run

# What is typed, and what must and must not be offered then.
CASES = [
    (["me"], {"members"}, {"lookup"}),
    ([""], {"agent", "members", "completion", "help"}, set()),
    (["members", "--"], {"--status", "--label", "--addr", "--output"}, {"--points"}),
    (["ring", "-o", ""], {"table", "json"}, {"--points"}),
    (["ring", "--output", "j"], {"json"}, {"table"}),
    (["config", ""], {"show", "default"}, {"members"}),
    (["labels", ""], {"get", "set", "rm"}, {"members"}),
    (["events", "--"], {"--follow", "--types", "--count", "--for"}, {"--status"}),
    (["agent", "--node-w"], {"--node-weight"}, set()),
    (["config", "show", "--or"], {"--origin"}, {"--output"}),
    (["agent", "--gossip-che"], {"--gossip-checksum"}, {"--gossip-period"}),
    (["agent", "--gossip-checksum", ""], {"go", "node"}, set()),
    (["agent", "--app-p"], {"--app-port", "--app-protocol"}, set()),
    (["validate", "--gossip-che"], {"--gossip-checksum"}, set()),
    (["completion", "z"], {"zsh"}, {"bash"}),
    (["help", "look"], {"lookup"}, {"members"}),
]


class Completion(TempFolderTest):
    def script(self, shell):
        code, text = ringside("completion", shell)
        self.assertEqual(code, 0, text)
        path = self.folder / shell
        path.write_text(text, encoding="utf-8")
        return path

    def check(self, offered):
        """`offered` gives the set of words for what has been typed."""
        for typed, wanted, unwanted in CASES:
            with self.subTest(typed=" ".join(typed)):
                got = offered(typed)
                self.assertLessEqual(wanted, got)
                self.assertFalse(unwanted & got, f"offered as well: {unwanted & got}")

    def test_bash_completes_verbs_flags_and_values(self):
        script = self.script("bash")

        def offered(typed):
            ask = ('source "$1"; shift; COMP_WORDS=(ringside "$@"); COMP_CWORD=$#; _ringside;'
                   ' printf "%s\\n" "${COMPREPLY[@]}"')
            code, out = run("bash", "--norc", "-c", ask, "-", script, *typed)
            self.assertEqual(code, 0, out)
            return set(out.split())

        self.check(offered)
        code, out = run("bash", "--norc", "-c", f'source "{script}"; complete -p ringside')
        self.assertEqual((code, out), (0, "complete -F _ringside ringside\n"))

    @needs("fish")
    def test_fish_completes_verbs_flags_and_values(self):
        script = self.script("fish")

        def offered(typed):
            code, out = run("fish", "--no-config", "-c", f"source {script}; complete -C 'ringside {' '.join(typed)}'")
            self.assertEqual(code, 0, out)
            return {line.split("\t")[0] for line in out.splitlines()}

        self.check(offered)

    @needs("zsh")
    def test_zsh_completes_verbs_flags_and_values(self):
        """In a terminal, since zsh completes nowhere else: what is typed, a tab, and what then stands on the screen."""
        script = self.script("zsh")
        shell = Zsh(self.folder, script)
        self.addCleanup(shell.close)
        self.check(lambda typed: shell.offered(" ".join(["ringside", *typed])))

    def test_the_scripts_are_whole_and_name_every_verb_and_setting(self):
        _, overview = ringside("help")
        verbs = re.findall(r"^  ringside (\S+)", overview, re.MULTILINE)
        _, flags = ringside("agent", "--help")
        settings = re.findall(r"^  (--[\w-]+)", flags, re.MULTILINE)
        self.assertGreater(len(settings), 50)
        for shell in ("bash", "zsh", "fish"):
            with self.subTest(shell=shell):
                _, text = ringside("completion", shell)
                self.assertEqual([v for v in verbs if v not in text], [])
                dashes = "-l " if shell == "fish" else "--"
                self.assertEqual([f for f in settings if dashes + f[2:] not in text], [])

    def test_another_shell_is_a_usage_error_that_names_those_there_are(self):
        code, out = ringside("completion", "tcsh")
        self.assertEqual(code, 2)
        self.assertIn("bash, zsh or fish", out)


class Zsh:
    """A zsh in a pseudo-terminal, with completions listed at once and nothing of the user's own."""

    def __init__(self, folder, script):
        self.master, slave = pty.openpty()
        environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "TERM": "dumb", "COLUMNS": "200", "LINES": "500"}
        self.child = subprocess.Popen(["zsh", "-f", "-i"], stdin=slave, stdout=slave, stderr=slave, env=environment,
                                      start_new_session=True)
        os.close(slave)
        self.ask("stty -echo rows 500 cols 200; PS1= ; unset zle_bracketed_paste; bindkey '^X' kill-whole-line;"
                 "setopt no_beep auto_list no_list_ambiguous no_always_last_prompt; LISTMAX=1000000;"
                 f"autoload -U compinit; compinit -D -u; ringside() {{ {BINARY} \"$@\"; }}; source {script}")

    def close(self):
        self.child.kill()
        self.child.wait()
        os.close(self.master)

    def ask(self, line):
        """Runs a line and reads until it has ended."""
        os.write(self.master, f"{line}; print END''OF''LINE\n".encode())
        return self.read_until("ENDOFLINE")

    def read_until(self, mark, timeout=20):
        text, deadline = "", time.monotonic() + timeout
        while mark not in text:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"zsh has not said {mark!r} within {timeout} s but {text!r}")
            text += os.read(self.master, 65536).decode(errors="replace")
        return text

    def offered(self, typed):
        # A widget of its own prints what completion has made of the line: its matches, or the one it put in.
        os.write(self.master, typed.encode())
        os.write(self.master, b"\t")
        os.write(self.master, b"\x18")  # the line away again
        text = self.ask("")
        words = set(re.findall(r"[\w-]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", " ", text)))
        # A single match stands on the line itself, behind what was typed.
        return words - (set(typed.split()) - {typed.split()[-1]})


if __name__ == "__main__":
    unittest.main()
