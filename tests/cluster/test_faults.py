"""Faults on purpose, only with --dev: what is sent to a member is lost or late, gossip and requests alike."""
import json
import time

from support import ECHO, ClusterTest, route, wait_until

DEV = ["--dev", "--gossip-suspect-timeout", "500ms", "--gossip-ping-timeout", "300ms", "--gossip-ping-req-timeout", "600ms"]


class Faults(ClusterTest):
    def start(self, count, flags):
        for name in "abcde"[:count]:
            self.cluster.add(name, app_command=ECHO, flags=flags)
        self.cluster.start()
        self.cluster.wait_agreed()
        return self.cluster.hosts

    def put(self, host, peer, **fault):
        return host.get(f"/v1/faults/{peer}", method="PUT", body=json.dumps(fault).encode())

    def status(self, host, name):
        return {member["name"]: member["status"] for member in host.members()}[name]

    def test_without_dev_there_are_none(self):
        a, = self.start(1, [])
        for method, path in (("GET", "/v1/faults"), ("PUT", "/v1/faults/*"), ("DELETE", "/v1/faults/*")):
            answer = a.get(path, method=method, body=b'{"drop": true}' if method == "PUT" else None)
            self.assertEqual((answer.status, answer["Ringside-Error"]), (403, "forbidden"))
            self.assertIn("--dev", answer.json()["detail"])

    def test_a_request_to_that_member_is_lost_or_late_and_others_are_not(self):
        a, b, c = self.start(3, DEV)
        keys = {name: next(k for k in map("k{}".format, range(1000)) if a.owner(k) == name) for name in "abc"}
        self.assertEqual(self.put(a, "b", delay="400ms").json(), {"faults": [{"peer": b.peer, "delay": "400ms"}]})
        began = time.monotonic()
        self.assertEqual(a.get(route(keys["b"])).json()["app"], "b")
        self.assertGreaterEqual(time.monotonic() - began, 0.4)
        self.put(a, "b", drop=True)
        lost = a.get(route(keys["b"]), headers={"Ringside-Timeout": "900ms"})
        self.assertIn(lost.status, (503, 504))
        self.assertEqual(a.get(route(keys["a"])).json()["app"], "a")
        self.assertEqual(a.get(route(keys["c"])).json()["app"], "c")
        self.assertEqual(c.get(route(keys["b"])).json()["app"], "b")
        # One broken way is no death: the third one is asked, and knows better.
        self.assertEqual(self.status(a, "b"), "alive")
        self.assertEqual(a.get("/v1/faults/b", method="DELETE").json(), {"faults": []})
        self.assertEqual(a.get(route(keys["b"])).status, 200)

    def test_who_is_cut_off_from_all_is_given_up_and_comes_back(self):
        a, b, c = self.start(3, DEV)
        self.assertEqual(self.put(a, "*", drop=True).status, 200)
        wait_until(lambda: self.status(b, "a") == self.status(c, "a") == "faulty", 20, "b and c give a up",
                   self.cluster.processes())
        # It hears nobody, so it accuses nobody; what it cannot reach it says.
        self.assertEqual([self.status(a, name) for name in "bc"], ["alive", "alive"])
        self.assertEqual(a.get("/v1/faults/*", method="DELETE").json(), {"faults": []})
        self.cluster.wait_agreed(40)

    def test_a_cluster_in_two_parts_tells_the_smaller_one_and_is_one_again(self):
        hosts = self.start(5, DEV)
        few, many = hosts[:2], hosts[2:]
        for here, there in ((few, many), (many, few)):
            for host in here:
                for other in there:
                    self.assertEqual(self.put(host, other.name, drop=True).status, 200)
        for here, there in ((few, many), (many, few)):
            for host in here:
                wait_until(lambda h=host, t=there: {self.status(h, other.name) for other in t} == {"faulty"}, 30,
                           f"{host.name} has given the other side up", self.cluster.processes())
        key = next(k for k in map("k{}".format, range(1000)) if few[0].owner(k) == "a")
        self.assertIn(many[0].owner(key), "cde")  # two owners while it lasts
        for host in hosts:
            host.get("/v1/faults/*", method="DELETE")
        self.cluster.wait_agreed(60)
        for host in few:
            told = host.get("/v1/events?follow=false&types=partition-*").body.decode()
            self.assertLess(told.index("partition-detected"), told.index("partition-healed"))
        for host in many:  # most of what they knew was there all the time
            self.assertNotIn("partition-", host.get("/v1/events?follow=false&types=partition-*").body.decode())
