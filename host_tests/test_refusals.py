"""Refusals of the apps' commands have no commas: an app would be shown a `;` in the place of each.

CPython only. Command 7 is no part of this: the replies of SMS commands have commas, and their `;`
is what apps know (module-behaviour 4.9).
"""

import ast

import pytest

from tools.vm import ROOT

FIRMWARE = ROOT / "firmware" / "ovms"
# What commands 2, 4, 5, 40, 41 and 49 ask, and those of the cars.
FILES = (
    "parameter_rules.py",
    "protocol/v2/address.py",
    "protocol/phone.py",
    "protocol/ipv4.py",
    "vehicle/types.py",
    "services/protocol_commands.py",
    "services/modem_commands.py",
    "services/server_limits.py",
    "owner_guard.py",
    "links/modem/user_line.py",
    "links/modem/terminal.py",
    "vehicle/demo/commands.py",
    "vehicle/roadster/commands.py",
    "vehicle/roadster/cooldown.py",
    "vehicle/twizy/charge_commands.py",
)


def sentences(text):
    """Texts of a module that are a sentence for somebody, with their lines; docstrings are not."""
    tree = ast.parse(text)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documents
        and " " in node.value.strip()
    ]


@pytest.mark.parametrize("path", FILES)
def test_a_refusal_has_no_commas(path):
    for line, text in sentences((FIRMWARE / path).read_text()):
        assert "," not in text, f"{path}:{line}: {text}"


def test_there_is_something_to_look_at():
    found = [text for path in FILES for _, text in sentences((FIRMWARE / path).read_text())]
    assert len(found) > 60
    assert any("could dial" in text for text in found)
    assert sentences('"""A docstring, long."""\nX = "one, two"\n') == [(2, "one, two")]
