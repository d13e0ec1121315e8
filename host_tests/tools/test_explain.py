"""Tracebacks of the deployed firmware, told in the names of the sources. CPython starts the VMs.

Every function and method of the firmware is called with arguments that nothing can be done with.
Where that raises, the traceback has to name this function and its file, and nothing else.
"""

import ast
import io
import json
import re
import subprocess

import pytest

from host_tests.needs_vm import require
from host_tests.tools.shrinking import shrunk as shrunk_small
from tools import build, shelf, shrink, vm
from tools.desk.translated import TranslatedOutput
from tools.groups import joined_roots, resident_groups
from tools.shrink import explain
from tools.shrink.mpy import FormatError, Mpy
from tools.shrink.places import Place

# Namesakes by the dozen, own errors, an attribute whose short name has other meanings.
HELPERS = (
    "class LeftError(Exception):\n    def tell_more(self):\n        return self.args[1]\n"
    "class Left:\n    def go_left(self):\n        return self.fall_left()\n"
    "    def fall_left(self):\n        raise LeftError('over')\n"
    "class Right:\n    def go_right(self):\n        return self.fall_right()\n"
    "    def fall_right(self):\n        return [part.missing_part for part in (self,)]\n"
    "class Other:\n    def look_about(self):\n        return self.other_part, self.third_part\n"
)
APP = (
    "from ovms.helpers import Left, Right, Other\n"
    "def main(x):\n    return go_on(x)\n"
    "def go_on(x):\n"
    "    parts = Left().go_left, Right().go_right, Other().look_about\n"
    "    return parts[x]() if x < 3 else last(x)\n"
    f"def last(x):\n    return {' or '.join(f'Many{n}().many_{n}(x)' for n in range(401))}\n"
) + "".join(
    f"class Many{n}:\n    def many_{n}(self, x):\n"
    f"        return {f'Many{n + 40}().many_{n + 40}(x)' if n < 361 else 'x.nothing'}\n"
    for n in range(401)
)
SHIMS = vm.ROOT / "tools/simulated_board/board"

# Runs on a VM. The calls: module, class or "", function, count of arguments, whether it waits.
PROBE = """
import io, json, os, sys
os.mount(os.VfsPosix({tree!r}), "/t")
sys.path[:] = ["/t", ".frozen"]
def probe(function, arguments, is_coroutine):
    found = function(*arguments)
    if is_coroutine:
        found.send(None)
def traced(number, where, kind, name, count, is_coroutine):
    print("CALL", number)
    try:
        holder = __import__(where, None, None, ("*",))
        if kind:
            holder = getattr(holder, kind)
        probe(getattr(holder, name), [object() for _ in range(count)], is_coroutine)
    except Exception as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        print(text.getvalue())
with open({calls!r}) as file:
    calls = json.load(file)
for number in range(int(sys.argv[1]), len(calls)):
    traced(number, *calls[number])
print("CALL", len(calls))
"""


@pytest.fixture(scope="module")
def shrunk():
    sources = build.firmware_sources()
    outside = [path.read_text("utf-8") for path in build.outside_sources()]
    groups = resident_groups(sources)
    starts = [name for roots in groups for name in roots]
    return shrink.shrink(sources, outside, groups, starts, joined_roots(groups))


def signatures():
    """Of each function of the sources: how many arguments it has, whether it waits."""
    found = {}

    def visit(path, node, outer):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                visit(path, child, f"{outer}{child.name}.")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                is_plain = not child.decorator_list and not child.args.kwonlyargs
                waits = isinstance(child, ast.AsyncFunctionDef) or any(
                    isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(child)
                )
                if is_plain:
                    found[Place(path, outer + child.name)] = len(child.args.args), waits

    for path, text in build.firmware_sources().items():
        visit(path, ast.parse(text), "")
    return found


def calls_of(shrunk):
    """(what the VM needs to call a function, its place) of every function it can reach."""
    known = signatures()
    found = []
    for path, outline in shrunk.outlines.items():
        module = shrunk.paths[path].removesuffix(".py").replace("/", ".")
        if module.endswith("__init__"):
            continue
        for outer in outline:
            reached = [("", outer), *((outer.short, inner) for inner in outer.inner)]
            for kind, definition in reached:
                if not definition.is_class and definition.place in known:
                    call = (module, kind, definition.short, *known[definition.place])
                    found.append((call, definition.place))
    return found


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_a_forced_error_names_its_function(shrunk, bits, tmp_path):
    require(bits)
    tree = tmp_path / "t"
    build.compile_tree(vm.march(bits), tree)
    for shim in SHIMS.glob("*.py"):
        if shim.stem != "start":
            build.compile_file(shim, tree / f"{shim.stem}.mpy", shim.name)
    for name, data in shelf.unpacked((tree / "ovms" / shelf.FILE).read_bytes()).items():
        (tree / f"{name}.mpy").write_bytes(data)
    calls = calls_of(shrunk)
    (tmp_path / "calls").write_text(json.dumps([call for call, _ in calls]), "utf-8")
    probe = tmp_path / "probe.py"
    probe.write_text(PROBE.format(tree=str(tree), calls=str(tmp_path / "calls")), "utf-8")
    output = ""
    first = crashes = 0
    while first < len(calls):
        done = subprocess.run(
            [*vm.command(bits, heap_kib=8192), str(probe), str(first)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=1000,
        )
        output += done.stdout
        # MicroPython does not survive a builtin's method without its object, nor asyncio's
        # waiting outside of a task.
        last = int(output.rpartition("CALL ")[2].partition("\n")[0])
        crashes += last < len(calls)
        first = last + 1
    assert crashes < 12, output
    table = json.loads((tmp_path / "t.names.json").read_text("utf-8"))
    told = explain.explain(output, table)
    proven = set()
    for trace in told.split("CALL ")[1:]:
        number, _, text = trace.partition("\n")
        if int(number) == len(calls):
            break
        place = calls[int(number)][1]
        # The frame behind those of the probe; where there is none the call itself was refused.
        frames = re.findall(r'File "([^"]+)",(?: line \d+,)? in (\S+)', text)
        frames = [frame for frame in frames if "probe.py" not in frame[0]]
        if frames:
            assert frames[0] == (place.path, place.name), text
            # What it calls of MicroPython's own has its own names.
            ours = [path for path, _ in frames if not path.startswith("asyncio/")]
            assert all((vm.ROOT / "firmware" / path).exists() for path in ours), text
            proven.add(place)
    # In every file where a function takes something, but for a few of words, which take anything.
    asked = {place.path for call, place in calls if call[3]}
    assert len(asked - {place.path for place in proven}) < 3, asked
    assert len(proven) > 0.8 * len(calls), (len(proven), len(calls))
    bundle = table["files"]["app"]["functions"].values()
    assert {"ovms/app.py", "ovms/status.py"} <= {place[0] for places in bundle for place in places}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Folder and table of a small tree; its files are compiled as those of a module."""
    folder = tmp_path_factory.mktemp("small")
    result = shrunk_small(APP, helpers=HELPERS, groups=[("ovms.app",)])
    texts = {path: result.sources[new] for path, new in result.paths.items()}
    codes = dict.fromkeys(result.paths, "app")
    lines = {}

    def finish(built):
        for path, new in result.paths.items():
            file = built[new.replace(".py", ".mpy")]
            lines[path] = shrink.number_lines(file, result.outlines[path], path)

    build.compile_package(texts, folder, result.paths, codes, finish=finish)
    return folder, explain.name_table(result, codes, lines)


def trace_of(small, bits, number):
    """What the VM prints of the error that `main(number)` raises, translated, line by line."""
    folder, table = small
    script = f"import sys; sys.path.insert(0, {str(folder)!r})\nfrom ovms.app import main\n"
    done = subprocess.run(
        [*vm.command(bits, heap_kib=4096), "-c", script + f"main({number})"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    lines = explain.explain(done.stderr, table).splitlines()
    assert len(lines) > 3, done.stderr
    return [line.strip() for line in lines[2:]]


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_members_of_a_bundle_are_told_with_their_own_files(small, bits):
    require(bits)
    start = ['File "ovms/app.py", in main', 'File "ovms/app.py", in go_on']
    helpers = 'File "ovms/helpers.py", in '
    assert trace_of(small, bits, 0) == [
        *start,
        helpers + "Left.go_left",
        helpers + "Left.fall_left",
        "LeftError: over",
    ]
    # The list comprehension is told by where it stands.
    assert trace_of(small, bits, 1) == [
        *start,
        helpers + "Right.go_right",
        helpers + "Right.fall_right",
        helpers + "Right.fall_right",
        "AttributeError: 'Right' object has no attribute 'missing_part'",
    ]
    assert trace_of(small, bits, 2)[2:] == [
        helpers + "Other.look_about",
        "AttributeError: 'Other' object has no attribute 'other_part'",
    ]


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_hundreds_of_namesakes_are_told_apart(small, bits):
    require(bits)
    shorts = [
        name for name, places in small[1]["files"]["app"]["functions"].items() if len(places) > 300
    ]
    assert shorts, "each method has a name of its own: nothing is tested"
    lines = trace_of(small, bits, 9)
    assert lines[2:-1] == [
        'File "ovms/app.py", in last',
        *(f'File "ovms/app.py", in Many{n}.many_{n}' for n in range(0, 401, 40)),
    ]


def test_a_line_beyond_what_the_format_can_hold(small):
    file = next(small[0].rglob("*.mpy"))
    compiled = Mpy(file.read_bytes())
    with pytest.raises(FormatError, match="line 2049"):
        compiled.set_line(compiled.code.children[0], 2049)
    # Those of the small tree have lines by now.
    numbered = [code for code in compiled.code.children[-1].children if len(code.data) > 9]
    with pytest.raises(FormatError, match="already"):
        compiled.set_line(numbered[0], 2)


def test_lines_tell_their_build(small, monkeypatch):
    table = small[1]
    short = next(
        name
        for name, places in table["files"]["app"]["functions"].items()
        if ["ovms/helpers.py", "Left.fall_left"] in places
    )
    line = table["files"]["app"]["functions"][short].index(["ovms/helpers.py", "Left.fall_left"])
    frame = f'#  File "app", line {line + 1}, in {short}'
    asked = []

    def find(build_id):
        asked.append(build_id)
        return {"1a2b3c4d": table}.get(build_id)

    translator = explain.Translator(find=find)
    assert translator.line(frame) == frame
    assert translator.line("9 I OVMS 4.0.0 on TCALL, build 1a2b3c4d").endswith("1a2b3c4d")
    assert translator.line(frame) == '#  File "ovms/helpers.py", in Left.fall_left'
    translator.line("# build 1a2b3c4d")
    assert translator.line(frame).endswith("Left.fall_left")
    # Another module at the same cable.
    translator.line("# build 99999999")
    assert translator.line(frame) == frame and translator.unknown == {"99999999"}
    translator.line("# build source")
    assert translator.line(frame) == frame and translator.unknown == {"99999999"}
    assert asked == ["1a2b3c4d", "99999999"]
    # Only errors are translated: a log may quote what it likes.
    translator.line("# build 1a2b3c4d")
    for short, longs in table["names"].items():
        assert translator.line(f"3 I the word '{short}'") == f"3 I the word '{short}'"
        told = translator.line(f"3 E sms: AttributeError no attribute '{short}'")
        assert all(f"'{long}'" in told for long in longs)


def test_explain_of_a_pasted_text(small, tmp_path, monkeypatch, capsys):
    table = {**small[1], "digest": "1a2b3c4d5e6f"}
    folder = tmp_path / "deep" / "down"
    folder.mkdir(parents=True)
    (folder / "x.names.json").write_text(json.dumps(table), "utf-8")
    (folder / "half.names.json").write_text('{"files": {', "utf-8")
    (folder / "plain.names.json").write_text('{"digest": "1a2b3c4d99"}', "utf-8")
    tables = explain.tables_of(tmp_path)
    assert list(tables) == ["1a2b3c4d"]
    monkeypatch.setattr(explain, "_table_of", tables.get)
    monkeypatch.setattr(explain.Translator.__init__, "__defaults__", (None, tables.get))
    text = tmp_path / "trace.txt"
    # The build is told below the first frame here.
    text.write_text('File "app", line 1, in main\nbuild 1a2b3c4d\nFile "app", line 9, in main\n')
    assert explain.main([str(text)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith('File "ovms/app.py", in main\n') and not shown.err
    # What no table has stays as it is.
    assert shown.out.endswith('File "app", line 9, in main\n')
    text.write_text('build 0000aaaa\nFile "app", line 1, in main\n')
    assert explain.main([str(text)]) == 2
    assert "No table of names of build 0000aaaa is under build/" in capsys.readouterr().err
    text.write_text('File "app", line 1, in main\n')
    assert explain.main([str(text)]) == 2
    assert "The text tells no build" in capsys.readouterr().err
    assert explain.main([str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.endswith("none cannot be read: No such file or directory.\n")


def test_output_is_passed_on_as_it_came():
    target = io.BytesIO()
    shown = TranslatedOutput(target)
    shown.write(b"\r\n# DIAG\r\n# \xff")
    shown.write(b"\xfe half\r")
    assert target.getvalue() == b"\r\n# DIAG\r\n"
    shown.write(b"\n# rest")
    shown.close()
    assert target.getvalue() == b"\r\n# DIAG\r\n# \xff\xfe half\r\n# rest"


def test_an_exception_is_told_with_its_own_file_though_it_keeps_its_name(small):
    places = [
        place for places in small[1]["files"]["app"]["functions"].values() for place in places
    ]
    assert ["ovms/helpers.py", "LeftError.tell_more"] in places
    record = shrunk_small(APP, helpers=HELPERS, groups=[("ovms.app",)]).record
    assert record["homes"]["ovms.helpers"]["globals"]["LeftError"] == "LeftError"
    assert "tell_more" in record["families"]["ovms.helpers.LeftError"]
    assert "LeftError" not in record["homes"]["ovms.app"]["globals"]
