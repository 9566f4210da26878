"""npm's tchannel as the one who asks: every member of a mixed cluster gets the same questions from the same client."""
import json
import queue
import subprocess
import threading

import peers


class Client:
    """One process of npm/ask.js; it ends when its standard input does, so at the latest with us."""

    def __init__(self):
        self.child = subprocess.Popen(["node", "--no-warnings", peers.need("npm") / "ask.js"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.answers = queue.Queue()
        self.asked = 0
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.child.stdout:
            self.answers.put(json.loads(line))

    def close(self):
        self.child.stdin.close()
        self.child.wait(10)
        self.reader.join()
        self.child.stdout.close()

    def ask_all(self, questions, timeout=15):
        """The answers in the order of the questions, which go out at once. Each call has 5 s, so each is answered."""
        first = self.asked
        for question in questions:
            self.child.stdin.write(json.dumps({"id": self.asked, **question}) + "\n")
            self.asked += 1
        self.child.stdin.flush()
        found = {}
        while len(found) < len(questions):
            answer = self.answers.get(timeout=timeout)
            found[answer["id"]] = answer
        return [found[number] for number in range(first, self.asked)]

    def ask(self, to, endpoint, body="", **options):
        """One call to the service ringpop; `body` is text."""
        return self.ask_all([{"to": to, "endpoint": endpoint, "body": body, **options}])[0]
