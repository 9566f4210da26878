"""The configuration of a node that runs: what is in force, the file again by signal, API and verb, the level of the log.
"""
import json
import re
import signal

from support import ClusterTest, run, wait_until

FILE = """observability:
  log:
    level: {level}
forward:
  timeout: {timeout}
events:
  webhooks: [{{url: "http://127.0.0.1:1/hook?token=hidden-in-the-query", secret_file: {secret}}}]
"""


class Reload(ClusterTest):
    def setUp(self):
        super().setUp()
        self.hook_secret = self.secret("hook_secret", "hidden-in-a-file\n")
        self.file = self.folder / "ringside.yaml"
        self.write()
        self.a = self.cluster.add("a", flags=["-c", self.file])
        self.cluster.start()

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def write(self, level="info", timeout="5s"):
        self.file.write_text(FILE.format(level=level, timeout=timeout, secret=self.hook_secret))

    def in_force(self, *path):
        value = self.a.get("/v1/config").json()
        for part in path:
            value = value[part]
        return value

    def level(self):
        return self.in_force("observability", "log", "level")

    def logged(self, *texts):
        wait_until(lambda: any(all(text in line for text in texts) for line in self.a.daemon.log().splitlines()), 10, texts,
                   [self.a.daemon])

    def verb(self, *words):
        return run(*words, "--addr", f"127.0.0.1:{self.a.api_port}")

    def test_a_signal_applies_the_level_and_names_what_needs_a_restart(self):
        self.write(level="debug", timeout="7s")
        self.a.daemon.kill(signal.SIGHUP)
        self.logged("setting_applied", "observability.log.level", "debug")
        self.logged("setting_needs_restart", "forward.timeout", "7s")
        self.logged("reloaded", "SIGHUP")
        self.assertEqual((self.level(), self.in_force("forward", "timeout")), ("debug", "5s"))

    def test_api_and_verb_tell_what_became_of_each_change(self):
        self.write(level="warn", timeout="7s")
        answer = self.a.get("/v1/reload", method="POST")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json(), {
            "applied": [{"option": "observability.log.level", "from": "info", "to": "warn", "origin": f"{self.file}:3"}],
            "needs_restart": [{"option": "forward.timeout", "from": "5s", "to": "7s", "origin": f"{self.file}:5"}]})
        self.assertEqual(self.level(), "warn")
        code, out, err = self.verb("reload")  # what waits for a restart is named again
        self.assertEqual((code, out), (0, f"needs restart  forward.timeout: 5s -> 7s ({self.file}:5)\n"), err)
        self.write(level="warn")
        self.assertEqual(self.verb("reload")[1], "no setting has changed; keys and tokens were read again\n")

    def test_a_broken_file_is_refused_as_a_whole_with_every_line(self):
        self.file.write_text("observability: {log: {level: debug}}\nforward:\n  timeuot: 1s\nworkers: many\n")
        answer = self.a.get("/v1/reload", method="POST")
        self.assertEqual((answer.status, answer["Ringside-Error"]), (422, "bad_setting"))
        errors = answer.json()["errors"]
        self.assertEqual(len(errors), 2)
        self.assertTrue(errors[0].startswith(f"{self.file}:3:3: forward.timeuot: unknown option"), errors)
        self.assertTrue(errors[1].startswith(f"{self.file}:4:"), errors)
        _, _, told = run("validate", "-c", self.file)
        self.assertEqual(told.splitlines()[:2], errors)
        code, _, err = self.verb("reload")
        self.assertEqual(code, 1)
        self.assertIn(errors[0], err)
        self.a.daemon.kill(signal.SIGHUP)
        self.logged("not_reloaded", "SIGHUP", "timeuot")
        self.assertEqual((self.level(), self.in_force("forward", "timeout")), ("info", "5s"))

    def test_the_level_is_set_at_run_time_and_follows_the_file_again_at_a_reload(self):
        self.assertEqual(self.verb("log-level", "debug")[:2], (0, "the log level is debug, it was info\n"))
        self.logged("log_level_set", "debug")
        self.assertEqual(self.level(), "debug")
        refused = self.a.get("/v1/log-level", method="PUT", body=b'{"level": "loud"}')
        self.assertEqual(refused.status, 422)
        self.assertIn("trace, debug, info, warn or error", refused.json()["detail"])
        self.assertEqual(self.a.get("/v1/log-level", method="PUT", body=b"loud").status, 400)
        self.assertEqual(self.a.get("/v1/log-level")["Allow"], "PUT")
        self.assertEqual(self.a.get("/v1/reload", method="POST").json()["applied"][0]["to"], "info")
        self.assertEqual(self.level(), "info")

    def test_flags_are_still_on_top_of_the_file(self):
        b = self.cluster.add("b", flags=["-c", self.file, "--observability-log-level", "warn"])
        b.start_daemon()
        self.cluster.wait_ready(b)
        self.write(level="debug")
        self.assertEqual(b.get("/v1/reload", method="POST").json(), {"applied": [], "needs_restart": []})

    def test_no_secret_is_shown(self):
        self.write(timeout="7s")
        shown = self.a.get("/v1/config").body.decode()
        self.assertEqual(json.loads(shown)["events"]["webhooks"],
                         [{"url": "http://127.0.0.1:1/hook?***", "secret_file": str(self.hook_secret)}])
        told = self.a.get("/v1/reload", method="POST").body.decode()
        for text in (shown, told, self.a.daemon.log()):
            self.assertFalse(re.search("hidden-in", text), text)
