"""What the fake Ringpop nodes compute and check, held against values of real ones: what they misjudge, tests would too."""
import json
import re
import sys
import unittest

from support import ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
import ringpop  # noqa: E402
import ringpop_bodies  # noqa: E402

VECTORS = ROOT / "proto" / "vectors"


def vectors(name):
    return json.loads((VECTORS / name).read_text())


class Arithmetic(unittest.TestCase):
    def test_fingerprint32_is_that_of_the_vectors(self):
        rows = vectors("farmhash/farmhash.json")["vectors"]
        self.assertGreater(len(rows), 30)
        for row in rows:
            with self.subTest(length=row["len"], hex=row["hex"]):
                self.assertEqual(ringpop.fingerprint32(bytes.fromhex(row["hex"])), row["fingerprint32"])

    def test_label_checksums_are_signed(self):
        # Computed by ringpop-go.
        for labels, expected in (({}, 0), ({"hello": "world"}, 975109414), ({"hello": "goodbye"}, -1215192234),
                                 ({"hello": "world", "foo": "baz"}, -1625122257), ({"__identity": "identity"}, -1005535378)):
            with self.subTest(labels=labels):
                self.assertEqual(ringpop.label_checksum(labels), expected)

    def test_membership_checksums_are_those_of_both_libraries(self):
        for dialect in ("go", "node"):
            for name, row in vectors(f"ring/{dialect}-membership-ring.json").items():
                if "labels" in row.get("membershipString", "") or not row.get("membershipString"):
                    continue  # the label sets are not in the file
                found = re.findall(r"([\d.]+:\d+?)(alive|suspect|faulty|leave)(\d+)", row["membershipString"])
                members = [{"address": a, "status": s, "incarnationNumber": int(i)} for a, s, i in reversed(found)]
                with self.subTest(dialect=dialect, list=name):
                    self.assertEqual(ringpop.membership_checksum(members, dialect), row["membershipChecksum"])

    def test_rings_and_owners_are_those_of_ringpop_go(self):
        for name, row in vectors("ring/go-membership-ring.json").items():
            if not row.get("ringServers") or name == "identities":
                continue  # the identities are not in the file
            ring = ringpop.Ring(dict.fromkeys(row["ringServers"]))
            with self.subTest(list=name):
                self.assertEqual(ring.checksum(), row["ringChecksum"])
                for key, owners in row["lookupN3"].items():
                    self.assertEqual(ring.owner(key), owners[0], key)


class ClosedLists(unittest.TestCase):
    ping = {"checksum": 1, "source": "a:1", "sourceIncarnationNumber": 1,
            "changes": [{"address": "b:1", "status": "alive", "incarnationNumber": 2}]}

    def test_a_good_body_has_no_fault(self):
        self.assertEqual(ringpop_bodies.request_faults("/protocol/ping", self.ping), [])

    def test_each_wrong_body_has_one(self):
        def changed(**fields):
            return {**self.ping, "changes": [{**self.ping["changes"][0], **fields}]}

        wrong = [{**self.ping, "more": 1}, {k: v for k, v in self.ping.items() if k != "source"}, {**self.ping, "changes": None},
                 {**self.ping, "checksum": -1}, {**self.ping, "checksum": 1 << 32}, {**self.ping, "sourceIncarnationNumber": 1.0},
                 changed(status="damped"), changed(labels={}), changed(labels={"a": 1}), changed(tombstone=False),
                 changed(status="tombstone"), changed(incarnationNumber="2"), changed(incarnationNumber=True), changed(more=1)]
        for body in wrong:
            with self.subTest(body=body):
                self.assertNotEqual(ringpop_bodies.request_faults("/protocol/ping", body), [])
