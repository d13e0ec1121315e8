"""Proves the table of firmware/README.md and a few rules of the house. CPython only."""

import ast
import re

import pytest

from tools.sources import without_annotation_imports
from tools.vm import ROOT

FIRMWARE = ROOT / "firmware" / "ovms"
NATIVE = {"ovms_crypto", "ovms_can", "ovms_twai", "twai_port"}
README = ROOT / "firmware" / "README.md"
MAX_LINES = 450
# Of the simulated board, what starts the firmware in a process.
STARTERS = ("start.py", "presets.py", "driver_child.py")


def firmware_files():
    return sorted(path for path in FIRMWARE.rglob("*.py") if path.name != "__init__.py")


def imports_of(path):
    """Every module name a file imports when it runs, at any depth of its code."""
    return imports_in(without_annotation_imports(path.read_text("utf-8")), path)


def imports_in(text, path):
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            # `from ovms.protocol import at` names a module, `from ovms.status import Status` not.
            known = [n for n in names if (ROOT / "firmware" / n.replace(".", "/")).exists()]
            modules = [
                n for n in names if (ROOT / "firmware" / (n.replace(".", "/") + ".py")).exists()
            ]
            found += known + modules or [node.module]
    return found


def is_allowed(name, allowed):
    return any(name == entry or name.startswith(entry + ".") for entry in allowed)


def read_table():
    """(path below firmware/ovms, what it may import) of each row of the README's table of layers.

    In the second column `ovms.x` allows that module and all below it, `own` the row's own folder.
    """
    rows = []
    text = README.read_text("utf-8").partition("## Layers")[2].partition("\n## ")[0]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            allowed = set(" ".join(re.findall(r"`([^`]+)`", cells[2])).split())
            for path in re.findall(r"`([^`]+)`", cells[0]):
                rows.append((path, allowed))
    assert rows
    return rows


TABLE = read_table()


def rule_for(path):
    """What the row of `path` allows; None for the composition root: everything."""
    relative = str(path.relative_to(FIRMWARE))
    row, allowed = max(
        (row for row in TABLE if relative == row[0] or relative.startswith(row[0])),
        key=lambda row: len(row[0]),
    )
    if "everything" in allowed:
        return None
    own = set()
    if "own" in allowed:
        # Of a car its folder, with what is below it; of others the package.
        folder = FIRMWARE / row
        if row == "vehicle/":
            folder /= path.relative_to(folder).parts[0] if path.parent != folder else ""
        own = {"ovms." + str(folder.relative_to(FIRMWARE)).replace("/", ".")}
    return (allowed - {"own"}) | own | NATIVE


def test_every_row_of_the_table_is_there():
    for row, _ in TABLE:
        assert (FIRMWARE / row).exists(), row


@pytest.mark.parametrize("path", firmware_files(), ids=lambda p: str(p.relative_to(FIRMWARE)))
def test_imports_follow_the_table(path):
    allowed = rule_for(path)
    if allowed is None:
        return
    wrong = [name for name in imports_of(path) if not is_allowed(name, allowed)]
    assert not wrong, f"{path.relative_to(FIRMWARE)} may not import {', '.join(wrong)}"


@pytest.mark.parametrize("path", firmware_files(), ids=lambda p: str(p.relative_to(FIRMWARE)))
def test_annotations_need_contracts_and_no_more(path):
    """A link that knows no driver knows none in its annotations either."""
    allowed = rule_for(path)
    if allowed is None:
        return
    named = imports_in(path.read_text("utf-8"), path)
    for name in imports_of(path):
        named.remove(name)
    for_annotations = allowed | {"typing", "types", "collections.abc", "ovms.contracts"}
    wrong = [name for name in named if not is_allowed(name, for_annotations)]
    assert not wrong, f"{path.relative_to(FIRMWARE)} takes {', '.join(wrong)} for annotations"


def unannotated(tree):
    """(line, name) of each public function, methods included, that does not say what it takes and
    gives. What a function makes inside itself is nobody else's."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from unannotated(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_") and node.name != "__init__":
            continue
        given = node.args
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        silent = [a for a in named if a and a.annotation is None and a.arg not in ("self", "cls")]
        if silent or node.returns is None:
            yield node.lineno, node.name


@pytest.mark.parametrize("path", firmware_files(), ids=lambda p: str(p.relative_to(FIRMWARE)))
def test_public_functions_are_annotated(path):
    """What mypy checks of them: `tools/check_types.py`."""
    found = list(unannotated(ast.parse(path.read_text("utf-8"))))
    assert not found, f"{path.relative_to(FIRMWARE)}: {found}"


def test_nobody_imports_the_composition_root():
    importers = [path for path in firmware_files() if "ovms.app" in imports_of(path)]
    assert not importers


def test_firmware_and_modules_know_no_tests_and_no_tools():
    for path in [*firmware_files(), *(ROOT / "modules").glob("*.py")]:
        assert not [n for n in imports_of(path) if n.split(".")[0] in ("host_tests", "tools")]


def test_simulators_know_no_firmware():
    """A simulator that shares code with what it tests shares its mistakes."""
    for path in [
        *(ROOT / "tools" / "desk").rglob("*.py"),
        *(ROOT / "tools" / "simulated_board").rglob("*.py"),
    ]:
        if path.name not in STARTERS:
            assert not [n for n in imports_of(path) if n.split(".")[0] in ("ovms", "ovms_crypto")]


def test_tools_know_no_tests():
    """What desk and tests share lies below `tools/`, so that a desk runs without `host_tests/`."""
    files = [path for path in (ROOT / "tools").rglob("*") if path.suffix in (".py", ".ini")]
    assert len(files) > 100
    for path in files:
        if path.suffix == ".py":
            wrong = [n for n in imports_of(path) if n.split(".")[0] == "host_tests"]
            assert not wrong, f"{path.relative_to(ROOT)} imports {', '.join(wrong)}"
        # Nor as a place to read or to run something from.
        text = path.read_text("utf-8")
        named = re.findall(r"""["']host_tests(?:/[^"' ]*)?["']""", text)
        assert not named, f"{path.relative_to(ROOT)} names {', '.join(named)}"


def test_what_every_modem_does_knows_no_particular_modem():
    """Another modem is a folder beside `sim800/` and a line in the composition root."""
    modems = [path.parent.name for path in (FIRMWARE / "links" / "modem").glob("*/profile.py")]
    assert {"sim800", "sim7000"} <= set(modems)
    package = FIRMWARE / "links" / "modem"
    files = [
        path
        for path in firmware_files()
        if path.parent in (package, FIRMWARE / "protocol", FIRMWARE / "drivers")
    ]
    assert len(files) > 20
    for path in files:
        wrong = [n for n in imports_of(path) if set(n.split(".")) & set(modems)]
        assert not wrong, f"{path.name} imports {wrong}"


def calls_at_import(tree):
    """Calls a module makes when it is imported, `const` and class or function bodies aside."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        for inner in body:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(inner):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "id", getattr(node.func, "attr", "?"))
                    if name not in ("const",):
                        yield name, node.lineno


@pytest.mark.parametrize("path", firmware_files(), ids=lambda p: str(p.relative_to(FIRMWARE)))
def test_nothing_works_at_import(path):
    found = list(calls_at_import(ast.parse(path.read_text("utf-8"))))
    assert not found, f"calls at import: {found}"


@pytest.mark.parametrize("path", firmware_files(), ids=lambda p: str(p.relative_to(FIRMWARE)))
def test_no_swallowed_errors(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ExceptHandler):
            continue
        assert node.type is not None, f"{path.name}:{node.lineno}: bare except"
        is_broad = getattr(node.type, "id", "") in ("Exception", "BaseException")
        is_empty = all(isinstance(line, ast.Pass) for line in node.body)
        assert not (is_broad and is_empty), f"{path.name}:{node.lineno}: swallowed"


def test_files_are_one_thing():
    long = [
        (str(path.relative_to(ROOT)), count)
        for folder in ("firmware", "modules", "boards", "tools", "host_tests")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > MAX_LINES
    ]
    assert not long, f"over {MAX_LINES} lines: {long}"


def test_every_can_frame_passes_the_gate():
    """`_transmit` of a CAN driver is called in one place: behind the allow-list."""
    callers = [
        f"{path.name}:{node.lineno}"
        for path in firmware_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "_transmit"
    ]
    assert len(callers) == 1 and callers[0].startswith("can_bus.py"), callers


def test_start_files_only_start():
    for name in ("boot.py", "main.py"):
        assert len((ROOT / "firmware" / name).read_text("utf-8").splitlines()) < 30


def test_fixtures_name_their_source():
    for path in (ROOT / "host_tests" / "fixtures").rglob("*.*"):
        if path.suffix in (".txt", ".py", ".log"):
            head = path.read_text("utf-8")[:400]
            assert re.search(r"source", head, re.I), f"{path.name} does not name its source"


def test_only_boards_know_pins():
    for path in firmware_files():
        assert not re.search(r"\bPin\(\d", path.read_text("utf-8")), path.name


def test_the_state_declares_what_it_is_filled_with():
    """`state_values.py` is forgotten after the start, so mypy is told in `state.py`."""
    texts = [
        (FIRMWARE / "vehicle" / name).read_text("utf-8")
        for name in ("state.py", "state_values.py")
    ]
    declared = re.findall(r"^    (\w+): ", texts[0], re.MULTILINE)
    filled = re.findall(r"^    state\.(\w+) = ", texts[1], re.MULTILINE)
    assert filled
    assert declared == filled
