"""Manual pages, completions and the tables of settings, made of what the binary says of itself, so that they cannot fall
behind it.

  pages.py --binary build/release/ringside --settings
  pages.py --binary build/release/ringside --out FOLDER

The first writes config/ringside.yaml and the table in config/README.md. The second writes ringside.1.gz and
ringside.yaml.5.gz (their prose is in config/man, the lists of verbs and settings come from `ringside --help` and `ringside
config default`), and the completions for bash, zsh and fish; it needs scdoc.
"""
import argparse
import gzip
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "config" / "man"
COMPLETIONS = {"bash": "ringside", "zsh": "_ringside", "fish": "ringside.fish"}


def ask(binary, *words):
    return subprocess.run([binary, *words], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout


def escaped(text):
    """As scdoc takes it for plain text."""
    return re.sub(r"([\\*_`#~<>|\[\]+.-])", r"\\\1", text)


def verb_names(overview):
    return re.findall(r"^  ringside (\S+)", overview, re.MULTILINE)


def flags_of(text):
    """(form, help) of each row of a table of flags."""
    for line in text.splitlines():
        row = re.match(r"^ {2,6}((?:-\w, )?--[\w-]+(?: \S.*?)?) {2,}(.*)$", line)
        if row:
            yield row[1], row[2]


def listed(flags):
    return "\n\n".join(f"*{escaped(form)}*\n\t{escaped(text)}" for form, text in flags)


def about_verb(text, common):
    """scdoc of one verb, from the text of its --help, without the flags that every verb has."""
    form, summary, *rest = text.rstrip().split("\n")
    words = form.split(" ", 2)
    title = f"*{escaped(' '.join(words[:2]))}*" + (f" {escaped(words[2])}" if len(words) > 2 else "")
    yield f"## {' '.join(words[:2])}"
    yield f"{title}"
    yield escaped(summary[:1].upper() + summary[1:]) + "."
    body = "\n".join(rest)
    if words[1] == "agent":
        yield "Its flags are the settings of *ringside.yaml*(5), and *-c* _FILE_ for the file."
        return
    for paragraph in re.split(r"\n\n+", body.strip("\n")):
        rows = list(flags_of(paragraph))
        if rows:
            own = [row for row in rows if row not in common]
            if own:
                yield listed(own)
        elif paragraph.startswith("  "):
            yield "```\n" + "\n".join(line[2:] for line in paragraph.split("\n")) + "\n```"
        elif paragraph:
            yield escaped(" ".join(paragraph.split("\n")))


def verbs(binary):
    helps = {name: ask(binary, name, "--help") for name in verb_names(ask(binary, "--help"))}
    flags = [list(flags_of(text)) for name, text in helps.items() if name != "agent"]
    common = [row for row in flags[0] if all(row in others for others in flags)]
    parts = [part for text in helps.values() for part in about_verb(text, common)]
    return "\n\n".join([*parts, "## Flags of every verb but agent", listed(common)])


def settings_of(yaml):
    """(path, comment lines) of each setting in the text of `ringside config default`."""
    names, comment = [], []
    for line in yaml.splitlines():
        text = line.strip()
        if text.startswith("#"):
            comment.append(text[2:])
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        entry = re.match(r"([\w]+):(.*)$", text)
        if entry:
            names[depth:] = [entry[1]]
            if entry[2]:
                yield ".".join(names), comment
        comment = []


def in_table(text):
    """As it stands in a cell: what Markdown would take for a tag, a bar or emphasis is not."""
    return re.sub(r"([|<>*_])", r"\\\1", text)


def settings_table(binary):
    """Markdown: a row for each setting with its default and the first sentence of its meaning, a table for each section."""
    lines, section = [], None
    for path, comment in settings_of(ask(binary, "config", "default")):
        text = " ".join(comment)
        meaning = re.split(r"(?<=\.) ", text)[0].rstrip(".")
        default = re.search(r"\. Default (.*?): ", text)[1]
        if path.partition(".")[0] != section:
            section = path.partition(".")[0]
            lines += ["", f"| `{section}` | default | meaning |", "|---|---|---|"]
        name = path.partition(".")[2] or path
        lines.append(f"| `{name}` | `{default}` | {in_table(meaning)} |")
    return "\n".join(lines[1:]) + "\n"


def with_table(guide, binary):
    """The text of the guide with its table as it should be."""
    begin, end = "<!-- settings: made by scripts/dev settings -->\n", "<!-- settings: end -->\n"
    before, _, rest = guide.partition(begin)
    return before + begin + settings_table(binary) + end + rest.partition(end)[2]


def write_settings(binary):
    (ROOT / "config" / "ringside.yaml").write_text(ask(binary, "config", "default"), encoding="utf-8")
    guide = ROOT / "config" / "README.md"
    guide.write_text(with_table(guide.read_text(encoding="utf-8"), binary), encoding="utf-8")


def settings(binary):
    parts = []
    for path, comment in settings_of(ask(binary, "config", "default")):
        parts.append(f"*{escaped(path)}*\n\t{escaped(' '.join(comment))}")
    return "\n\n".join(parts)


def roff(source):
    return subprocess.run(["scdoc"], input=source.encode(), capture_output=True, check=True,
                          env={"SOURCE_DATE_EPOCH": "0", "PATH": "/usr/bin:/bin"}).stdout


def pages(binary):
    """Name -> roff."""
    made = {"ringside.1": ("@VERBS@", verbs), "ringside.yaml.5": ("@SETTINGS@", settings)}
    return {name: roff((SOURCES / f"{name}.scd").read_text(encoding="utf-8").replace(mark, make(binary)))
            for name, (mark, make) in made.items()}


def main():
    parser = argparse.ArgumentParser(prog="scripts/lib/pages.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=pathlib.Path)
    what.add_argument("--settings", action="store_true")
    options = parser.parse_args()
    if options.settings:
        return write_settings(options.binary)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, text in pages(options.binary).items():
        (options.out / f"{name}.gz").write_bytes(gzip.compress(text, 9, mtime=0))
    for shell, name in COMPLETIONS.items():
        (options.out / name).write_text(ask(options.binary, "completion", shell), encoding="utf-8")


if __name__ == "__main__":
    main()
