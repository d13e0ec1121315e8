"""Every message and command code of the guide has a test for each role that uses it. CPython only.

What must be there is written down here from protocol guide 2.6.2, not taken from the table.
"""

import ast
import functools
import re

import pytest

from tools.vm import ROOT

TABLE = ROOT / "firmware" / "ovms" / "protocol" / "v2" / "COVERAGE.md"
TESTS = ROOT / "host_tests"
ROLES = ("car", "server", "app")

# Code: roles that send or receive it (guide, "On startup" to "Peer connection message").
MESSAGES = {
    "MP-C 0": "car server",
    "MP-C 1": "car server",
    "MP-A": "server app",
    "MP-B": "server app",
    "MP-S": "car server app",
    "AP-C": "car server",
    "AP-S": "car server",
    "AP-X": "car server",
    "A": "car server app",
    "a": "car server app",
    "C": "car server app",
    "c": "car server app",
    "D": "car server app",
    "ET": "car server app",
    "EM": "car server app",
    "F": "car server app",
    "f": "car server app",
    "G": "server app",
    "g": "car server app",
    "H": "car server",
    "h": "car server",
    "L": "car server app",
    "PA": "car server app",
    "PE": "car server",
    "PI": "car server",
    "p": "server app",
    "R": "server",
    "r": "server",
    "S": "car server app",
    "T": "server app",
    "V": "car server app",
    "W": "car server app",
    "X": "car server app",
    "Y": "car server app",
    "Z": "car server app",
}
# Guide, "Commands and Expected Responses"; 30 to 32 are the server's.
CAR_COMMANDS = (*range(1, 8), 10, 11, 12, *range(15, 27), 40, 41, 49, 200)
SERVER_COMMANDS = (30, 31, 32)


def tables():
    """{code: {role: [references]}} of the messages and of the commands."""
    found = []
    for section in TABLE.read_text("utf-8").split("\n## ")[1:]:
        rows = {}
        for line in section.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not line.startswith("| `"):
                continue
            assert len(cells) == 5, line
            code = cells[0].strip("`")
            assert code not in rows, f"{code} stands there twice"
            references = [re.findall(r"`([^`]+)`", cell) for cell in cells[2:]]
            rows[code] = dict(zip(ROLES, references, strict=True))
        found.append(rows)
    messages, commands = found
    return messages, commands


@functools.cache
def functions_of(path):
    """{name: source} of the test functions in a file."""
    text = path.read_text("utf-8")
    return {
        node.name: ast.get_source_segment(text, node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def references():
    messages, commands = tables()
    return sorted(
        {
            reference
            for rows in (messages, commands)
            for roles in rows.values()
            for listed in roles.values()
            for reference in listed
        }
    )


def test_every_message_has_a_test_for_every_role():
    messages, _ = tables()
    assert set(messages) == set(MESSAGES)
    missing = [
        (code, role)
        for code, roles in MESSAGES.items()
        for role in roles.split()
        if not messages[code][role]
    ]
    assert not missing


def test_every_command_has_a_test():
    _, commands = tables()
    expected = {str(code) for code in CAR_COMMANDS + SERVER_COMMANDS} | {"other"}
    assert set(commands) == expected
    missing = [code for code in CAR_COMMANDS if not commands[str(code)]["car"]]
    for code in SERVER_COMMANDS:
        missing += [(code, role) for role in ("server", "app") if not commands[str(code)][role]]
    assert not missing


@pytest.mark.parametrize("reference", references())
def test_the_named_test_exists(reference):
    name, _, function = reference.partition("::")
    path = TESTS / name
    assert path.is_file(), f"there is no {name}"
    assert path.name.startswith("test_") and function.startswith("test_")
    assert function in functions_of(path), f"{name} has no {function}"


def test_the_test_of_a_command_sends_it():
    """Of the car's commands: their number stands in the test, or is the name's own."""
    _, commands = tables()
    for code in CAR_COMMANDS:
        name, _, function = commands[str(code)]["car"][0].partition("::")
        source = functions_of(TESTS / name)[function]
        assert re.search(rf"\b{code}\b", source), f"{function} never sends {code}"


def test_the_dispatch_and_the_table_agree():
    """No command that the firmware knows by a constant is missing above."""
    source = (ROOT / "firmware" / "ovms" / "services" / "protocol_commands.py").read_text("utf-8")
    named = {
        int(n) for n in re.findall(r"^_(?!LIMIT|FEATURE|NO_)\w+ = const\((\d+)\)", source, re.M)
    }
    assert named and named <= set(CAR_COMMANDS)
