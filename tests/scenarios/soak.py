"""What the short and the long soak share: five hosts under a light load, a fault every minute, and a cluster that is as well
at the end as at the beginning. What may come up is in SoakTest.FAULTS.

The faults are drawn from a seed (RINGSIDE_SOAK_SEED, else the time), which is printed.
"""
import collections
import http.client
import os
import random
import signal
import threading
import time

from scenario import ScenarioTest, names, wait_until
from support import ECHO, resident_bytes, route

SEED = int(os.environ.get("RINGSIDE_SOAK_SEED") or time.time())
CALM = "calm"
PAUSE = 0.1  # of each of the two clients, after a reply
HANGS = 7  # seconds: forward.timeout and two more for a busy machine; whoever waits longer waits for nothing
AGREES = 65  # seconds after a fault (G4: a split with Ringpop's heal period)
WARM_UP = 2  # minutes, after which nothing may grow
MEMORY_GROWTH = 4 << 20  # bytes, of one that lived all the time
FILES_GROWTH = 10  # descriptors: connections come and go with the members


class Load:
    """Two clients that go round the hosts with ever new keys. Outcomes are counted by the phase they began in."""

    def __init__(self, hosts):
        self.hosts, self.victim = hosts, None
        self.phase = (CALM, 0)  # what goes on, and how often something else has begun
        self.outcomes = collections.Counter()  # (what went on, status or kind of error)
        self.hung = []  # (phase, entry, seconds), where the entry was not itself the victim
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=[number]) for number in range(2)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self, number):
        asked = 0
        while not self.over.wait(PAUSE):
            asked += 1
            entry, phase, started = self.hosts[asked % len(self.hosts)], self.phase, time.monotonic()
            try:
                outcome = entry.get(route(f"{number}-{asked}", "/echo"), timeout=30).status
            except (OSError, http.client.HTTPException) as error:  # that host is down, or stands still for 30 s
                outcome = type(error).__name__
            took = time.monotonic() - started
            if took > HANGS and entry is not self.victim:
                self.hung.append((phase[0], entry.name, took))
            if phase == self.phase:  # it neither began nor ended with a fault
                self.outcomes[phase[0], outcome] += 1


def files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class SoakTest(ScenarioTest):
    def soak(self, minutes, seconds_each=60):
        """A fault every `seconds_each`, `minutes` times that."""
        print(f"[seed {SEED}] ", end="", flush=True)
        chance = random.Random(SEED)
        hosts = self.network_of(5, app_command=ECHO)
        self.cluster.start()
        self.cluster.wait_agreed()
        done = collections.Counter()
        sizes = {}  # pid -> the first size after the warm-up
        with Load(hosts) as load:
            for minute in range(minutes):
                ends = time.monotonic() + seconds_each
                # n1 lives all the time: it is the one whose memory tells.
                victim, fault = chance.choice(hosts[1:]), chance.choice(self.FAULTS)
                self.let(5)
                load.phase, load.victim = (fault.__name__, minute), victim
                done[fault.__name__] += 1
                fault(self, hosts, victim, chance)
                self.cluster.wait_agreed(AGREES)
                wait_until(lambda: all(host.ready() for host in hosts), 15, "all are ready", self.running())
                self.let(2)  # breakers close after a second
                load.phase = (CALM, minute + 1)
                self.let(max(1, ends - time.monotonic()))
                self.assertEqual({k: n for k, n in load.outcomes.items() if k[0] == CALM and k[1] != 200}, {},
                                 f"requests failed while all was well, after {dict(done)}, the last {fault.__name__}")
                self.assertEqual(load.hung, [])
                if minute + 1 >= min(WARM_UP, minutes):
                    self.look_at_sizes(hosts, sizes)
        self.cluster.wait_agreed(5)
        first, last = sizes[hosts[0].daemon.pid]
        self.tell(f"{minutes} faults {dict(done)}, {sum(load.outcomes.values())} requests; "
                  f"memory {first[0] / 1e6:.1f} to {last[0] / 1e6:.1f} MB, descriptors {first[1]} to {last[1]}")
        for pid, (first, last) in sizes.items():
            self.assertLessEqual(last[0], first[0] + MEMORY_GROWTH, f"the memory of {pid} grew")
            self.assertLessEqual(last[1], first[1] + FILES_GROWTH, f"the descriptors of {pid} grew in number")

    def look_at_sizes(self, hosts, sizes):
        for host in hosts:
            now = (resident_bytes(host.daemon.pid), files(host.daemon.pid))
            first, _ = sizes.get(host.daemon.pid, (now, now))
            sizes[host.daemon.pid] = (first, now)

    def all_but(self, victim):
        """Indices: the victim's, and the others'."""
        index = self.cluster.hosts.index(victim)
        return [index], [i for i in range(len(self.cluster.hosts)) if i != index]

    def killed(self, _hosts, victim, chance):
        victim.daemon.stop()
        self.let(chance.uniform(0, 12))
        victim.start_daemon()
        self.cluster.wait_ready(victim)

    def left_and_came(self, _hosts, victim, _chance):
        victim.daemon.kill(signal.SIGTERM)
        self.assertEqual(victim.daemon.wait(35), 0)
        victim.start_daemon()
        self.cluster.wait_ready(victim)

    def frozen(self, _hosts, victim, chance):
        victim.daemon.kill(signal.SIGSTOP)
        try:
            self.let(chance.uniform(1, 15))
        finally:
            victim.daemon.kill(signal.SIGCONT)

    def cut_off(self, _hosts, victim, chance):
        self.network.part(*self.all_but(victim))
        self.let(chance.uniform(1, 20))
        self.network.mend()

    def mute(self, _hosts, victim, chance):
        self.network.cut(*self.all_but(victim))
        self.let(chance.uniform(1, 20))
        self.network.mend()

    def split(self, _hosts, _victim, chance):
        everybody = chance.sample(range(5), 5)
        self.network.part(everybody[:2], everybody[2:])
        self.let(chance.uniform(1, 20))
        self.network.mend()

    def app_killed(self, _hosts, victim, chance):
        victim.app.stop()
        self.let(chance.uniform(0, 10))
        os.unlink(victim.app_address.removeprefix("unix:"))
        victim.start_app()

    FAULTS = [killed, left_and_came, frozen, cut_off, mute, split, app_killed]
