"""`python -m tools.desk server` as a process: options, ports, signals. CPython only."""

import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parent.parent.parent
BASE = ("--port", "0", "--http-port", "0", "--vehicle", "DEMO:PW")


def command(verb, *options):
    return [sys.executable, "-m", "tools.desk", verb, *options]


def run(verb, *options, limit_s=200):
    return subprocess.run(
        command(verb, *options), cwd=ROOT, capture_output=True, text=True, timeout=limit_s
    )


class Process:
    """A desk verb that runs until it is told to stop."""

    def __init__(self, *words):
        self.popen = subprocess.Popen(
            command(*words), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def line(self):
        return self.popen.stdout.readline().rstrip("\n")

    def end(self, number=signal.SIGTERM):
        """(exit code, rest of stdout, stderr)."""
        self.popen.send_signal(number)
        out, err = self.popen.communicate(timeout=100)
        return self.popen.returncode, out, err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.communicate()


class ServerCommandTest(unittest.TestCase):
    def check_refused(self, options, sentence):
        result = run("server", *options)
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertRegex(result.stderr, sentence)
        self.assertEqual(result.stderr.count("\n"), 1, "one sentence")

    def test_listens_and_ends_on_both_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Process("server", *BASE) as server:
                self.assertRegex(server.line(), r"^listening v2 127\.0\.0\.1:\d+$")
                port = int(server.line().rsplit(":", 1)[1])
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                code, _, err = server.end(number)
                self.assertEqual((code, err), (0, ""))

    def test_json_events_and_a_certificate(self):
        with tempfile.TemporaryDirectory() as directory:
            tls = ("--tls-self-signed", directory, "--tls-port", "0", "--https-port", "0")
            with Process("server", *BASE, *tls, "--json") as server:
                events = [json.loads(server.line()) for _ in range(4)]
                services = ["v2", "v2-tls", "http", "https"]
                self.assertEqual([event["service"] for event in events], services)
                with socket.create_connection(("127.0.0.1", events[0]["port"]), timeout=5) as link:
                    link.sendall(b"hello\r\n")
                    self.assertEqual(link.recv(10), b"", "closed in silence")
                self.assertEqual(json.loads(server.line())["kind"], "refused")
                self.assertEqual(server.end()[0], 0)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            for name, taken_option, free_option in (
                ("v2", "--port", "--http-port"),
                ("http", "--http-port", "--port"),
            ):
                options = ("--vehicle", "DEMO:PW", free_option, "0", taken_option, port)
                self.check_refused(options, rf"listen for {name} on 127\.0\.0\.1:{port}: .*in use")

    def test_bad_options(self):
        with tempfile.TemporaryDirectory() as directory:
            for options, sentence in (
                (("--port", "0"), "no vehicle given"),
                ((*BASE, "--vehicle", "nopassword"), "ID:PASSWORD"),
                ((*BASE, "--vehicle", "demo:x"), "DEMO is given twice"),
                ((*BASE, "--provision", "VIN"), "VIN:ICCID"),
                ((*BASE, "--db", directory), "cannot use .* as database"),
                ((*BASE, "--tls-cert", "x"), "belong together"),
                ((*BASE, "--tls-cert", "no", "--tls-key", "no"), "cannot use no and no for TLS"),
                ((*BASE, "--port", "70000"), "no TCP port"),
                ((*BASE, "--port", "x"), "invalid"),
                ((*BASE, "--timeout-car", "nan"), "no number of seconds"),
                ((*BASE, "--host", "256.1.1.1"), "cannot listen for v2"),
            ):
                with self.subTest(options):
                    self.check_refused(options, sentence)


if __name__ == "__main__":
    unittest.main()
