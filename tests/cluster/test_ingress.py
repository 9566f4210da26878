"""listen.ingress with routes, as an operator sets it up: a file, three hosts, and the command that explains it."""
import json
import shutil
import subprocess
import unittest

from support import ECHO, SharedClusterTest, fetch, free_port, run

ROUTES = """
ingress: {hosts: [shop.example]}
routes:
  - {match: "/echo/users/{id}/**", key: "user:{id}", timeout: 2s}
  - {match: "/echo/tenant", key: "tenant-{header:X-Tenant}", methods: [POST]}
  - {match: "/echo/near", missing: local}
  - {match: "/echo/any", missing: random, concurrency: 100}
"""


class Ingress(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        cls.settings = cls.shared_folder / "ringside.yaml"
        cls.settings.write_text(ROUTES, encoding="utf-8")
        for name in "abc":
            host = cluster.add(name, app_command=ECHO)
            host.ingress_port = free_port()
            host.flags += ["-c", str(cls.settings), "--listen-ingress", f"127.0.0.1:{host.ingress_port}"]

    def ask(self, host, path, method="GET", **headers):
        return fetch(host.ingress_port, path, method=method,
                     headers={"Host": "shop.example", **{n.replace("_", "-"): v for n, v in headers.items()}})

    def test_a_path_names_the_key_and_its_owner_answers_whichever_host_is_asked(self):
        hosts = self.cluster.hosts
        owners = set()
        for number in range(12):
            owner = hosts[0].owner(f"user:{number}/x")
            owners.add(owner)
            for host in hosts:
                answer = self.ask(host, f"/echo/users/{number}%2Fx/cart?y=%2F", Ringside_Key="forged")
                said = answer.json()
                self.assertEqual((answer.status, said["app"]), (200, owner))
                self.assertEqual(said["path"], f"/echo/users/{number}%2Fx/cart?y=%2F")
                headers = {name.lower(): value for name, value in said["headers"]}
                self.assertEqual(headers["ringside-key"], f"user:{number}/x")
        self.assertEqual(owners, {"a", "b", "c"})

    def test_header_method_and_fallbacks_decide_as_the_file_says(self):
        host = self.cluster.hosts[0]
        self.assertEqual(self.ask(host, "/echo/tenant", "POST", X_Tenant="7").json()["app"], host.owner("tenant-7"))
        for answer in (self.ask(host, "/echo/tenant", "POST"), self.ask(host, "/echo/tenant"), self.ask(host, "/v1/members")):
            self.assertEqual((answer.status, answer["Ringside-Error"]), (400, "missing_key"))
        self.assertEqual({self.ask(host, "/echo/near").json()["app"] for _ in range(8)}, {"a"})
        apps = {self.ask(host, "/echo/any").json()["app"] for _ in range(64)}
        self.assertGreater(len(apps), 1)
        self.assertEqual(self.ask(host, "/echo/else", Ringside_Key="k").json()["app"], host.owner("k"))
        wrong = fetch(host.ingress_port, "/echo/near", headers={"Host": "evil.example"})
        self.assertEqual((wrong.status, wrong["Ringside-Error"]), (421, "wrong_host"))

    def test_the_command_explains_what_the_listener_does(self):
        host = self.cluster.hosts[1]
        code, out, err = run("route", "--explain", "GET", "http://shop.example/echo/users/42/cart", "-c", self.settings,
                             "--addr", f"127.0.0.1:{host.api_port}", "-o", "json")
        self.assertEqual((code, err), (0, ""))
        said = json.loads(out)
        self.assertEqual((said["key"], said["key_from"], said["owner"]), ("user:42", "user:{id}", host.owner("user:42")))
        self.assertEqual(said["limits"]["timeout"], "2s")
        code, out, _ = run("route", "--explain", "GET", "/echo/tenant", "-H", "Host: shop.example", "-c", self.settings)
        self.assertEqual(code, 1)
        self.assertIn("route 2   POST /echo/tenant", out)
        self.assertIn("no: the method is not among its methods", out)

    @unittest.skipUnless(shutil.which("curl"), "curl is missing here")
    def test_http2_is_routed_the_same(self):
        host = self.cluster.hosts[2]
        url = f"http://127.0.0.1:{host.ingress_port}/echo/users/42"
        done = subprocess.run(["curl", "-sS", "--max-time", "20", "--http2-prior-knowledge", "-H", "Host: shop.example", url],
                              capture_output=True, timeout=30, check=True)
        self.assertEqual(json.loads(done.stdout)["app"], host.owner("user:42"))


if __name__ == "__main__":
    unittest.main()
