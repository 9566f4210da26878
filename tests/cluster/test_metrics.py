"""/metrics as Prometheus reads it, by a reader that forgives nothing; and that traffic makes no series."""
import math
import re
import time
import unittest

from support import ClusterTest, ECHO, SharedClusterTest, route

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
# A family's samples: its own name, and for histograms these instead.
ENDINGS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class Family:
    def __init__(self, help_text):
        self.help, self.type, self.samples = help_text, None, {}


def labels_of(text):
    """Sorted pairs; ValueError when the text is anything but label="value", with commas between."""
    labels, at = [], 0
    while at < len(text):
        found = LABEL.match(text, at)
        if not found:
            raise ValueError(f"no label at {text[at:]!r}")
        labels.append((found[1], found[2]))
        at = found.end()
    if text.endswith(",") or len({name for name, _ in labels}) < len(labels):
        raise ValueError(f"a comma too many, or a label twice: {text!r}")
    return tuple(sorted(labels))


def parse(text):
    """Name -> Family of a whole page. ValueError says which line breaks which rule of the format."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    families, current = {}, None
    for number, line in enumerate(text.splitlines(), 1):
        comment = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line)
        sample = SAMPLE.fullmatch(line)
        if comment and comment[1] == "HELP":
            if comment[2] in families:
                raise ValueError(f"line {number}: {comment[2]} begins a second time")
            if re.search(r"\\[^\\n]", comment[3]):
                raise ValueError(f"line {number}: an escape that there is not")
            current = families[comment[2]] = Family(comment[3])
        elif comment:
            if current is None or families.get(comment[2]) is not current or current.type or current.samples:
                raise ValueError(f"line {number}: TYPE does not follow HELP")
            if comment[3] not in ENDINGS:
                raise ValueError(f"line {number}: a type that there is not")
            current.type = comment[3]
        elif sample and current is not None and current.type:
            name = next(n for n, f in families.items() if f is current)
            if sample[1] not in [name + ending for ending in ENDINGS[current.type]]:
                raise ValueError(f"line {number}: {sample[1]} stands among those of {name}")
            key = (sample[1], labels_of(sample[2] or ""))
            if key in current.samples:
                raise ValueError(f"line {number}: {key} a second time")
            current.samples[key] = float(sample[3].replace("Inf", "inf"))
        else:
            raise ValueError(f"line {number} is neither comment nor sample, or has no family: {line!r}")
    return families


def check_histogram(name, family):
    """Buckets rise, end with +Inf, and that is the count."""
    series = {}
    for (sample, labels), value in family.samples.items():
        if sample == name + "_bucket":
            rest = tuple(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((float(dict(labels)["le"].replace("Inf", "inf")), value))
    assert series, f"{name} has no buckets"
    for rest, buckets in series.items():
        bounds, counts = zip(*buckets)
        assert list(bounds) == sorted(set(bounds)) and bounds[-1] == math.inf, f"{name}: bounds {bounds}"
        assert list(counts) == sorted(counts), f"{name}: {counts} fall"
        assert counts[-1] == family.samples[name + "_count", rest], f"{name}: +Inf is not the count"
        assert (name + "_sum", rest) in family.samples, f"{name} has no sum"


class Metrics(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        for name in "ab":
            cluster.add(name, app_command=ECHO)

    def page(self, host=None):
        return parse((host or self.cluster.hosts[0]).get("/metrics").body.decode("utf-8"))

    def test_the_page_keeps_every_rule_of_the_format(self):
        answer = self.cluster.hosts[0].get("/metrics")
        self.assertEqual(answer["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        families = parse(answer.body.decode("utf-8"))
        self.assertGreater(len(families), 50)
        for name, family in families.items():
            with self.subTest(metric=name):
                self.assertTrue(family.samples)
                self.assertRegex(name, r"^ringside_[a-z0-9_]+$")
                self.assertEqual(name.endswith("_total"), family.type == "counter")
                self.assertRegex(family.help, r"^[A-Z0-9].*\.$")
                self.assertTrue(all(value >= 0 for value in family.samples.values()))
                if family.type == "histogram":
                    check_histogram(name, family)

    def test_counters_never_fall(self):
        before = self.page()
        for number in range(20):
            self.cluster.hosts[0].get(route(f"count {number}", "/echo"))
        after = self.page()
        for name, family in before.items():
            if family.type != "gauge":
                for key, value in family.samples.items():
                    self.assertGreaterEqual(after[name].samples[key], value, key)

    def test_no_key_path_method_header_or_error_makes_a_series(self):
        a, b = self.cluster.hosts
        before = {key for family in self.page().values() for key in family.samples}
        for number in range(300):
            entry = (a, b)[number % 2]
            entry.get(route(f"key {number} \"\\\n", f"/echo/{number}?q={number}"), headers={f"X-Header-{number}": "x"})
            entry.get(f"/v1/nowhere/{number}")
            entry.get(f"/v1/lookup/{number}")
        for number in range(50):
            a.get(route(f"k{number}", "/echo"), method=f"METHOD{number}")
            a.get("/", headers={"Host": f"host-{number}.example"})
        after = {key for family in self.page().values() for key in family.samples}
        self.assertEqual(after, before)
        self.assertLess(len(after), 500)

    def test_all_members_show_the_same_series(self):
        a, b = (self.page(host) for host in self.cluster.hosts)
        self.assertEqual({k for f in a.values() for k in f.samples}, {k for f in b.values() for k in f.samples})

    def test_a_scrape_takes_a_few_milliseconds(self):
        host = self.cluster.hosts[0]
        host.get("/metrics")
        took = []
        for _ in range(30):
            started = time.monotonic()
            host.get("/metrics")
            took.append(time.monotonic() - started)
        self.assertLess(sorted(took)[len(took) // 2], 0.05, took)


class SwitchedOff(ClusterTest):
    def test_without_metrics_there_is_no_page_and_the_answer_says_why(self):
        host = self.cluster.add("a", app_command=ECHO, flags=["--observability-metrics", "false"])
        self.cluster.start()
        answer = host.get("/metrics")
        self.assertEqual((answer.status, answer["Ringside-Error"]), (404, "not_found"))
        self.assertIn("observability.metrics", answer.json()["detail"])


class Reader(unittest.TestCase):
    """The reader above is believed only because it refuses these."""

    def test_the_reader_refuses_what_breaks_the_format(self):
        good = '# HELP m A metric.\n# TYPE m counter\nm{a="1",b="\\""} 1\nm 2\n'
        self.assertEqual(len(parse(good)["m"].samples), 2)
        for bad in (good[:-1], good + good, good + "m 3\n", good.replace(" counter", " sum"), good.replace('\\"', '"'),
                    good.replace('",b', '" b'), good.replace("m 2", "n 2"), good.replace("m 2", "m two"), "m 1\n",
                    good.replace("# HELP m A metric.\n", ""), good.replace("m 2", ""), good.replace('b="', 'a="'),
                    good.replace("metric.", "metric\\t.")):
            with self.subTest(text=bad), self.assertRaises(ValueError):
                parse(bad)
