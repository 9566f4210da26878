"""What a web page in the browser of somebody on this network gets of the API: nothing. And what programs get, whatever
name they know a ringside by: what they ask for, or an error that says which option is missing."""
import http.client
import shutil
import socket
import subprocess
import unittest

from support import ECHO, ClusterTest, fetch, free_port, route, run

PATHS = ("/v1/members", "/v1/readyz", "/metrics", route("user:42", "/echo"))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class WebPages(ClusterTest):
    def start(self, *flags):
        host = self.cluster.add("ring-a", app_command=ECHO, flags=flags)
        self.cluster.start()
        return host

    def refused(self, answer):
        """The code and what the answer says, or nothing if it was answered."""
        if answer.status not in (403, 421):
            return None
        self.assertEqual([name for name in answer.headers if name.lower().startswith("access-control")], [])
        return answer["Ringside-Error"], answer.json()["detail"]

    def test_a_page_whose_name_was_made_to_lead_here_is_refused_on_every_path(self):
        host = self.start()
        for path in PATHS:
            for name in ("evil.example", f"evil.example:{host.api_port}", f"localhost:{host.peer_port}"):
                with self.subTest(path=path, name=name):
                    answer = host.get(path, headers={"Host": name, "Origin": f"http://{name}"})
                    self.assertEqual(answer.status, 421)
                    code, detail = self.refused(answer)
                    self.assertEqual(code, "wrong_host")
                    self.assertIn(f"'{name}'", detail)
                    self.assertIn("security.api_hosts", detail)
            for name in ("localhost", "127.0.0.1", "[::1]", "ring-a", socket.gethostname()):
                with self.subTest(path=path, name=name):
                    for authority in (name, f"{name}:{host.api_port}"):
                        self.assertIsNone(self.refused(host.get(path, headers={"Host": authority})))

    def test_a_page_of_another_site_is_refused_unless_the_operator_lists_it(self):
        host = self.start("--security-api-origins", "https://shop.example")
        own = f"http://127.0.0.1:{host.api_port}"
        table = [({"Origin": "http://evil.example"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403),
                 ({"Sec-Fetch-Site": "same-site"}, 403), ({"Origin": "null"}, 403), ({"Origin": own}, 200),
                 ({"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}, 200), ({"Sec-Fetch-Site": "none"}, 200)]
        for headers, status in table:
            for method in ("GET", "POST"):
                with self.subTest(**headers, method=method):
                    answer = host.get(route("user:42", "/echo"), method=method, headers=headers, body=b"")
                    self.assertEqual(answer.status, status)
                    if status == 403:
                        self.assertEqual(self.refused(answer)[0], "wrong_origin")

    def test_a_container_is_asked_by_its_service_name(self):
        """As in a Compose file: the listener is open to the network, the app calls http://SERVICE:PORT."""
        port = free_port()
        listening = ["--insecure", "--listen-api", f"0.0.0.0:{port}"]
        host = self.start(*listening)
        for flags, name, answered in (([], "ring-a", True),  # the service is called as the node is
                                      ([], "ringside", False), (["--security-api-hosts", "ringside"], "ringside", True),
                                      (["--security-api-hosts", "localhost:8080"], "localhost:8080", True),  # a published port
                                      ([], "192.0.2.7", True),  # whichever address leads here
                                      (["--security-api-hosts", "*"], "any.example", True)):
            with self.subTest(flags=flags, name=name):
                host.daemon.stop()
                host.flags = listening + flags
                host.start_daemon()
                self.cluster.wait_ready(host)
                authority = name if ":" in name else f"{name}:{port}"
                refused = self.refused(fetch(port, route("user:42", "/echo"), headers={"Host": authority}))
                self.assertEqual(refused is None, answered, refused)
                self.assertEqual("any_host_answered" in host.daemon.log(), "*" in flags)

    def test_a_unix_socket_answers_for_any_host(self):
        socket_path = self.folder / "api.sock"
        self.start("--listen-api", f"unix:{socket_path}")
        for headers, status in (({"Host": "evil.example"}, 200), ({"Host": "a b"}, 400)):
            connection = UnixConnection(socket_path)
            self.addCleanup(connection.close)
            connection.request("GET", "/v1/members", headers=headers)
            self.assertEqual(connection.getresponse().status, status, headers)
        code, out, err = run("members", "--addr", f"unix:{socket_path}")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("ring-a", out)

    @unittest.skipUnless(shutil.which("curl"), "curl is missing here")
    def test_over_http2_it_is_the_same(self):
        host = self.start()
        for headers, status in ((["Host: evil.example"], "421"), (["Origin: http://evil.example"], "403"), (["X: y"], "200")):
            command = ["curl", "-sS", "--max-time", "20", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}"]
            for header in headers:
                command += ["-H", header]
            done = subprocess.run([*command, f"http://127.0.0.1:{host.api_port}{route('user:42', '/echo')}"],
                                  capture_output=True, text=True, timeout=30, check=True)
            self.assertEqual(done.stdout, status, headers)


if __name__ == "__main__":
    unittest.main()
