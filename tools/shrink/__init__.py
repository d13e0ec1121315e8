"""Makes the firmware small before it is compiled: on the module every name and function costs RAM.

MicroPython keeps each identifier of a loaded `.mpy` for ever, about 23 bytes apiece, and every
module global takes a slot in a dictionary. The sources stay as they are written; only what is
compiled changes:

* `strip`: docstrings, annotations, names of classes;
* `counters`: counters are called by texts that lie in MicroPython's ROM;
* `constants`: constants go where they are used; `dead`: their definitions and imports go away;
* `bundle`: modules that stay imported together become one;
* `makers`: constructors that nothing but code on demand calls become code on demand;
* `split`: modules on demand are cut by what is asked of them;
* `families`, `names`, `rename`: names that only our own code uses become the same few everywhere,
  most of them ones that lie in MicroPython's ROM anyway (`kept`);
* `packing`: modules get short names and paths;
* `layout`: names that are used often come first in what stays for good;
* `texts`: short texts of modules that come and go do not stay as names when these are gone;
* `places`: the line in a traceback tells which one of several functions of a name is meant.

What each gives is in `README.md`. `sound` refuses what would change its meaning.
A name stays when code outside the tree could know it: it occurs in MicroPython's own modules
(`kept_names.txt`), in a board file, in `getattr`, as a keyword argument, or in an import, or when
it is that of an exception, which users see.
`explain` translates a traceback back.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.shrink import dead
from tools.shrink.bundle import bundle, plain_name
from tools.shrink.constants import Constants
from tools.shrink.counters import shorten_counters
from tools.shrink.kept import kept_names, known_modules
from tools.shrink.layout import lay_out
from tools.shrink.makers import move_constructors
from tools.shrink.mpy import Mpy
from tools.shrink.names import Namer, known_names, short_names
from tools.shrink.packing import check_imports, imported_modules, name_modules_apart, pack
from tools.shrink.places import Definition, Place, Sources, number_namesakes
from tools.shrink.record import Parameters, families_of, homes_of
from tools.shrink.rename import rename
from tools.shrink.scopes import Module, ShrinkError, module_name, source_of
from tools.shrink.sound import check
from tools.shrink.split import split_modules
from tools.shrink.strip import forget_class_names, strip
from tools.shrink.texts import unname_texts
from tools.shrink.trees import walk

__all__ = ["ShrinkError", "Shrunk", "number_lines", "shrink"]


@dataclass
class Shrunk:
    """sources: new path to text to compile. names: long to short name.

    paths: old to new path, without packages and merged modules. outlines: old path to what it
    defines. used: names that a function uses. long_names: short name to all that it stands for.
    record: what code that is translated to the short names has to know, see `record`.
    """

    sources: dict[str, str]
    names: dict[str, str]
    paths: dict[str, str]
    outlines: dict[str, list[Definition]]
    used: dict[Place, list[str]]
    long_names: dict[str, list[str]]
    record: dict


def shrink(
    sources: dict[str, str],
    outside: Iterable[str],
    groups: Iterable[Sequence[str]] = (),
    starts: Iterable[str] = (),
    joined: Collection[str] = (),
) -> Shrunk:
    """Shrink a whole tree. sources: path below the import root ("ovms/app.py") to its text.

    outside: texts of the sources that use the tree and are not shrunk with it. groups: modules to
    merge, and which of their roots with them, `joined`: see `bundle`; those of the same group stay
    imported together. starts: more modules that
    stay imported; what none of these need at once is code on demand, which `split` cuts.
    Raises ShrinkError for a construct that cannot be shrunk, SyntaxError for no Python.
    """
    known: set[str] = set()
    keywords: set[str] = set()
    fixed: set[str] = set()
    for text in outside:
        tree = ast.parse(text)
        fixed |= imported_modules(tree)
        strip(tree)
        known |= known_names(Module("outside.py", tree))
        keywords |= {node.arg for node in walk(tree) if isinstance(node, ast.keyword) and node.arg}
    groups = list(groups)
    trees = {path: ast.parse(text, path) for path, text in sorted(sources.items())}
    names = {module_name(path) for path in trees}
    modules = {}
    for path, tree in trees.items():
        strip(tree)
        name_modules_apart(tree, names)
        modules[module_name(path)] = Module(path, tree)
    check_imports(modules)
    code = {name for name, module in modules.items() if module.tree.body}
    for module in modules.values():
        check(module, code)
    counters = shorten_counters(modules)
    constants = Constants(modules)
    constants.inline()
    literals = constants.literals()
    dead.bury(modules, known)
    members = bundle(modules, groups, fixed, joined)
    move_constructors(modules, members)
    split_modules(modules, [*fixed, *starts, *(name for roots in groups for name in roots)])
    namer = Namer(modules, known | kept_names(), keywords)
    known_places = Sources()
    for module in modules.values():
        known_places.read(module, members.get(module.path, []))
    parameters = Parameters(modules, members)
    homes = homes_of(modules, members, namer.short)
    families = families_of(modules, members)
    rename(modules, namer)
    resident = [module for module in modules.values() if module.path in members]
    paths = pack(modules, fixed, short_names(namer.taken | known_modules()), resident)
    for module in resident:
        forget_class_names(module.tree)
        lay_out(module)
    if resident:
        unname_texts(resident, [module for module in modules.values() if module not in resident])
    texts = {
        paths[module.path]: ast.unparse(ast.fix_missing_locations(module.tree)) + "\n"
        for module in modules.values()
        if module.path in paths
    }
    outlines = {
        module.path: known_places.outline(module.tree)
        for module in modules.values()
        if module.path in paths
    }
    short = {plain_name(long): new for long, new in namer.short.items()}
    record = {
        "homes": {
            name: {
                **home,
                "module": module_name(paths[home["path"]]),
                "parts": {old: module_name(paths[path]) for old, path in home["parts"].items()},
            }
            for name, home in homes.items()
            if home["path"] in paths
        },
        "constants": literals,
        "families": families,
        "names": {long: new for long, new in namer.short.items() if plain_name(long) == long},
        "parameters": parameters.renamed(),
        "counters": counters,
    }
    long_names: dict[str, list[str]] = {}
    for long, new in sorted(namer.short.items()):
        entry = long_names.setdefault(new, [])
        if plain_name(long) not in entry:
            entry.append(plain_name(long))
    return Shrunk(
        texts,
        short,
        paths,
        outlines,
        known_places.used,
        long_names,
        record,
    )


def number_lines(file: Path, outline: list[Definition], path: str) -> dict[str, list[Place]]:
    """Make the functions of a compiled file tell apart in tracebacks, in place.

    Returns {name in a traceback: the place that each line stands for}. path: of the
    module in the tree.
    """
    compiled = Mpy(file.read_bytes())
    lines = number_namesakes(compiled, outline, source_of(path))
    file.write_bytes(compiled.data())
    return lines
