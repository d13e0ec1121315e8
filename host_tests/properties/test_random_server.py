"""10,000 random lines of a server to the session engine, and random streams through the link.

Here and on the 32-bit VM, from a known seed. What must hold stands in
`host_tests/fuzz/server_run`: a breach of the rules ends the connection and nothing else does any
harm, the module logs in again, and on the VM the heap stays as it is. CPython only; it starts the
VM.
"""

import pytest

from host_tests.fuzz import seed, server_run
from host_tests.fuzz.programs import Programs

SEED = seed.current()
LINES = 10_000
STREAMS = 300


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    runs = [("lines", SEED, LINES), ("links", SEED, STREAMS)]
    started = Programs(tmp_path_factory.mktemp("tree"), runs)
    yield started
    started.stop()


def test_random_lines(programs):
    refused = server_run.engine(SEED, LINES)
    assert LINES // 20 < refused < LINES
    assert programs.result("lines", SEED, LINES) == refused


def test_random_streams(programs):
    ended = server_run.link(SEED, STREAMS)
    assert ended > STREAMS // 10
    assert programs.result("links", SEED, STREAMS) == ended
