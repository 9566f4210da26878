"""listen.telemetry: health and metrics for whoever asks, beside an API that wants a token; and nothing else."""
from processes import free_port
from support import ECHO, SharedClusterTest, fetch, route, run


class Telemetry(SharedClusterTest):
    @classmethod
    def make_cluster(cls, cluster):
        cls.port = free_port()
        tokens = cluster.folder / "tokens"
        tokens.touch(0o600)
        tokens.write_text(run("token", "new")[1], encoding="utf-8")
        cluster.add("a", app_command=ECHO, flags=["--listen-telemetry", f"127.0.0.1:{cls.port}", "--api-token-file", str(tokens)])

    def test_health_and_metrics_are_there_for_whoever_asks_by_any_name(self):
        for path in ("/livez", "/v1/livez", "/readyz", "/v1/readyz", "/outboundz"):
            self.assertEqual(fetch(self.port, path, headers={"Host": "prometheus.example"}).status, 204, path)
        metrics = fetch(self.port, "/metrics")
        self.assertEqual(metrics.status, 200)
        self.assertIn(b"ringside_members", metrics.body)

    def test_nothing_else_is_with_a_key_or_without(self):
        for path in ("/", "/v1/members", "/v1/config", "/openapi.json", route("k", "/echo"), "/v1/local/echo"):
            for headers in ({}, {"Ringside-Key": "k"}):
                answer = fetch(self.port, path, headers=headers)
                self.assertEqual((answer.status, answer["Ringside-Error"]), (404, "not_found"), path)
        self.assertIn("listen.telemetry", fetch(self.port, "/v1/members").json()["detail"])
        self.assertEqual(fetch(self.port, "/metrics", method="POST").status, 405)
