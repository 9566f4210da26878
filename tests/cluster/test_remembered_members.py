"""node.data_dir: the others' addresses outlive a restart, so that a cluster finds itself again without its seeds, and
nothing that can befall the file keeps a member from starting (faults A18 and A21)."""
import pathlib

from support import ClusterTest, free_port, metric, wait_until

GOOD = "ringside members 1\ncluster: ringside\n"


class Remembered(ClusterTest):
    def add(self, name, **options):
        host = self.cluster.add(name, app_address="127.0.0.1:9", **options)
        host.data = self.folder / f"data-{name}"
        host.file = host.data / "members"
        host.flags += ["--node-data-dir", str(host.data)]
        return host

    def together(self, names):
        hosts = [self.add(name) for name in names]
        self.cluster.start()
        self.cluster.wait_agreed()
        for host in hosts:
            self.wait_kept(host, [other.peer for other in hosts if other is not host])
        return hosts

    def kept(self, host):
        """The addresses in its file."""
        lines = host.file.read_text().splitlines() if host.file.exists() else []
        return sorted(line.removeprefix("member: ") for line in lines if line.startswith("member: "))

    def wait_kept(self, host, addresses):
        wait_until(lambda: self.kept(host) == sorted(addresses), 10, f"{host.name} has written {addresses}", [host.daemon])

    def start_again(self, hosts, seeds):
        for host in hosts:
            host.seeds = seeds
            host.start_daemon()
        for host in hosts:
            self.cluster.wait_ready(host)
        self.cluster.wait_agreed(hosts=hosts)

    def test_a_whole_cluster_that_lost_power_finds_itself_again_without_a_reachable_seed(self):
        hosts = self.together("abcde")
        for seeds in ([], [f"127.0.0.1:{free_port()}"], ["dns://no-such-name.invalid:7601"]):
            with self.subTest(seeds=seeds):
                for host in hosts:
                    host.daemon.kill()
                for host in hosts:
                    host.daemon.wait()
                self.start_again(hosts, seeds)
                self.assertIn("members_remembered", hosts[0].daemon.log())

    def test_those_given_up_are_remembered_for_after_a_total_outage_all_others_are(self):
        a, b, c = hosts = self.together("abc")
        c.kill()
        b.kill()
        status = lambda: {m["name"]: m["status"] for m in a.members()}
        wait_until(lambda: status() == {"a": "alive", "b": "faulty", "c": "faulty"}, 10, "a has given up both", [a.daemon])
        a.kill()
        self.start_again(hosts, [])

    def test_those_that_left_for_a_restart_are_remembered(self):
        hosts = self.together("abc")
        for host in hosts:
            host.daemon.kill(15)
            self.assertEqual(host.daemon.wait(20), 0, host.daemon.tail())
        self.start_again(hosts, [])

    def test_a_file_that_cannot_be_believed_is_set_aside_with_its_reason_and_the_seeds_do(self):
        a, b = self.together("ab")
        whole = a.file.read_bytes()
        flipped = bytearray(whole)
        flipped[len(GOOD) + 12] ^= 1
        for damage, cause in ((whole[:-5], "cut short"), (bytes(flipped), "checksum"), (b"", "is empty"),
                              (whole.replace(b"members 1", b"members 2"), "another version"),
                              (b"\0" * 1_000_000, "larger than"), (b"# mine\n", "not a list of members"),
                              (self.of_another_cluster(), "of the cluster 'other'")):
            with self.subTest(cause):
                a.daemon.stop()
                a.file.write_bytes(damage)
                a.start_daemon()
                self.cluster.wait_ready(a)
                self.cluster.wait_agreed()
                told = [line for line in a.daemon.log().splitlines() if "members_file_set_aside" in line]
                self.assertIn(cause, told[-1])
                self.assertEqual((a.data / "members.set-aside").read_bytes(), damage)
                self.wait_kept(a, [b.peer])

    def of_another_cluster(self):
        """As a daemon of that cluster wrote it."""
        hosts = [self.add(name, flags=["--cluster", "other"]) for name in ("x", "y")]
        self.cluster.start(hosts)
        self.wait_kept(hosts[0], [hosts[1].peer])
        text = hosts[0].file.read_bytes()
        for host in hosts:
            host.kill()
            self.cluster.hosts.remove(host)
        return text

    def test_what_cannot_be_read_or_written_is_said_once_and_costs_nothing(self):
        a, _ = self.together("ab")
        a.daemon.stop()
        a.file.unlink()
        a.file.mkdir()  # cannot be read as a file, nor replaced by one
        a.start_daemon()
        self.cluster.wait_ready(a)
        self.cluster.wait_agreed()
        wait_until(lambda: metric(a, 'ringside_members_file_writes_total{result="failed"}') >= 1, 10, "a write failed", [a.daemon])
        for event in ("members_file_unreadable", "members_not_kept"):
            self.assertEqual(a.daemon.log().count(event), 1)
        self.assertFalse((a.data / "members.new").exists())

    def test_two_members_cannot_share_a_folder(self):
        a = self.together("ab")[0]
        c = self.cluster.add("c", flags=["--node-data-dir", str(a.data)])
        c.start_daemon()
        self.assertEqual(c.daemon.wait(10), 1)
        self.assertIn("another ringside uses", c.daemon.log())
        self.assertIn("node.data_dir", c.daemon.log())
        self.cluster.hosts.remove(c)
        self.assertTrue(a.ready())

    def test_nothing_is_kept_without_a_folder(self):
        host = self.cluster.add("a", app_address="127.0.0.1:9")
        self.cluster.start()
        self.assertEqual(list(pathlib.Path(self.folder).rglob("members*")), [])
        self.assertNotIn("members_", host.daemon.log())
