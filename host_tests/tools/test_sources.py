"""What the build reads of the sources before it compiles them."""

import ast

from tools import build
from tools.sources import without_annotation_imports

SOURCE = '''"""Docstring."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import (
        ByteStream,
        Status,
    )

LATER = const(3)


def pump(stream: "ByteStream", status: "Status") -> int:
    return LATER
'''


def test_what_annotations_need_is_gone_and_all_else_keeps_its_line():
    text = without_annotation_imports(SOURCE)
    lines, before = text.splitlines(), SOURCE.splitlines()
    assert lines[4:10] == [""] * 6
    assert lines[:4] + lines[10:] == before[:4] + before[10:]


def test_another_if_stays():
    text = "import sys\n\nTYPE_CHECKING = False\nif sys.maxsize:\n    import os\n"
    assert without_annotation_imports(text) == text.replace("TYPE_CHECKING = False", "")
    assert without_annotation_imports("if DEBUG:\n    import os\n") == "if DEBUG:\n    import os\n"


def test_nothing_of_it_is_compiled():
    for path, text in build.firmware_sources().items():
        names = {getattr(node, "id", "") for node in ast.walk(ast.parse(text))}
        assert "TYPE_CHECKING" not in names, path
