"""Whatever callers send, the relay goes on and its books stay right. CPython only."""

import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tests.desk.relay_bench import Bench

CODES = "AaCcDEFfGgHhLPpQRrSTVWXYZ"
WIRE_TEXT = st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=60)
FIELDS = st.lists(
    st.one_of(st.integers().map(str), WIRE_TEXT, st.sampled_from(["", "TESTCAR", "T", "M"])),
    max_size=7,
).map(",".join)
# A request for provisioning has a meaning, and is answered.
_MEANINGLESS = (
    st.binary(max_size=80)
    .map(lambda line: line.replace(b"\n", b""))
    .filter(lambda line: b"AP-C" not in line)
)
MESSAGES = st.lists(st.tuples(st.sampled_from("CAB"), st.sampled_from(CODES), FIELDS), max_size=12)


class AnythingGoesTest(unittest.TestCase):
    @settings(max_examples=150, deadline=None)
    @given(MESSAGES)
    def test_messages_of_every_kind(self, messages):
        bench = Bench()
        peers = {"C": bench.car(), "A": bench.app(), "B": bench.batch()}
        for kind, code, payload in messages:
            peers[kind].send(code + payload)
            bench.advance(1)
        for event in bench.events:
            self.assertTrue(event.line().isprintable())
            event.json()
        self.assertFalse(peers["A"].is_closed)
        self.assertEqual(bench.app().received()[0], "Z1")
        peers["A"].received()
        peers["C"].send("S80")
        self.assertEqual(peers["A"].received(), ["S80", "T0"])

    @settings(max_examples=150, deadline=None)
    @given(st.lists(_MEANINGLESS, min_size=1, max_size=4), st.booleans())
    def test_bytes_without_meaning(self, lines, is_logged_in):
        bench = Bench()
        caller = bench.car() if is_logged_in else bench.caller()
        for line in lines:
            caller.line(line + b"\n")
        self.assertTrue(caller.is_closed)
        self.assertEqual(bench.app().received(), ["Z0", f"T{0 if is_logged_in else 3020399}"])


if __name__ == "__main__":
    unittest.main()
