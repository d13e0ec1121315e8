"""Makes the bundle of an update over the air, and serves bundles.

python -m tools.bundle make BOARD [--form small|plain]
python -m tools.bundle serve [--host 127.0.0.1] [--port 8080]

A bundle is a signed manifest and the files of a built firmware (`firmware/ovms/protocol/bundle.py`
has the format). The key is `update-key.pem` in the top folder, made when it is needed first; the
modules that `make deploy` and `make flash` reach know it by the file `update.pub`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tools import build
from tools.build_day import BuildDayError, with_day
from tools.shrink import explain
from tools.vm import ROOT

KEY = ROOT / "update-key.pem"
FOLDER = build.BUILD / "bundle"
# The modulus as hexadecimal digits, beside the file `tree`.
PUBLIC_FILE = "update.pub"
FORMS = ("small", "plain")
_BITS = 2048
_BUILD_ID = build.FIRMWARE / "ovms" / "build_id.py"
_STATUS = build.FIRMWARE / "ovms" / "status.py"


class BundleError(Exception):
    """What is wrong and what to do, as one sentence."""


def load_key(path: Path = KEY) -> rsa.RSAPrivateKey:
    """The owner's key; made when there is none. Raises BundleError for what is no such key."""
    if not path.exists():
        key = rsa.generate_private_key(65537, _BITS)
        data = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        print(f"{path.name} is new: keep it, as modules take updates signed by it alone.")
    try:
        loaded = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise BundleError(f"{path.name} cannot be read: {error}") from None
    if not isinstance(loaded, rsa.RSAPrivateKey) or loaded.key_size != _BITS:
        raise BundleError(f"{path.name} is no RSA key of {_BITS} bits.")
    return loaded


def public_text(key: rsa.RSAPrivateKey) -> bytes:
    """What the file `update.pub` has."""
    return b"%0512x\n" % key.public_key().public_numbers().n


def manifest(
    files: dict[str, bytes], board: str, form: str, version: str, build_id: str, day: int
) -> bytes:
    """The lines that are signed."""
    lines = ["ovms-bundle 1", f"board {board}", f"form {form}", f"version {version}"]
    lines.append(f"build {build_id} {day}")
    for path, data in sorted(files.items()):
        lines.append(f"file {hashlib.sha256(data).hexdigest()} {len(data)} {path}")
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def bundle(files: dict[str, bytes], lines: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """The whole of it: manifest, signature, files."""
    signature = key.sign(lines, padding.PKCS1v15(), hashes.SHA256())
    body = b"".join(data for _, data in sorted(files.items()))
    return lines + b"signature %s\n\n" % signature.hex().encode() + body


def board_name(board: str) -> str:
    """What the firmware calls a board: NAME in its board.py."""
    text = (build.board_folder(board) / "board.py").read_text("utf-8")
    found = re.search(r'^    NAME = "([^"]+)"', text, re.MULTILINE)
    if not found:
        raise BundleError(f"The board {board} has no NAME.")
    return found[1]


def identity(folder: Path, form: str) -> tuple[str, str, int]:
    """(version, build id, day) of what was just built."""
    found = re.search(r'^VERSION = "([^"]+)"', _STATUS.read_text("utf-8"), re.MULTILINE)
    day = re.search(r"^BUILD_DAY = (\d+)$", with_day(_BUILD_ID.read_text("utf-8")), re.MULTILINE)
    assert found and day
    build_id = explain.SOURCE
    if form == "small":
        table = json.loads(folder.with_name(f"{folder.name}.names.json").read_text("utf-8"))
        build_id = table["digest"][: explain.BUILD_ID_LENGTH]
    return found[1], build_id, int(day[1])


def make(board: str, form: str = "small", key_path: Path = KEY, folder: Path = FOLDER) -> Path:
    """Build the firmware and its bundle; returns the file."""
    if form not in FORMS:
        raise BundleError("Only the forms small and plain go over the air: they lie in files.")
    built = build.build_firmware(board, form)
    files = {
        path.relative_to(built).as_posix(): path.read_bytes()
        for path in sorted(built.rglob("*"))
        if path.is_file() and path.name not in build.START_FILES
    }
    version, build_id, day = identity(built, form)
    if build_id == explain.SOURCE:
        # What is as the sources are has no id of its own.
        text = "".join(hashlib.sha256(data).hexdigest() for data in files.values())
        build_id = hashlib.sha256(text.encode()).hexdigest()[: explain.BUILD_ID_LENGTH]
    lines = manifest(files, board_name(board), form, version, build_id, day)
    folder.mkdir(parents=True, exist_ok=True)
    name = "" if form == "small" else f"-{form}"
    target = folder / f"OVMS-{board}{name}-{version}-{build_id}.bundle"
    target.write_bytes(bundle(files, lines, load_key(key_path)))
    return target


def application(folder: Path = FOLDER) -> web.Application:
    """A plain file server with ranges (aiohttp's static files have them)."""
    app = web.Application()
    app.router.add_static("/", folder)
    return app


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bundle", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make", help="build a firmware and its bundle")
    making.add_argument("board")
    making.add_argument("--form", default="small", choices=FORMS)
    serving = verbs.add_parser("serve", help="serve build/bundle/ over HTTP")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=8080)
    options = parser.parse_args(arguments)
    try:
        if options.verb == "make":
            path = make(options.board, options.form)
            print(f"{path.stat().st_size:7d}  bytes in {path.relative_to(ROOT)}")
            return 0
    except (BundleError, build.BuildError, BuildDayError) as error:
        print(error, file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in sorted(FOLDER.glob("*.bundle")):
        print(f"UPDATE http://{options.host}:{options.port}/{path.name}")
    web.run_app(application(), host=options.host, port=options.port, print=None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
