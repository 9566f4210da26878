"""The Compose files at work, their services played in network namespaces (containers.py)."""
import json
import os
import pathlib
import signal
import unittest

from containers import Containers, why_not
from shared import CONFIG, ROOT, TempFolderTest, wait_until

NPM = pathlib.Path(os.environ.get("RINGSIDE_BUILD") or ROOT / "build") / "interop" / "npm"  # the interop tests install it


@unittest.skipIf(why_not(), why_not())
class Patterns(TempFolderTest):
    def up(self, name, images=None, scale=None):
        containers = Containers(CONFIG / "compose" / f"{name}.yaml", self.folder, images, scale)
        self.addCleanup(containers.__exit__)
        containers.start()
        self.containers = containers
        return containers

    def rings(self):
        """The containers with a ringside in them."""
        return [name for name, service in self.containers.services.items()
                if str(service.get("command", "")).startswith(("agent ", "run "))]

    def wait_complete(self, members):
        """Every ringside healthy, as its health check sees it, and all of them there."""
        def complete():
            for name in self.rings():
                if self.containers.ask(name, "ringside", "health")[0] != 0:
                    return False
                code, out = self.containers.ask(name, "ringside", "ring", "-o", "json")
                if code != 0 or len(json.loads(out)["members"]) != members:
                    return False
            return True

        wait_until(complete, 20, f"{members} members in every ring", list(self.containers.processes.values()))

    def get(self, service, *arguments):
        """What curl gets there: status and body."""
        code, out = self.containers.ask(service, "curl", "-sS", "-w", "\n%{http_code}", *arguments)
        self.assertEqual(code, 0, out)
        body, _, status = out.rpartition("\n")
        return int(status), body

    def keys_reach_one_app(self, ask):
        """ask(key) gives status and body; twice the same app, which counts on, and not all keys the same one."""
        apps = set()
        for number in range(20):
            answers = [ask(f"user-{number}") for _ in range(2)]
            self.assertEqual([status for status, _ in answers], [200, 200], answers)
            said = [json.loads(body) for _, body in answers]
            self.assertEqual(said[0]["app"], said[1]["app"])
            self.assertEqual(said[0]["count"] + 1, said[1]["count"])
            apps.add(said[0]["app"])
        return apps

    def test_pairs_published_port_and_the_apps_own_calls_reach_the_owner(self):
        self.up("pairs")
        self.wait_complete(2)
        apps = self.keys_reach_one_app(lambda key: self.get("ring-a", "localhost:8080/cart", "-H", f"Ringside-Key: {key}"))
        self.assertEqual(apps, {"app-a", "app-b"})
        self.assertEqual(self.get("ring-a", "ring-b:7600/v1/members")[0], 401)  # the API of another wants the token
        for app in ("app-a", "app-b"):  # the app asks its ringside by the service's name
            self.assertEqual(self.get(app, "localhost:5000/ask/user-1")[0], 200)
        code, out = self.containers.ask("ring-a", "ringside", "members")
        self.assertEqual((code, out.count("alive")), (0, 2), out)

    def test_socket_the_api_is_on_no_port_and_clients_come_in_on_ingress(self):
        self.up("socket")
        self.wait_complete(2)
        apps = self.keys_reach_one_app(lambda key: self.get("ring-a", "localhost:8080/cart", "-H", f"Ringside-Key: {key}"))
        self.assertEqual(apps, {"app-a", "app-b"})
        self.assertEqual(self.get("app-b", "localhost:5000/ask/user-1")[0], 200)
        self.assertEqual(self.get("ring-a", "localhost:8080/v1/members", "-H", "Ringside-Key: k")[0], 200)  # for the app
        self.assertEqual(self.get("ring-a", "localhost:8080/v1/members")[0], 400)
        self.assertNotEqual(self.containers.ask("ring-a", "curl", "-s", "localhost:7600/v1/members")[0], 0)

    def test_shared_network_everything_between_the_two_is_on_the_loopback(self):
        self.up("shared-network")
        self.wait_complete(2)
        apps = self.keys_reach_one_app(lambda key: self.get("ring-a", f"localhost:7600/v1/route/{key}/cart"))
        self.assertEqual(len(apps), 2)
        self.assertEqual(self.get("app-a", "localhost:5000/ask/user-1")[0], 200)
        other = self.containers.addresses()["ring-b"]
        self.assertNotEqual(self.containers.ask("ring-a", "curl", "-s", "-m", "2", f"{other}:7600/v1/members")[0], 0)

    def test_scale_as_many_as_wanted_find_each_other_and_ctrl_c_ends_them_cleanly(self):
        self.up("scale", scale={"app": 5})
        self.wait_complete(5)
        apps = self.keys_reach_one_app(lambda key: self.get("app-1", "localhost:8080/cart", "-H", f"Ringside-Key: {key}"))
        self.assertGreater(len(apps), 2)
        self.assertEqual(self.get("app-2", "localhost:8080/ask/user-1", "-H", "Ringside-Key: k")[0], 200)
        process = self.containers.processes["app-5"]
        process.kill(signal.SIGTERM)
        self.assertIn(process.wait(20), (0, 128 + signal.SIGTERM), process.tail())
        wait_until(lambda: len(json.loads(self.containers.ask("app-1", "ringside", "ring", "-o", "json")[1])["members"]) == 4, 5,
                   "the others go on as four", [self.containers.processes["app-1"]])

    @unittest.skipUnless((NPM / "installed").exists(), "ringpop-node is not installed (scripts/dev interop does it)")
    def test_ringpop_one_ringside_among_two_ringpop_nodes(self):
        self.up("ringpop", {"ringside-demo-ringpop": ["node", "--no-warnings", str(NPM / "app.js")]})
        self.wait_complete(3)
        kinds = self.containers.ask("ring", "ringside", "members")[1]
        self.assertEqual(kinds.count("ringpop-node"), 2, kinds)
        for number in range(20):
            self.assertEqual(self.get("ring", f"localhost:7600/v1/route/user-{number}/cart")[0], 200)
