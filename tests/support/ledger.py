#!/usr/bin/env python3
"""Joins what was sent with what ran: the record of open_load.py and the journals of the apps (tests/apps/journal.py).

usage: ledger.py RECORD JOURNAL...     prints the account; exit 1 if a request failed, ran twice, or was answered and not run
"""
import collections
import json
import sys
from dataclasses import dataclass, field


@dataclass
class Account:
    sent: int = 0
    failed: list = field(default_factory=list)  # without a 200
    twice: list = field(default_factory=list)  # run more than once
    unrun: list = field(default_factory=list)  # a 200 that no app's journal knows of
    unknown: list = field(default_factory=list)  # ids that ran and were never sent
    took: list = field(default_factory=list)  # seconds from when it was due, sorted
    by_app: collections.Counter = field(default_factory=collections.Counter)

    def good(self):
        return self.sent > 0 and not (self.failed or self.twice or self.unrun or self.unknown)

    def __str__(self):
        def quantile(q):
            return f"{1000 * self.took[min(len(self.took) - 1, int(q * len(self.took)))]:.0f} ms" if self.took else "-"

        lines = [f"{self.sent} sent, {len(self.failed)} failed, {len(self.twice)} run twice, {len(self.unrun)} answered and "
                 f"not run; half within {quantile(0.5)}, 99 % within {quantile(0.99)}, all within {quantile(1)}"]
        for what in ("failed", "twice", "unrun", "unknown"):
            lines += [f"  {what}: {each}" for each in getattr(self, what)[:10]]
        return "\n".join(lines)


def balance(record, journals):
    ran = collections.Counter()
    account = Account()
    for journal in journals:
        with open(journal, encoding="ascii") as file:
            for line in file:
                word, *rest = line.split()
                if word == "begin":
                    ran[rest[0]] += 1
                    account.by_app[str(journal)] += 1
    known = set()
    with open(record, encoding="ascii") as file:
        for line in file:
            request = json.loads(line)
            known.add(request["id"])
            account.sent += 1
            account.took.append(request["ended"] - request["due"])
            times = ran[request["id"]]
            if request["status"] != 200:
                account.failed.append({**request, "ran": times})
            elif times == 0:
                account.unrun.append(request)
            if times > 1:
                account.twice.append({**request, "ran": times})
    account.unknown = sorted(set(ran) - known)
    account.took.sort()
    return account


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    account = balance(sys.argv[1], sys.argv[2:])
    print(account)
    sys.exit(0 if account.good() else 1)


if __name__ == "__main__":
    main()
