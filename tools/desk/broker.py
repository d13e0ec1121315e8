"""An MQTT broker for the desk and the tests: mosquitto, with users and TLS, in a process.

    broker = Broker(users={"me": "secret"}, certificate=(file, key file))
    broker.start()          plain at broker.port, TLS at broker.tls_port
    broker.stop()

Without users anybody may connect.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tools import mosquitto

_START_LIMIT_S = 10.0
_POLL_S = 0.05
_ITERATIONS = 101


class BrokerError(Exception):
    """The broker does not start; one sentence."""


class Broker:
    """Ports 0 are any that are free. folder: of its files; log: where it writes what it does."""

    def __init__(
        self,
        users: dict[str, str] | None = None,
        certificate: tuple[str, str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_port: int = 0,
    ):
        self.users = users or {}
        self.certificate = certificate
        self.host = host
        self.port = port or _free_port(host)
        self.tls_port = tls_port or _free_port(host)
        self._folder = tempfile.TemporaryDirectory(prefix="ovms-broker-")
        self.folder = Path(self._folder.name)
        self.log = self.folder / "log"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it and wait until it listens. MosquittoMissingError where there is none."""
        command = mosquitto.command()
        file = self.folder / "conf"
        file.write_text(self._configuration(), "utf-8")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([*command, "-c", str(file)], stderr=log, stdout=log)
        end_s = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < end_s and self._process.poll() is None:
            try:
                socket.create_connection((self.host, self.port), 1).close()
                return
            except OSError:
                time.sleep(_POLL_S)
        self.kill()
        text = self.log.read_text("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise BrokerError(f"mosquitto does not start: {text[-1]}")

    def kill(self) -> None:
        """End it at once; `start` starts it again, without what it knew."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it and remove its files."""
        self.kill()
        self._folder.cleanup()

    def _configuration(self) -> str:
        lines = [
            "per_listener_settings false",
            "persistence false",
            "log_type all",
            "log_dest stderr",
            f"user {_user()}",
        ]
        if self.users:
            passwords = self.folder / "passwords"
            text = "".join(f"{name}:{_hashed(word)}\n" for name, word in self.users.items())
            passwords.write_text(text, "utf-8")
            passwords.chmod(0o600)
            lines += ["allow_anonymous false", f"password_file {passwords}"]
        else:
            lines.append("allow_anonymous true")
        lines.append(f"listener {self.port} {self.host}")
        if self.certificate:
            lines += [
                f"listener {self.tls_port} {self.host}",
                f"certfile {self.certificate[0]}",
                f"keyfile {self.certificate[1]}",
            ]
        return "\n".join(lines) + "\n"


def _user() -> str:
    """Whom it becomes when it is started by root: the same."""
    return "root" if os.geteuid() == 0 else "nobody"


def _hashed(password: str) -> str:
    """As mosquitto_passwd writes it: PBKDF2 with SHA-512."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    coded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"$7${_ITERATIONS}${coded[0]}${coded[1]}"


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]
