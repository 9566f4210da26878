"""faults.md names tests that exist, one or more for each fault or "not yet", and says how many are missing."""
import re
import unittest

from scenario import ROOT

PAGE = ROOT / "tests" / "scenarios" / "faults.md"
ROWS = [f"A{n}" for n in range(1, 25)] + [f"B{n}" for n in range(1, 19)]


def rows(text):
    """(row, what plays it) for each line of the tables."""
    return [(cells[1].strip(), cells[4].strip()) for line in text.splitlines()
            if re.match(r"\| [A-Z]\d", line) and len(cells := line.split("|")) == 6]


def missing(played_by, root=ROOT):
    """What is named and does not exist; `not yet` alone is nothing named."""
    faults = []
    for part in re.split(r"; (?=[SPRNF] `|not yet)", played_by):
        if re.match(r"not yet(: |$)", part):
            continue
        named = re.fullmatch(r"[SPRNF] `([^`]+)`: `([^`]+)`", part)
        if not named:
            faults.append(f"cannot be read: {part}")
        elif not (root / named[1]).is_file():
            faults.append(f"no file {named[1]}")
        elif named[2] not in re.sub(r'"\s*\n\s*"', "", (root / named[1]).read_text()):
            faults.append(f"no '{named[2]}' in {named[1]}")
    return faults


class Catalogue(unittest.TestCase):
    def test_every_fault_has_a_row_and_every_row_names_tests_that_exist(self):
        table = rows(PAGE.read_text())
        self.assertEqual([row for row, _ in table], ROWS)
        for row, played_by in table:
            with self.subTest(row=row):
                self.assertEqual(missing(played_by), [])
        whole = [row for row, played_by in table if re.match("not yet", played_by)]
        in_part = [row for row, played_by in table if row not in whole and "not yet: " in played_by]
        print(f"[{len(table)} faults, {len(table) - len(whole)} are played; not yet: {', '.join(whole)}; "
              f"in part: {', '.join(in_part)}] ", end="", flush=True)

    def test_a_name_that_does_not_exist_is_found(self):
        self.assertEqual(missing("not yet"), [])
        self.assertEqual(missing("S `tests/scenarios/test_catalogue.py`: `class Catalogue`; not yet: the rest"), [])
        self.assertTrue(missing("S `tests/scenarios/test_catalogue.py`: `class" + " Other`"))
        self.assertTrue(missing("S `tests/nowhere.py`: `x`"))
        self.assertTrue(missing("some day"))
