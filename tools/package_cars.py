"""Which cars a package has: `CARS=RT,OBD make firmware` leaves the others out.

What a car is to the rest stands in two files, the table `_CARS` of `car_setup.py` and the list of
`vehicle/types.py`: both are cut here, so that nothing names what is not there. Types are told as
users know them; who is told a type that was left out hears a sentence.
"""

from __future__ import annotations

import ast
import os

from tools.sources import imported_modules

CARS = "CARS"
_SETUP = "ovms/car_setup.py"
_TYPES = "ovms/vehicle/types.py"
_VEHICLES = "ovms/vehicle/"
# Where cars keep what several of them are made of.
_SHARED = (_VEHICLES, "ovms/protocol/")


class CarsError(Exception):
    """What CARS says wrong, as one sentence."""


def wanted() -> list[str]:
    """The types that CARS names; none: all."""
    return os.environ.get(CARS, "").upper().replace(",", " ").split()


def with_cars(sources: dict[str, str], names: list[str]) -> dict[str, str]:
    """The sources of a package with these cars alone. CarsError with a sentence."""
    if not names:
        return sources
    known = _types(sources[_TYPES])
    for name in names:
        if name not in known:
            raise CarsError(f"There is no car {name} for {CARS}: choose {', '.join(known)}.")
    kept = [name for name in known if name in names]
    left_out = [name for name in known if name not in names]
    table, functions = _read_setup(sources[_SETUP])
    used = {table[name if name in table else name[:2]] for name in kept}
    unused = set(table.values()) - used
    folders = {functions[name] for name in unused} - {functions[name] for name in used}
    found = {
        path: text
        for path, text in sources.items()
        if not any(path.startswith(f"{_VEHICLES}{folder}/") for folder in folders)
    }
    found[_SETUP] = _cut(sources[_SETUP], unused)
    left_out += [name for name, function in table.items() if function in unused]
    told = " ".join(dict.fromkeys(left_out))
    found[_TYPES] = _with_types(sources[_TYPES], " ".join(kept), told)
    return _without_unused(found)


def _types(text: str) -> list[str]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "TYPES":
            return str(ast.literal_eval(node.value)).split()
    raise CarsError(f"{_TYPES} has no TYPES.")


def _table(tree: ast.Module) -> ast.Dict:
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_CARS":
            assert isinstance(node.value, ast.Dict)
            return node.value
    raise CarsError(f"{_SETUP} has no _CARS.")


def _read_setup(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """(type to function, function to the folder of the car that it imports)."""
    tree = ast.parse(text)
    rows = _table(tree)
    table = {
        str(ast.literal_eval(key)): value.id
        for key, value in zip(rows.keys, rows.values, strict=True)
        if key is not None and isinstance(value, ast.Name)
    }
    functions = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in table.values():
            (module,) = [part.module for part in node.body if isinstance(part, ast.ImportFrom)]
            functions[node.name] = str(module).split(".")[2]
    return table, functions


def _cut(text: str, functions: set[str]) -> str:
    """The source without these functions, and without the rows that name them."""
    tree = ast.parse(text)
    rows = _table(tree)
    spans = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in functions
    ]
    spans += [
        (key.lineno, value.end_lineno or value.lineno)
        for key, value in zip(rows.keys, rows.values, strict=True)
        if key is not None and isinstance(value, ast.Name) and value.id in functions
    ]
    gone = {line for first, last in spans for line in range(first, last + 1)}
    lines = text.splitlines(keepends=True)
    return "".join(line for number, line in enumerate(lines, 1) if number not in gone)


def _with_types(text: str, kept: str, left_out: str) -> str:
    lines = []
    for line in text.splitlines():
        if line.startswith("TYPES = "):
            line = f'TYPES = "{kept}"'
        elif line.startswith("LEFT_OUT = "):
            line = f'LEFT_OUT = "{left_out}"'
        lines.append(line)
    return "\n".join(lines) + "\n"


def _without_unused(sources: dict[str, str]) -> dict[str, str]:
    """Without what cars have in common and nobody that is left needs."""

    def is_shared(path: str) -> bool:
        return f"{path.rpartition('/')[0]}/" in _SHARED and not path.endswith("/__init__.py")

    modules = {path.removesuffix(".py").replace("/", "."): path for path in sources}
    found = {path for path in sources if not is_shared(path)}
    waiting = list(found)
    while waiting:
        for name in imported_modules(sources[waiting.pop()]) & modules.keys():
            if modules[name] not in found:
                found.add(modules[name])
                waiting.append(modules[name])
    return {path: text for path, text in sources.items() if path in found}
