"""A ringpop-node as its peers see it: a member by gossip that serves and sends /proxy/req.

Written from proto/spec/ringpop.md and forwarding.md. Just enough to be accepted: it joins, tells its own alive change,
answers pings and joins, suspects nobody. It hashes nothing: what its ring's checksum is, the test says.
"""
import json
import threading
import time

from tchannel import Answer, Peer


class RingpopNode(Peer):
    """app(head, body) -> (status, headers, body) plays the app behind it; head is arg2 of /proxy/req."""

    def __init__(self, app, cluster="ringside", language="node"):
        super().__init__({"/protocol/ping": self.on_ping, "/protocol/join": self.on_join,
                          "/protocol/ping-req": self.on_ping_req, "/proxy/req": self.on_proxied}, language)
        self.app, self.cluster = app, cluster
        self.incarnation = int(time.time() * 1000)
        self.ring_checksum = None  # enforced on what comes, sent with what goes
        self.proxied = []          # heads of what came
        self.members_lock = threading.Lock()
        self.members = {self.address: self.alive_change()}

    def alive_change(self):
        return {"address": self.address, "status": "alive", "incarnationNumber": self.incarnation,
                "source": self.address, "sourceIncarnationNumber": self.incarnation}

    def gossip(self, **more):
        return json.dumps({"checksum": 1, "changes": [self.alive_change()], "source": self.address,
                           "sourceIncarnationNumber": self.incarnation, **more}).encode()

    def join(self, seed):
        """Joins through one member and makes itself known to it; the rest is gossip."""
        body = {"app": self.cluster, "source": self.address, "incarnationNumber": self.incarnation}
        answer = self.call(seed, "/protocol/join", b"null", json.dumps(body).encode())
        if answer.code != 0:
            raise AssertionError(f"join refused: {answer.arg3}")
        self.learn(json.loads(answer.arg3)["membership"])
        answer = self.call(seed, "/protocol/ping", b"null", self.gossip(app=self.cluster))
        if answer.code != 0:
            raise AssertionError(f"ping refused: {answer.arg3}")

    def learn(self, changes):
        with self.members_lock:
            for change in changes or []:
                if change["address"] != self.address:
                    self.members[change["address"]] = change

    def on_ping(self, call):
        self.learn(json.loads(call.arg3)["changes"])
        return Answer(arg3=json.dumps({"changes": [self.alive_change()]}).encode())

    def on_ping_req(self, call):
        asked = json.loads(call.arg3)
        try:
            good = self.call(asked["target"], "/protocol/ping", b"null", self.gossip(app=self.cluster)).code == 0
        except (OSError, TimeoutError):
            good = False
        return Answer(arg3=json.dumps({"changes": [], "pingStatus": good, "target": asked["target"]}).encode())

    def on_join(self, _call):
        with self.members_lock:
            members = list(self.members.values())
        return Answer(arg3=json.dumps({"app": self.cluster, "coordinator": self.address, "membership": members,
                                       "membershipChecksum": 1}).encode())

    def on_proxied(self, call):
        head = json.loads(call.arg2)
        if self.ring_checksum is not None and head["ringpopChecksum"] != self.ring_checksum:
            return self.refusal("ringpop.request-proxy.invalid-checksum", "the checksums differ")
        self.proxied.append(head)
        status, headers, body = self.app(head, call.arg3)
        return Answer(arg2=json.dumps({"statusCode": status, "headers": headers}).encode(), arg3=body)

    @staticmethod
    def refusal(kind, message):
        return Answer(code=1, arg3=json.dumps({"type": kind, "message": message}).encode())

    def forward(self, to, keys, method="GET", url="/", headers=None, body=b"", **more):
        """One request forwarded to that member -> (code, head or None, body)."""
        head = {"url": url, "headers": headers or {"host": "fake"}, "method": method, "httpVersion": "1.1",
                "ringpopChecksum": self.ring_checksum, "ringpopKeys": keys, **more}
        answer = self.call(to, "/proxy/req", json.dumps(head).encode(), body)
        return answer.code, json.loads(answer.arg2) if answer.arg2 else None, answer.arg3
