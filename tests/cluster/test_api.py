"""The API as a client finds it: every path of /openapi.json answers as the document says."""
import json

from support import ECHO, SharedClusterTest, route, run

EXAMPLES = {"key": "user%3A42", "path": "echo", "name": "b"}


class Api(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        for name in "abc":
            cluster.add(name, app_command=ECHO, flags=["--dev"])  # /v1/faults is only there with it

    def setUp(self):
        super().setUp()
        self.a = self.cluster.hosts[0]

    def document(self):
        answer = self.a.get("/openapi.json")
        self.assertEqual((answer.status, answer["Content-Type"].split(";")[0]), (200, "application/json"))
        return answer.json()

    def resolve(self, document, node):
        while "$ref" in node:
            target = document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def fits(self, document, schema, value, where):
        """The part of JSON Schema that our document uses."""
        schema = self.resolve(document, schema)
        kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
        if value is None and schema.get("nullable"):
            return
        if "type" in schema:
            self.assertIsInstance(value, kinds[schema["type"]], where)
        if "enum" in schema:
            self.assertIn(value, schema["enum"], where)
        if "pattern" in schema:
            self.assertRegex(value, schema["pattern"], where)
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            for name in schema.get("required", []):
                self.assertIn(name, value, where)
            for name, inner in value.items():
                if name in properties:
                    self.fits(document, properties[name], inner, f"{where}.{name}")
                else:
                    extra = schema.get("additionalProperties", True)
                    self.assertNotEqual(extra, False, f"{where} has {name}, which the document does not know")
                    if isinstance(extra, dict):
                        self.fits(document, extra, inner, f"{where}.{name}")
        if isinstance(value, list):
            for i, inner in enumerate(value):
                self.fits(document, schema.get("items", {}), inner, f"{where}[{i}]")

    def test_every_get_of_the_document_answers_as_described(self):
        document = self.document()
        tried = 0
        for path, item in document["paths"].items():
            if "get" not in item or path == "/{path}":
                continue
            for name, example in EXAMPLES.items():
                path = path.replace("{" + name + "}", example)
            query = {"/v1/lookup": "?key=user%3A42", "/v1/owners": "?key=user%3A42", "/v1/events": "?follow=false"}.get(path, "")
            with self.subTest(path=path):
                answer = self.a.get(path + query)
                responses = item["get"]["responses"]
                response = self.resolve(document, responses.get(str(answer.status)) or responses["default"])
                # This cluster has no keys, so none that could be listed.
                self.assertIn(answer.status, (409,) if path == "/v1/keyring" else (200, 204), answer.body)
                content = response.get("content", {}).get("application/json")
                if content:
                    self.fits(document, content["schema"], answer.json(), path)
                tried += 1
        self.assertGreater(tried, 12)

    def test_problems_fit_the_document(self):
        document = self.document()
        schema = document["components"]["schemas"]["Problem"]
        for path in ("/nothing", "/v1/members/nobody", "/v1/route//x", "/v1/lookup?key=k&n=0", route("k") + "%zz"):
            answer = self.a.get(path)
            if answer.status >= 400 and answer["Ringside-Error"]:
                self.fits(document, schema, answer.json(), path)

    def test_explain_and_n(self):
        answer = self.a.get("/v1/lookup/user:42?n=3&explain=true").json()
        self.assertEqual(sorted(o["name"] for o in answer["owners"]), ["a", "b", "c"])
        self.assertEqual(answer["owners"][0], answer["owner"])
        self.fits(self.document(), {"$ref": "#/components/schemas/Lookup"}, answer, "lookup")
        self.assertIn(answer["hash"], answer["explain"]["why"])

    def test_metrics_count_requests(self):
        def value(name):
            text = self.a.get("/metrics").body.decode()
            return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                       if line.startswith(name) and not line.startswith("#"))

        before = value("ringside_requests")
        for i in range(10):
            self.a.get(route(f"k{i}", "/echo"))
        self.assertGreaterEqual(value("ringside_requests"), before + 10)

    def test_the_command_line_shows_the_same_cluster(self):
        at = ["--addr", f"http://127.0.0.1:{self.a.api_port}"]
        code, out, err = run("members", *at)
        self.assertEqual(code, 0, err)
        for host in self.cluster.hosts:
            self.assertRegex(out, rf"(?m)^{host.name}\s.*alive.*{host.peer}")
        members = json.loads(run("members", "-o", "json", *at)[1])
        members = members["members"] if isinstance(members, dict) else members
        self.assertEqual(sorted(m["name"] for m in members), ["a", "b", "c"])

        owner = self.a.owner("user:42")
        code, out, _ = run("lookup", "user:42", *at)
        self.assertEqual((code, f"-> {owner}" in out), (0, True), out)
        self.assertEqual(run("lookup", "user:42", "-n", "2", "--explain", *at)[0], 0)
        self.assertEqual(run("ring", *at)[0], 0)

        code, out, err = run("call", "user:42", "/echo/cart", "-d", "x=1", *at)
        said = json.loads(out)
        self.assertEqual((code, said["app"], said["path"], said["method"]), (0, owner, "/echo/cart", "POST"))
        self.assertIn(f"Ringside-Owner: {owner}", err)

        others = [f"http://127.0.0.1:{h.api_port}" for h in self.cluster.hosts[1:]]
        self.assertEqual(run("status", *others, *at)[0], 0)
        self.assertEqual(run("health", *at)[0], 0)
        self.assertEqual(run("wait", "--for=members=3", "--timeout", "5s", *at)[0], 0)
        self.assertEqual(run("wait", "--for=members=4", "--timeout", "300ms", *at)[0], 5)
        self.assertEqual(run("members", "nobody", *at)[0], 4)
