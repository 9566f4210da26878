"""The Dockerfile and the Compose files, as far as they can be checked where no container engine runs: their form, that
everything they name exists, and that the daemon takes its command lines."""
import os
import re
import shlex
import unittest
from urllib.parse import urlsplit

from shared import CONFIG, ROOT, needs, ringside, run, yaml

FOLDER = CONFIG / "compose"
FILES = sorted(FOLDER.glob("*.yaml"))
KEYS = {"image", "build", "command", "entrypoint", "environment", "ports", "volumes", "networks", "network_mode", "depends_on",
        "restart", "stop_grace_period", "read_only", "cap_drop", "user", "hostname", "healthcheck", "init", "tmpfs"}


def load(file):
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def services():
    for file in FILES:
        for name, service in load(file)["services"].items():
            yield f"{file.name}: {name}", load(file), name, service


def words(command):
    return shlex.split(command) if isinstance(command, str) else command


def daemon_flags(service):
    """What the daemon is started with, or None for a service that is not one."""
    command = [*words(service.get("entrypoint", "ringside" if service["image"].startswith("ringside") else "")),
               *words(service.get("command", ""))]
    if command[:1] != ["ringside"] or command[1:2] not in (["agent"], ["run"]):
        return None
    flags = command[2:command.index("--")] if "--" in command else command[2:]
    return flags


class ComposeFiles(unittest.TestCase):
    def test_each_pattern_has_its_file_and_says_how_it_is_started(self):
        self.assertGreaterEqual(len(FILES), 4)
        for file in FILES:
            with self.subTest(file=file.name):
                self.assertIn(f"docker compose -f config/compose/{file.name} up", file.read_text(encoding="utf-8"))

    @needs("docker-compose")
    def test_compose_itself_accepts_the_files(self):
        for file in FILES:
            with self.subTest(file=file.name):
                code, out = run("docker-compose", "-f", file, "config", "-q")
                self.assertEqual((code, out), (0, ""))

    def test_only_keys_of_services_that_are_known_here(self):
        for where, _, _, service in services():
            with self.subTest(service=where):
                self.assertLessEqual(set(service) - {"<<"}, KEYS)

    def test_everything_that_is_named_exists(self):
        for where, whole, _, service in services():
            with self.subTest(service=where):
                for volume in service.get("volumes", []):
                    source = volume.split(":")[0]
                    if source.startswith("."):
                        self.assertTrue((FOLDER / source).exists(), source)
                    else:
                        self.assertIn(source, whole.get("volumes", {}))
                self.assertLessEqual(set(service.get("networks", {})), set(whole.get("networks", {})))
                self.assertLessEqual(set(service.get("depends_on", {})), set(whole["services"]))
                mode = service.get("network_mode", "")
                if mode:
                    self.assertIn(mode.removeprefix("service:"), whole["services"])
                context = FOLDER / service["build"]["context"]
                dockerfile = context / service["build"].get("dockerfile", "Dockerfile")
                text = dockerfile.read_text(encoding="utf-8")
                if "target" in service["build"]:
                    self.assertRegex(text, rf"(?m)^FROM \S+ AS {service['build']['target']}$")
        for name in {name for where, whole, _, _ in services() for name in whole.get("volumes", {})}:
            self.assertTrue(any(f"{name}:" in str(service.get("volumes")) for _, _, _, service in services()), name)

    def test_the_daemon_takes_every_command_line(self):
        count = 0
        for where, _, _, service in services():
            flags = daemon_flags(service)
            if flags is None:
                continue
            count += 1
            with self.subTest(service=where):
                environment = {k: str(v) for k, v in service.get("environment", {}).items()}
                code, out = ringside("validate", *flags, env=environment)
                self.assertEqual(code, 0, out)
        self.assertGreaterEqual(count, 6)

    def test_seeds_apps_and_api_addresses_are_services_of_the_file(self):
        """An API on the network is asked by the service's name, so that must be the node's."""
        for where, whole, name, service in services():
            with self.subTest(service=where):
                flags = daemon_flags(service) or []
                for flag, value in zip(flags, flags[1:]):
                    if flag == "--join" and value.startswith("dns://"):
                        self.assertIn(urlsplit(value).hostname, whole["services"])
                    if flag == "--app-address":
                        self.assertIn(value.split(":")[0], whole["services"])
                    if flag == "--name" and "--listen-api" in flags:
                        self.assertEqual(value, name)
                address = service.get("environment", {}).get("RINGSIDE_ADDR", "")
                if address.startswith("http://"):
                    self.assertIn(urlsplit(address).hostname, whole["services"])
                elif address:
                    folder = os.path.dirname(address.removeprefix("unix://"))
                    self.assertTrue(any(v.split(":")[1] == folder for v in service["volumes"]), address)

    def test_nothing_is_published_to_other_machines_and_no_secret_is_in_a_file(self):
        for where, _, _, service in services():
            with self.subTest(service=where):
                for port in service.get("ports", []):
                    self.assertTrue(port.startswith("127.0.0.1:"), port)
                for name, value in service.get("environment", {}).items():
                    self.assertTrue(name.endswith("_FILE") or not re.search("KEY|TOKEN|SECRET", name), f"{name}={value}")
                if daemon_flags(service) is not None:
                    self.assertGreater(int(service["stop_grace_period"].removesuffix("s")), 30)


class Dockerfiles(unittest.TestCase):
    def stages(self):
        stages, current = {}, None
        for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines():
            found = re.fullmatch(r"FROM (\S+)(?: AS (\S+))?", line)
            if found:
                base = stages.get(found[1])
                current = stages[found[2] or "last"] = list(base["lines"]) if base else []
                stages[found[2] or "last"] = {"base": found[1], "lines": current}
            elif current is not None:
                current.append(line)
        return stages

    def test_the_image_runs_as_nobody_special_and_looks_after_its_health(self):
        last = self.stages()["last"]["lines"]
        users = [line.split()[1] for line in last if line.startswith("USER ")]
        self.assertEqual(users[-1], "ringside")
        self.assertIn('ENTRYPOINT ["ringside"]', last)
        self.assertIn("VOLUME /var/lib/ringside", last)
        self.assertIn("ENV RINGSIDE_NODE_DATA_DIR=/var/lib/ringside", last)
        self.assertTrue(any(line.startswith("HEALTHCHECK") and '["ringside", "health"]' in line for line in last))
        self.assertFalse(any("python3" in line for line in last), "the image has no more than the daemon")

    def test_what_is_copied_is_there(self):
        for file in [ROOT / "Dockerfile", *FOLDER.glob("*.Dockerfile")]:
            for source in re.findall(r"^COPY (?!--from)(\S+) ", file.read_text(encoding="utf-8"), re.MULTILINE):
                with self.subTest(file=file.name):
                    self.assertTrue((ROOT / source).exists(), source)

    def test_the_demo_app_is_python(self):
        compile((FOLDER / "app.py").read_text(encoding="utf-8"), "app.py", "exec")


if __name__ == "__main__":
    unittest.main()
