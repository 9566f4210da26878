"""Every command, call, program and setting that our documents show, done against real daemons; and their links."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "lib"))
import pages  # noqa: E402
from documents import PROGRAMS, ROOT, Shell, blocks, commands, pattern, scenes, why_not  # noqa: E402

BINARY = pathlib.Path(os.environ.get("RINGSIDE_BINARY", ROOT / "build" / "release" / "ringside")).resolve()
DOCUMENTS = sorted(str(file.relative_to(ROOT)) for file in
                   [ROOT / "README.md", *ROOT.glob("*/README.md"), *ROOT.glob("proto/spec/*.md"), *ROOT.glob("daemon/decisions/*.md"),
                    *ROOT.glob(".github/*.md")])
PLAYED = ["README.md", "config/README.md"]
NOT_RUN_AT_MOST = 4
SETTLED = 10  # seconds: what a verb shows becomes so when gossip has brought it there


def anchors(document):
    """What `#...` may name in a document, made of its headings as GitHub does."""
    for heading in re.findall(r"^#+ (.*)$", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


class Documents(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        for document in DOCUMENTS:
            text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if "://" in target:
                    continue
                with self.subTest(document=document, link=target):
                    path, _, anchor = target.partition("#")
                    file = (ROOT / document).parent / path if path else ROOT / document
                    self.assertTrue(file.exists())
                    if anchor and file.suffix == ".md":
                        self.assertIn(anchor, anchors(file.resolve().relative_to(ROOT)))

    def test_every_fence_says_what_is_in_it_and_few_are_left_out(self):
        left_out = [block for document in DOCUMENTS for block in blocks(document) if block.not_run]
        self.assertLessEqual(len(left_out), NOT_RUN_AT_MOST, [block.where for block in left_out])

    def test_commands_stand_in_fences_where_they_are_run(self):
        found = []  # indented, as Markdown's other way to write code
        for document in PLAYED:
            text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
            found += re.findall(r"^ {4}(?:\$ )?(?:ringside|curl|docker|python3|node|kill) .*$", text, re.MULTILINE)
        self.assertEqual(found, [])

    def test_scripts_that_documents_name_exist_with_the_verbs_they_are_given(self):
        verbs = set(re.findall(r"^  (?!  )([\w|]+)", subprocess.run(["scripts/dev", "help"], cwd=ROOT, capture_output=True,
                                                                   text=True, check=True).stdout, re.MULTILINE))
        for document in DOCUMENTS:
            text = (ROOT / document).read_text(encoding="utf-8")
            with self.subTest(document=document):
                for script in re.findall(r"\bscripts/[\w./]+\b", text):
                    self.assertTrue((ROOT / script).exists(), script)
                for verb in re.findall(r"scripts/dev (\w+)", text):
                    self.assertIn(verb, verbs | {"help"})


class Names(unittest.TestCase):
    """What documents and decisions call by name is there: settings, verbs, metrics, files."""

    def named(self, expression, documents=DOCUMENTS):
        """(document, name) of what the expression finds in code spans and fences."""
        for document in documents:
            text = (ROOT / document).read_text(encoding="utf-8")
            for span in re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL):
                for name in re.findall(expression, span):
                    yield document, name

    def check(self, found, known):
        wrong = sorted({(document, name) for document, name in found if name not in known})
        self.assertEqual(wrong, [])

    def test_settings_are_options(self):
        options = {path for path, _ in pages.settings_of(pages.ask(BINARY, "config", "default"))}
        groups = {path[:i] for path in options for i, c in enumerate(path) if c == "."}
        # Code spans that begin like an option. Ringpop's statistics do too, so the page about them is left out.
        sections = "|".join(sorted({path.split(".")[0] for path in options}))
        documents = [document for document in DOCUMENTS if document != "proto/spec/ringpop.md"]
        found = list(self.named(rf"^`((?:{sections})(?:\.[a-z_0-9]+)+)(?=[`: ])", documents))
        self.assertGreater(len(found), 60)
        self.check(found, options | groups)

    def test_the_table_of_settings_is_the_daemons(self):
        guide = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
        self.assertEqual(guide, pages.with_table(guide, BINARY), "`scripts/dev settings` mends it")

    def test_flags_are_flags(self):
        known = set()
        for verb in pages.verb_names(pages.ask(BINARY, "--help")):
            known |= set(re.findall(r"--[\w-]+", pages.ask(BINARY, verb, "--help")))
        self.check(self.named(r"^`(--[a-z][\w-]+)(?=[` =])", PLAYED), known | {"--scale", "--build-only", "--keep", "--try"})

    def test_verbs_are_verbs(self):
        verbs = {*pages.verb_names(pages.ask(BINARY, "--help")), "help"}
        found = [*self.named(r"^`ringside ([a-z]+(?:-[a-z]+)*)\b"), *self.named(r"(?m)^(?:\$ )?ringside ([a-z]+(?:-[a-z]+)*)\b")]
        self.assertGreater(len(found), 30)
        self.check(found, verbs)

    def test_metrics_are_in_the_catalog(self):
        catalog = set(re.findall(r"\bringside_[a-z_]+\b", (ROOT / "daemon/obs/catalog.cpp").read_text(encoding="utf-8")))
        found = list(self.named(r"\b(ringside_[a-z_]+)\b", PLAYED))
        self.assertGreater(len(found), 8)
        self.check(((d, name) for d, name in found if not name.endswith("_")), catalog)


@unittest.skipIf(why_not(), why_not())
class Commands(unittest.TestCase):
    def setUp(self):
        self.shell = None
        self.addCleanup(lambda: self.shell and self.shell.close())
        self.trail = []

    def must(self, block, line, command):
        """Runs it, and fails with the commands that led here."""
        code, output = self.shell.run(command)
        self.trail.append(f"$ {command}   # {code}")
        if code != 0:
            self.fail(f"{block.document}:{block.line + line}: exit code {code}\n" + "\n".join(self.trail[-6:]) + f"\n{output[-2000:]}")
        return output

    def file(self, block, name):
        """What stands in a block, as a file in the shell's folder."""
        path = self.shell.folder / name
        path.write_text(block.text, encoding="utf-8")
        return str(path)

    def play(self, block):
        if block.kind == "sh":
            for line, command in commands(block.text):
                self.must(block, line, command)
        elif block.kind == "console":
            for line, command, shown in scenes(block.text):
                wanted, deadline = pattern(shown), time.monotonic() + SETTLED
                output = self.must(block, line, command)
                while not wanted.search(output) and command.startswith("ringside ") and time.monotonic() < deadline:
                    output = self.must(block, line, command)
                self.assertRegex(output, wanted, f"{block.document}:{block.line + line}: {command}")
        elif block.kind == "yaml":
            self.must(block, 0, f"ringside validate -c {self.file(block, block.name or 'settings.yaml')}")
        elif block.kind in PROGRAMS:
            *program, file = PROGRAMS[block.kind]
            if not shutil.which(program[0]):
                self.skipTest(f"{program[0]} is not installed")
            self.assertTrue(self.must(block, 0, " ".join([*program, self.file(block, file)])).strip(), "it prints something")

    def test_the_readme_and_the_guide_do_what_they_say(self):
        place = None
        for document in PLAYED:
            for block in blocks(document):
                if place != (document, block.shell):
                    if self.shell:
                        self.shell.close()
                    self.shell = Shell(BINARY, installed=document != "README.md")
                    self.trail.clear()
                place = (document, block.shell)
                if not block.not_run:
                    with self.subTest(block=block.where, kind=block.kind):
                        self.play(block)


class Reader(unittest.TestCase):
    """The machinery above, on texts of its own."""

    def test_shown_output_may_differ_in_numbers_and_where_dots_are(self):
        for shown, output, same in ((["a  1.5 ms"], "a 22,3 ms", True), (["x", "...", "y"], "x\n1\n2\ny\n", True),
                                    (["up"], "down", False), (["b  0x8f"], "b  0x1c", True), (["b -> a"], "b -> c", False),
                                    (['{"a":1,', '"b":2}'], '{"a":7,"b":9}', True)):
            with self.subTest(shown=shown, output=output):
                self.assertEqual(bool(pattern(shown).search(output)), same)

    def test_commands_go_on_over_lines_and_scenes_have_their_output(self):
        self.assertEqual([c for _, c in commands("a \\\n  b\n# no\nc <<'E'\nd\nE\n")], ["a \\\n  b", "c <<'E'\nd\nE"])
        self.assertEqual(list(scenes("$ a \\\n b\nout\n\n$ c\n")), [(0, "a \\\n b", ["out", ""]), (4, "c", [])])


if __name__ == "__main__":
    unittest.main()
