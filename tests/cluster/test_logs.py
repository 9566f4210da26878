"""The log over the API and with `ringside logs`, and the bundle for who is to help; no secret is in either."""
import http.client
import io
import json
import signal
import socket
import subprocess
import tarfile

from support import BINARY, ClusterTest, clean_environment, metric, resident_bytes, run, sanitized, wait_until


class Logs(ClusterTest):
    def start(self, *flags):
        a = self.cluster.add("a", flags=list(flags))
        self.cluster.start()
        return a

    def follow(self, host, query):
        connection = http.client.HTTPConnection("127.0.0.1", host.api_port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", f"/v1/logs?follow=true{query}")
        return connection.getresponse()

    def read_until(self, answer, word):
        for line in answer:
            if word in line.decode():
                return line.decode()
        self.fail(f"the log ended before {word}")

    def test_the_last_lines_are_there_and_new_ones_come_at_the_level_of_the_reader(self):
        a = self.start()
        text = a.get("/v1/logs").body.decode()
        self.assertIn("agent_listening", text)
        self.assertNotIn("agent_listening", a.get("/v1/logs?level=error").body.decode())
        quiet, talkative = self.follow(a, "&level=warn"), self.follow(a, "&level=debug")
        self.assertEqual(talkative.headers["Content-Type"], "text/plain; charset=utf-8")
        self.read_until(talkative, "agent_listening")
        wait_until(lambda: metric(a, "ringside_log_streams") == 2, 5, "two readers", [a.daemon])
        body = json.dumps({"peers": ["127.0.0.1:1"]}).encode()  # nobody is there: a call that fails
        self.assertEqual(a.get("/v1/join", method="POST", body=body).status, 503)
        self.assertIn(" debug ", self.read_until(talkative, "call_failed"))
        self.assertNotIn("call_failed", a.daemon.log())  # standard error has its own level
        talkative.close()
        a.get("/v1/log-level", method="PUT", body=b'{"level": "debug"}')
        a.get("/v1/join", method="POST", body=body)
        wait_until(lambda: "call_failed" in a.daemon.log(), 5, "now it does", [a.daemon])
        a.daemon.kill(signal.SIGTERM)
        rest = quiet.read().decode()  # ends with the daemon
        self.assertNotIn(" debug ", rest)

    def test_a_reader_that_stands_still_loses_lines_and_holds_up_nobody(self):
        path = self.folder / "api.sock"
        a = self.start("--listen-api", f"unix:{path}")
        with socket.socket(socket.AF_UNIX) as still:
            still.connect(str(path))
            still.sendall(b"GET /v1/logs?follow=true&level=debug HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wait_until(lambda: metric(a, "ringside_log_streams") == 1, 5, "the reader is there", [a.daemon])
            body = json.dumps({"peers": ["127.0.0.1:1"]}).encode()  # nobody is there: a line for each call that fails
            before = resident_bytes(a.daemon.pid)
            for _ in range(5000):  # more than its socket, its backlog and its queue hold
                a.get("/v1/join", method="POST", body=body)
            if not sanitized():
                self.assertLess(resident_bytes(a.daemon.pid) - before, 8 * 1024 * 1024)
            lively = self.follow(a, "&level=debug")
            a.get("/v1/join", method="POST", body=body)
            self.read_until(lively, "call_failed")
            still.settimeout(20)
            text = b""
            while b"log_lines_lost" not in text:  # it is told, and goes on from there
                text = text[-100:] + still.recv(65536)
        self.assertGreater(metric(a, "ringside_log_stream_lost_lines_total"), 0)

    def test_json_lines_are_ndjson_and_nonsense_is_refused(self):
        a = self.start("--observability-log-format", "json")
        answer = a.get("/v1/logs")
        self.assertEqual(answer["Content-Type"], "application/x-ndjson")
        events = [json.loads(line)["event"] for line in answer.body.splitlines()]
        self.assertIn("agent_listening", events)
        self.assertEqual(a.get("/v1/logs?level=loud").status, 400)
        self.assertEqual(a.get("/v1/logs?follow=perhaps").status, 400)
        self.assertEqual(a.get("/v1/logs", method="HEAD").status, 200)

    def test_the_verb_prints_them_and_follows(self):
        a = self.start()
        code, out, err = run("logs", "--addr", a.api_address)
        self.assertEqual(code, 0, err)
        self.assertIn("agent_listening", out)
        self.assertEqual(run("logs", "--level", "loud", "--addr", a.api_address)[0], 1)
        child = subprocess.Popen([BINARY, "logs", "-f", "--level", "debug", "--addr", a.api_address], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=clean_environment(), text=True)
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        for line in child.stdout:
            if "agent_listening" in line:
                break
        a.get("/v1/log-level", method="PUT", body=b'{"level": "warn"}')
        for line in child.stdout:
            if "log_level_set" in line:
                break
        a.daemon.kill(signal.SIGTERM)
        self.assertIn(child.wait(20), (0, 1))


class Bundle(ClusterTest):
    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def test_a_bundle_has_everything_but_the_secrets(self):
        planted = {"key": run("keygen")[1], "token": "ops planted-token-of-the-operator\n", "hook": "planted-in-the-hook\n"}
        key, token, hook = (self.secret(name, text) for name, text in planted.items())
        config = self.folder / "ringside.yaml"
        config.write_text(f'security: {{cluster_key_file: {key}, api_token_file: {token}}}\n'
                          f'observability: {{log: {{level: trace}}}}\n'
                          f'events: {{webhooks: [{{url: "http://127.0.0.1:1/hook?token=planted-in-the-query", '
                          f'secret_file: {hook}}}]}}\n')
        hosts = [self.cluster.add(name, flags=["-c", config]) for name in "ab"]
        for host in hosts:
            host.seeds = [other.peer for other in hosts]
            host.start_daemon()
        asked = {"RINGSIDE_API_TOKEN_FILE": str(token)}
        a = hosts[0]
        self.assertEqual(run("wait", "--for", "members=2", "--addr", a.api_address, env=asked, timeout=40)[0], 0)
        self.assertEqual(a.get("/v1/logs").status, 403)  # on the loopback: role app
        run("call", "planted", "/x?y=1", "-H", "Authorization: Bearer planted-token-of-the-operator", "--addr", a.api_address,
            env=asked)
        run("reload", "--addr", a.api_address, env=asked)
        file = self.folder / "bundle.tar"
        code, out, err = run("debug", "bundle", "--file", file, "--addr", a.api_address, env=asked)
        self.assertEqual((code, out), (0, f"{file}\n"), err)
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        raw = file.read_bytes()
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            texts = {entry.name.partition("/")[2]: tar.extractfile(entry).read().decode() for entry in tar}
        self.assertEqual(sorted(texts), ["app.json", "config.json", "drain.json", "events.txt", "logs.txt", "members.json",
                                         "metrics.txt", "partitions.json", "ranges.json", "ring.json", "self.json", "stats.json",
                                         "versions.json"])
        self.assertIn("agent_listening", texts["logs.txt"])
        self.assertEqual(json.loads(texts["config.json"])["security"]["api_token_file"], str(token))
        self.assertEqual(json.loads(texts["versions.json"])["node"], json.loads(texts["self.json"])["ringside_version"])
        for secret in (planted["key"].strip(), "planted-token-of-the-operator", "planted-in-the-hook", "planted-in-the-query"):
            self.assertNotIn(secret.encode(), raw)
            self.assertNotIn(secret, a.daemon.log())
