"""An app that registers with its ringside at run time, moves to another port, and goes."""
import json

from support import ECHO, ClusterTest, free_port, route, wait_until
from processes import Process, accepts


class Registration(ClusterTest):
    def setUp(self):
        super().setUp()
        self.a = self.cluster.add("a")
        self.b = self.cluster.add("b", app_command=ECHO)
        self.cluster.start()
        self.cluster.wait_agreed()

    def app(self):
        """Another app, on a port of its own."""
        port = free_port()
        process = Process("app", [*ECHO, f"app-{port}", port], self.folder / f"app-{port}.log")
        self.addCleanup(process.stop)
        wait_until(lambda: accepts(port), 15, "the app listens", [process])
        return port, process

    def put(self, port, **more):
        return self.a.get("/v1/app", method="PUT", body=json.dumps({"address": f"127.0.0.1:{port}", **more}).encode())

    def ring(self):
        return sorted(member["name"] for member in self.b.ring()["members"])

    def wait_state(self, state):
        wait_until(lambda: self.a.get("/v1/app").json()["state"] == state, 15, f"the app is {state}", [self.a.daemon])

    def key_of_a(self):
        return next(key for key in map("k{}".format, range(1000)) if self.b.owner(key) == "a")

    def test_a_node_without_an_app_takes_its_place_when_one_registers_and_leaves_it_when_that_goes(self):
        self.assertEqual(self.ring(), ["b"])
        port, _ = self.app()
        answer = self.put(port, id="shop", health={"interval": "1s"})
        self.assertEqual(answer.status, 201)
        self.assertEqual((answer.json()["id"], answer.json()["address"]), ("shop", f"127.0.0.1:{port}"))
        self.assertEqual(answer.json()["health"]["interval"], "1s")
        self.wait_state("up")
        wait_until(lambda: self.ring() == ["a", "b"], 15, "a owns keys", self.cluster.processes())
        key = self.key_of_a()
        self.assertEqual(self.b.get(route(key, "/x")).json()["app"], f"app-{port}")
        self.assertEqual(self.put(port, id="shop").status, 200)
        self.assertEqual(self.a.get("/v1/app", method="DELETE").status, 204)
        wait_until(lambda: self.ring() == ["b"], 15, "its keys are b's", self.cluster.processes())
        self.assertEqual(self.b.get(route(key, "/x")).json()["app"], "b")
        self.assertEqual(self.a.get("/v1/app").json()["state"], "none")
        self.assertEqual(self.a.get("/v1/app", method="DELETE").status, 204)

    def test_an_app_moves_to_another_port_without_a_failed_request_or_a_moved_key(self):
        first, old = self.app()
        self.put(first)
        self.wait_state("up")
        wait_until(lambda: self.ring() == ["a", "b"], 15, "a owns keys", self.cluster.processes())
        key = self.key_of_a()
        version = self.b.ring()["version"]
        second, _ = self.app()
        self.assertEqual(self.put(second).status, 200)
        answers = [self.b.get(route(key, "/x")) for _ in range(20)]
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual({answer.json()["app"] for answer in answers}, {f"app-{second}"})
        old.stop()
        self.wait_state("up")
        self.assertEqual(self.b.get(route(key, "/x")).json()["app"], f"app-{second}")
        self.assertEqual(self.b.ring()["version"], version)

    def test_what_cannot_be_registered_is_named_and_the_app_before_stays(self):
        port, _ = self.app()
        self.put(port)
        for change, why in (({"address": "nonsense"}, "app.address"),
                            ({"address": self.a.api_address}, "the daemon would forward to itself"),
                            ({"protocol": "gopher"}, "app.protocol"),
                            ({"health": {"fail": 0}}, "app.health.fail"),
                            ({"protocol": "h2c", "health": {"path": "/health"}}, "HTTP/1.1")):
            answer = self.put(port, **change)
            self.assertEqual(answer.status, 422, change)
            self.assertIn(why, " ".join(answer.json()["errors"]))
        self.assertEqual(self.a.get("/v1/app").json()["address"], f"127.0.0.1:{port}")
