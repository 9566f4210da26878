"""The Debian package, the manual pages, and the libraries that the binary wants."""
import re
import unittest

from shared import BINARY, CONFIG, ROOT, TempFolderTest, needs, pages, ringside, run

BUILD = BINARY.parent
FILES = {
    "usr/bin/ringside", "lib/systemd/system/ringside.service", "etc/ringside/ringside.yaml",
    "usr/share/man/man1/ringside.1.gz", "usr/share/man/man5/ringside.yaml.5.gz",
    "usr/share/bash-completion/completions/ringside", "usr/share/zsh/vendor-completions/_ringside",
    "usr/share/fish/vendor_completions.d/ringside.fish",
    "usr/share/doc/ringside/copyright", "usr/share/doc/ringside/changelog.gz", "usr/share/doc/ringside/ringside.yaml",
}


@unittest.skipUnless((BUILD / "CPackConfig.cmake").exists(), f"{BUILD} is no build folder")
@unittest.skipUnless((BUILD / "share" / "ringside.1.gz").exists(), "the manual pages are not built (target ringside_pages)")
class Package(TempFolderTest):
    def make(self):
        code, out = run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", self.folder, timeout=120)
        self.assertEqual(code, 0, out)
        made = list(self.folder.glob("*.deb"))
        self.assertEqual(len(made), 1, out)
        return made[0]

    @needs("lintian")
    def test_the_package_is_whole_and_lintian_finds_nothing(self):
        deb = self.make()
        _, version = ringside("version")
        self.assertRegex(deb.name, rf"^ringside_{re.escape(version.split()[1])}_\w+\.deb$")
        _, listing = run("dpkg-deb", "--contents", deb)
        rows = [line.split(maxsplit=5) for line in listing.splitlines()]
        self.assertLessEqual(FILES, {row[5].removeprefix("./") for row in rows})
        self.assertEqual({row[1] for row in rows}, {"root/root"})
        code, out = run("lintian", "--allow-root", "--fail-on", "error,warning", deb, timeout=300)
        self.assertEqual((code, out), (0, ""))

    def test_installed_elsewhere_it_keeps_to_its_prefix_and_brings_no_service(self):
        code, out = run("cmake", "--install", BUILD, "--prefix", self.folder)
        self.assertEqual(code, 0, out)
        self.assertEqual([line for line in out.splitlines() if line.startswith("-- Installing: ") and str(self.folder) not in line], [])
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"bin", "share"})

    def test_settings_of_the_user_survive_an_upgrade_and_services_are_the_scripts_affair(self):
        deb = self.make()
        run("dpkg-deb", "--control", deb, self.folder / "control")
        self.assertEqual((self.folder / "control" / "conffiles").read_text(encoding="utf-8"), "/etc/ringside/ringside.yaml\n")
        for script in ("postinst", "prerm", "postrm"):
            with self.subTest(script=script):
                code, out = run("sh", "-n", self.folder / "control" / script)
                self.assertEqual(code, 0, out)


@needs("scdoc")
class ManualPages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages = {name: text.decode() for name, text in pages.pages(BINARY).items()}


    def test_every_verb_has_its_section(self):
        verbs = pages.verb_names(pages.ask(BINARY, "help"))
        self.assertGreater(len(verbs), 10)
        self.assertEqual([v for v in verbs if f".SS ringside {v}\n" not in self.pages["ringside.1"]], [])

    def test_every_setting_has_its_entry_with_meaning_and_default(self):
        wanted = dict(pages.settings_of(pages.ask(BINARY, "config", "default")))
        _, flags = ringside("agent", "--help")
        for path, comment in wanted.items():
            with self.subTest(setting=path):
                self.assertIn(f"--{re.sub('[._]', '-', path)}", flags)
                self.assertIn(f"\\fB{path}\\fR", self.pages["ringside.yaml.5"].replace("\\&", ""))
                self.assertIn("Default", " ".join(comment))

    def test_every_flag_of_a_verb_is_there(self):
        page = self.pages["ringside.1"].replace("\\&", "").replace("\\-", "-")
        for verb in pages.verb_names(pages.ask(BINARY, "help")):
            if verb == "agent":
                continue
            listed = re.findall(r"(?:^|, )(--[\w-]+)", "\n".join(form for form, _ in pages.flags_of(pages.ask(BINARY, verb, "--help"))),
                                re.MULTILINE)
            shown = re.findall(r"^ +(?:-\w, )?(--[\w-]+)", pages.ask(BINARY, verb, "--help"), re.MULTILINE)
            self.assertEqual(listed, shown, verb)
            self.assertEqual([flag for flag in shown if flag not in page], [], verb)


class Linked(unittest.TestCase):
    def test_every_library_that_the_binary_wants_is_in_the_operators_guide(self):
        code, out = run("objdump", "-p", BINARY)
        self.assertEqual(code, 0, out)
        system = {"libc.so.6", "libm.so.6", "libresolv.so.2", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}
        sanitizers = ("libasan", "libubsan", "libtsan")
        wanted = {name for name in re.findall(r"NEEDED +(\S+)", out)
                  if name not in system and not name.startswith(sanitizers)}
        guide = (CONFIG / "README.md").read_text(encoding="utf-8")
        table = dict(re.findall(r"^\| `(lib[^`]+\.so[^`]*)` \| `([^`]+)` ", guide, re.MULTILINE))
        self.assertLessEqual(wanted, set(table))
        bootstrap = (ROOT / "scripts" / "bootstrap").read_text(encoding="utf-8")
        self.assertEqual([package for package in table.values() if package not in bootstrap], [])


if __name__ == "__main__":
    unittest.main()
