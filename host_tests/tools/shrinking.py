"""What the tests of `tools.shrink` share: shrinking small sources, looking at the result."""

import ast

from tools import shrink

# Two related classes.
PAIR = (
    "class Tally:\n"
    "    START_VALUE = 4\n"
    "    def __init__(self, first):\n"
    "        self.total_count = first + self.START_VALUE\n"
    "    @property\n"
    "    def double_count(self):\n"
    "        return self.total_count * 2\n"
    "    def grow_by(self, amount):\n"
    "        self.total_count += amount\n"
    "        return self\n"
    "class Child(Tally):\n"
    "    def grow_twice(self):\n"
    "        return self.grow_by(1).grow_by(1).double_count\n"
)


def shrunk(*texts, outside=(), groups=(), **named):
    """Shrink one source, or several given as name=text; returns the result."""
    sources = {f"ovms/{name}.py": text for name, text in named.items()}
    if texts:
        sources["ovms/app.py"] = texts[0]
    return shrink.shrink(sources, ["from ovms.app import main", *outside], groups)


def text_of(result, path="ovms/app.py"):
    return result.sources[result.paths[path]]


def run(result, name="app"):
    """Execute one shrunk source that imports nothing; returns its globals."""
    space = {}
    exec(compile(text_of(result, f"ovms/{name}.py"), name, "exec"), space)
    return space


def words(text):
    return {
        getattr(node, role)
        for node in ast.walk(ast.parse(text))
        for role in ("id", "attr", "name", "arg")
        if isinstance(getattr(node, role, None), str)
    }
