"""The files for Prometheus and Grafana: they name only metrics, labels and values that a daemon has, and the rules work."""
import json
import re

from shared import BINARY, CONFIG, Cluster, TempFolderTest, needs, run, yaml

RULES = CONFIG / "prometheus" / "ringside.rules.yaml"
DASHBOARD = CONFIG / "grafana" / "ringside.json"
SELECTOR = re.compile(r"\b(ringside_\w+)(?:\{([^}]*)\})?")
OF_PROMETHEUS = {"job", "instance", "le"}  # labels that a scrape or a histogram adds


def expressions():
    """(where, PromQL) of everything in the files."""
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], rule["expr"]
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        yield variable["name"], variable.get("definition", "")


class Names(TempFolderTest):
    def catalog(self):
        """Name -> label -> values, as a daemon shows them."""
        cluster = Cluster(BINARY, self.folder)
        self.addCleanup(cluster.stop)
        host = cluster.add("a", app_address="127.0.0.1:1")
        cluster.start()
        found = {}
        for line in host.get("/metrics").body.decode().splitlines():
            if not line.startswith("#"):
                name, labels = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
                values = found.setdefault(name, {})
                for label, value in re.findall(r'(\w+)="([^"]*)"', labels or ""):
                    values.setdefault(label, set()).add(value)
        return found

    def test_every_metric_label_and_value_is_one_that_a_daemon_has(self):
        catalog, count = self.catalog(), 0
        for where, expression in expressions():
            for name, selectors in SELECTOR.findall(expression):
                count += 1
                with self.subTest(where=where, metric=name):
                    self.assertIn(name, catalog)
                    for label, operator, value in re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', selectors):
                        if label not in OF_PROMETHEUS:
                            self.assertIn(label, catalog[name])
                            self.assertIn(value, catalog[name][label], f"{label}{operator}")
        self.assertGreater(count, 50)

    def test_labels_that_legends_and_sums_name_are_there(self):
        catalog = self.catalog()
        for where, expression in expressions():
            names = [name for name, _ in SELECTOR.findall(expression)]
            labels = OF_PROMETHEUS.union(*(catalog[name] for name in names)) if names else OF_PROMETHEUS
            for by in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression):
                with self.subTest(where=where):
                    self.assertLessEqual(set(re.split(r", *", by)), labels)
        for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", []):
                names = [name for name, _ in SELECTOR.findall(target["expr"])]
                for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                    with self.subTest(panel=panel["title"]):
                        self.assertIn(label, OF_PROMETHEUS.union(*(catalog[name] for name in names)))

    def test_counters_are_rated_and_gauges_are_not(self):
        for where, expression in expressions():
            with self.subTest(where=where):
                for name in re.findall(r"\b(?:rate|increase)\((\w+)", expression):
                    self.assertRegex(name, "_(total|bucket|count|sum)$")
                for name in re.findall(r"\bringside_\w+_total\b", expression):
                    self.assertRegex(expression, rf"\b(rate|increase)\({name}\b")


class Files(TempFolderTest):
    @needs("promtool", "prometheus")
    def test_promtool_accepts_rules_and_configuration(self):
        for command in (["check", "rules", RULES], ["check", "config", "--syntax-only", RULES.parent / "prometheus.yaml"]):
            code, out = run("promtool", *command)
            self.assertEqual(code, 0, out)

    @needs("promtool", "prometheus")
    def test_alerts_fire_when_they_should_and_not_before(self):
        code, out = run("promtool", "test", "rules", RULES.with_name("ringside.rules.test.yaml"))
        self.assertEqual(code, 0, out)

    def test_each_alert_has_a_severity_a_summary_and_a_runbook(self):
        alerts = [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
                  if "alert" in rule]
        self.assertGreater(len(alerts), 10)
        for rule in alerts:
            with self.subTest(alert=rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                self.assertEqual(set(rule["annotations"]), {"summary", "runbook"})

    def test_the_dashboard_has_no_panel_over_another_and_no_id_twice(self):
        panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
        taken = set()
        for panel in panels:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(taken & cells, panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
