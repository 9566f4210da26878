"""Two ringsides and a member that runs ringpop-node (a fake one): requests reach each key's owner in both directions."""
import concurrent.futures
import json
import os
import sys

from support import ECHO, ROOT, ClusterTest, route, run, wait_until

sys.path.insert(0, str(ROOT / "tests" / "support"))
from ringpop_node import RingpopNode  # noqa: E402

KEYS = [f"user:{i}" for i in range(200)]
ADDRESS = ["--ring-identity", "address"]


def echo(head, body):
    """The app behind the ringpop-node: says what it got."""
    said = {"app": "node", "method": head["method"], "path": head["url"], "headers": head["headers"],
            "keys": head["ringpopKeys"], "body": len(body)}
    return 200, {"content-type": "application/json", "set-cookie": ["a=1", "b=2"]}, json.dumps(said).encode()


class WithRingpopNode(ClusterTest):
    def mixed(self, flags=(), language="node", app=echo):
        """Hosts a and b, and the fake as a member that both know; its ring's checksum is theirs."""
        for name in "ab":
            self.cluster.add(name, app_command=ECHO, flags=[*ADDRESS, *flags])
        self.cluster.start()
        wait_until(lambda: all(len(host.ring()["members"]) == 2 for host in self.cluster.hosts), 10,
                   "both hosts are in both rings", self.cluster.processes())
        self.node = RingpopNode(app, language=language)
        self.addCleanup(self.node.stop)
        self.a, self.b = self.cluster.hosts
        self.node.join(self.a.peer)
        wait_until(lambda: all(self.knows(host) for host in self.cluster.hosts), 10,
                   "both hosts know the ringpop-node for what it is", self.cluster.processes())
        rings = {host.ring()["checksum"] for host in self.cluster.hosts}
        self.assertEqual(len(rings), 1)
        self.node.ring_checksum = int(rings.pop(), 16)
        owners = {key: self.a.owner(key) for key in KEYS}
        self.keys_of = {who: [k for k in KEYS if owners[k] == who]
                        for who in (self.a.peer, self.b.peer, self.node.address)}

    def knows(self, host):
        kinds = {m["address"]: (m["kind"], m["in_ring"]) for m in host.members()}
        return kinds.get(self.node.address) == (f"ringpop-{self.node.language}", True)

    def metric(self, host, line):
        text = host.get("/metrics").body.decode()
        return next((float(row.split()[-1]) for row in text.splitlines() if row.startswith(line)), None)

    def test_a_key_of_the_ringpop_node_is_reached_from_any_ringside(self):
        self.mixed()
        keys = self.keys_of[self.node.address]
        self.assertGreater(len(keys), 10)
        for entry in self.cluster.hosts:
            for key in keys[:10]:
                answer = entry.get(route(key, "/cart?x=1"), method="POST", body=b"hello", headers={"X-Mine": "kept"})
                self.assertEqual(answer.status, 200, answer.body)
                said = answer.json()
                self.assertEqual((said["app"], said["method"], said["path"], said["body"]), ("node", "POST", "/cart?x=1", 5))
                self.assertEqual(said["keys"], [key])
                self.assertEqual(said["headers"]["x-mine"], "kept")
                self.assertEqual(said["headers"]["ringside-key"], key)
                self.assertEqual(answer.headers.get_all("set-cookie"), ["a=1", "b=2"])
                self.assertEqual(answer["Ringside-Owner"], self.node.address)
        self.assertEqual(self.metric(self.a, 'ringside_ringpop_proxy_sends_total{result="success"}'), 10)
        self.assertEqual(self.metric(self.a, "ringside_ringpop_node_misfits"), 0)
        self.assertEqual(self.a.get("/v1/self").json()["warnings"], [])

    def test_what_the_ringpop_node_forwards_reaches_the_owners_app(self):
        self.mixed()
        for host in self.cluster.hosts:
            key = self.keys_of[host.peer][0]
            body = os.urandom(300_000)
            code, head, answer = self.node.forward(host.peer, [key], "POST", "/echo/x?y=1",
                                                   {"host": "shop", "x-mine": "kept"}, body)
            self.assertEqual((code, head["statusCode"]), (0, 200), answer)
            said = json.loads(answer)
            self.assertEqual((said["app"], said["path"]), (host.name, "/echo/x?y=1"))
            self.assertEqual(head["headers"]["ringside-served-by"], host.get("/v1/self").json()["name"])
            fields = {name.lower(): value for name, value in said["headers"]}
            self.assertEqual((fields["host"], fields["x-mine"], fields["ringside-key"]), ("shop", "kept", key))
            self.assertEqual((said["size"], fields["content-length"]), (300_000, "300000"))
            self.assertEqual(self.metric(host, 'ringside_ringpop_proxy_requests_total{direction="ingress"}'), 1)

    def test_rings_that_differ_are_refused_and_foreign_keys_only_counted_by_default(self):
        self.mixed()
        ours, theirs = self.keys_of[self.a.peer][0], self.keys_of[self.b.peer][0]
        true_checksum = self.node.ring_checksum
        for wrong in (true_checksum ^ 1, None):
            self.node.ring_checksum = wrong
            code, _, answer = self.node.forward(self.a.peer, [ours], url="/echo")
            self.assertEqual((code, json.loads(answer)["type"]), (1, "ringpop.request-proxy.invalid-checksum"))
        self.node.ring_checksum = true_checksum
        code, head, answer = self.node.forward(self.a.peer, [ours, theirs], url="/echo")
        self.assertEqual((code, head["statusCode"], json.loads(answer)["app"]), (0, 200, "a"))
        self.assertEqual(self.metric(self.a, 'ringside_ringpop_proxy_differences_total{what="checksum"}'), 2)
        self.assertEqual(self.metric(self.a, 'ringside_ringpop_proxy_differences_total{what="keys"}'), 1)

    def test_keys_are_enforced_instead_of_checksums_when_told_so(self):
        self.mixed(["--ringpop-enforce-checksum=false", "--ringpop-enforce-keys"])
        ours, theirs = self.keys_of[self.a.peer][0], self.keys_of[self.b.peer][0]
        self.node.ring_checksum ^= 1
        self.assertEqual(self.node.forward(self.a.peer, [ours], url="/echo")[0], 0)
        code, _, answer = self.node.forward(self.a.peer, [theirs], url="/echo")
        self.assertEqual((code, json.loads(answer)["type"]), (1, "ringpop.request-proxy.invalid-key"))

    def test_a_ring_that_differs_for_a_moment_is_not_seen_by_the_client(self):
        self.mixed()
        key = self.keys_of[self.node.address][0]
        true_checksum, self.node.ring_checksum = self.node.ring_checksum, 1
        refusals = []
        self.node.handlers["/proxy/req"] = lambda call: self.catch_up(call, refusals, true_checksum)
        answer = self.a.get(route(key, "/"), method="POST", body=b"once")
        self.assertEqual((answer.status, answer["Ringside-Attempts"]), (200, "2"))
        self.assertEqual((len(refusals), len(self.node.proxied)), (1, 1))

    def catch_up(self, call, refusals, checksum):
        answer = self.node.on_proxied(call)
        if answer.code != 0:
            refusals.append(answer)
        self.node.ring_checksum = checksum
        return answer

    def test_a_head_that_cannot_be_read_is_refused_and_the_next_one_served(self):
        self.mixed()
        key = self.keys_of[self.a.peer][0]
        for head in (b"", b"null", b"{", b'{"method":"GET","url":"no path"}'):
            answer = self.node.call(self.a.peer, "/proxy/req", head, b"")
            self.assertEqual(answer.code, 1, head)
        self.assertEqual(self.node.forward(self.a.peer, [key], url="/echo")[0], 0)

    def test_many_requests_at_once_both_ways_do_not_disturb_gossip(self):
        self.mixed()
        mine, theirs = self.keys_of[self.node.address], self.keys_of[self.a.peer]
        body = os.urandom(200_000)

        def out(number):
            return self.a.get(route(mine[number % len(mine)], "/"), method="PUT", body=body).json()["body"]

        def back(number):
            return self.node.forward(self.a.peer, [theirs[number % len(theirs)]], "PUT", "/echo", body=body)[0]

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            outs, backs = pool.map(out, range(60)), pool.map(back, range(60))
            self.assertEqual(set(outs), {len(body)})
            self.assertEqual(set(backs), {0})
        for host in self.cluster.hosts:
            self.assertEqual({m["status"] for m in host.members()}, {"alive"})

    def test_a_key_of_a_ringpop_go_has_no_http(self):
        self.mixed(language="go")
        answer = self.a.get(route(self.keys_of[self.node.address][0], "/"))
        self.assertEqual((answer.status, answer["Ringside-Error"]), (502, "peer_has_no_http"))
        self.assertEqual(answer.json()["executed"], "no")
        self.assertEqual(self.node.proxied, [])

    def test_a_ringpop_node_beside_names_is_reported_in_status_members_and_metrics(self):
        host = self.cluster.add("a", app_command=ECHO)
        self.cluster.start()
        self.node = RingpopNode(echo)
        self.addCleanup(self.node.stop)
        self.node.join(host.peer)
        wait_until(lambda: self.knows(host), 10, "the host knows the ringpop-node", self.cluster.processes())
        [warning] = host.get("/v1/self").json()["warnings"]
        self.assertEqual(warning["code"], "ringpop_node_peer")
        self.assertIn(self.node.address, warning["detail"])
        self.assertEqual(self.metric(host, "ringside_ringpop_node_misfits"), 1)
        api = ["--addr", f"http://127.0.0.1:{host.api_port}"]
        self.assertIn("warning", run("status", *api)[1])
        self.assertIn("ringpop-node", run("members", *api)[1])
