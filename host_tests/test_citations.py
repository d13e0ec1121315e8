"""Every citation of a fact collection leads to a section of it. CPython only."""

import re

import pytest

from tools.vm import ROOT

FACTS = ROOT / "docs" / "facts"
CITED_AS = {
    "hardware facts": "hardware.md",
    "module-behaviour": "module-behaviour.md",
    "server-and-clients": "server-and-clients.md",
    "twizy facts": "twizy.md",
    "car facts": "cars.md",
}
_NUMBER = r"(?:\d+(?:\.\d+)*|appendix [AB])"
# A number, and what follows it: "2", "3.1 to 3.6", "4, and 6.1", "2.5, 2.5.1 to 2.5.3".
_CITATION = re.compile(
    rf"({'|'.join(CITED_AS)})((?:,? (?:{_NUMBER})(?![\d.]*\d)(?:,? (?:and|to|or)(?= \d))?)*)", re.I
)
_LABEL = re.compile(
    r"\b(?:dialogues? )((?:D\d+(?:, | and | to )?)+)|\bmodule-behaviour 11,? (V\d+)"
)
_ROW = re.compile(r"server-and-clients 0, fact (\d+)")
_SUFFIXES = (".py", ".md", ".txt", ".json", ".csv", ".dbc", ".ini", ".toml")


def sections(name):
    """Numbers of all headings of a collection."""
    text = (FACTS / name).read_text("utf-8")
    numbers = re.findall(r"^#+ (\d+(?:\.\d+)*)\.? ", text, re.M)
    assert len(numbers) == len(set(numbers)) > 20, name
    return {
        *numbers,
        *(f"appendix {letter}" for letter in re.findall(r"^## Appendix (.)", text, re.M)),
    }


def running_text(path):
    """The text with what a line break inside a comment or a docstring puts in taken out."""
    return re.sub(r"\s*\n[\s#;>*]*", " ", path.read_text("utf-8"))


def sources():
    """All text files that are the project's own, the collections aside."""
    folders = ("firmware", "modules", "boards", "tools", "host_tests", "docs")
    found = [*ROOT.glob("*.md"), *(p for name in folders for p in (ROOT / name).rglob("*"))]
    return [
        path
        for path in found
        if path.suffix in _SUFFIXES and path.parent != FACTS and path.name != "test_citations.py"
    ]


KNOWN = {name: sections(name) for name in CITED_AS.values()}
TEXTS = {str(path.relative_to(ROOT)): running_text(path) for path in sources()}


def citations(text):
    """(collection, number or "" for none) of each citation in a running text."""
    found = []
    for name, behind in _CITATION.findall(text):
        numbers = re.findall(_NUMBER, behind)
        found += [(name.lower(), number) for number in numbers or [""]]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Source: hardware facts 3.1 to 3.6.", ["3.1", "3.6"]),
        ("(module-behaviour 2.5, 2.5.1 to 2.5.3. A value", ["2.5", "2.5.1", "2.5.3"]),
        ("Twizy facts 2, 3.4, 3.5 and 11, trap 8", ["2", "3.4", "3.5", "11"]),
        ("hardware facts 4.1, and 6.1 for the T-Call", ["4.1", "6.1"]),
        ("Twizy facts 7.13 and 9.6; Twizy guide 1.2.0", ["7.13", "9.6"]),
        ("as the car facts say", [""]),
        ("module-behaviour appendix A.", ["appendix A"]),
    ],
)
def test_forms_of_a_citation(text, expected):
    assert [number for _, number in citations(text)] == expected


def test_every_cited_section_is_there():
    count, wrong = 0, []
    for path, text in TEXTS.items():
        for name, number in citations(text):
            count += 1
            if number not in KNOWN[CITED_AS[name]]:
                wrong.append(f"{path}: {name} {number or '(no section)'}")
    assert not wrong, "\n".join(wrong)
    assert count > 250


def test_every_cited_dialogue_vector_and_fact_is_there():
    dialogues = set(re.findall(r"^# (D\d+) ", (FACTS / "hardware.md").read_text("utf-8"), re.M))
    behaviour = (FACTS / "module-behaviour.md").read_text("utf-8")
    vectors = set(re.findall(r"^### (V\d+) ", behaviour, re.M))
    rows = set(
        re.findall(r"^\| (\d+) \|", _part((FACTS / "server-and-clients.md"), "## 0."), re.M)
    )
    assert len(dialogues) == 22 and len(vectors) == 12 and len(rows) > 8
    count, wrong = 0, []
    for path, text in TEXTS.items():
        labels = [
            label for pair in _LABEL.findall(text) for label in re.findall(r"[DV]\d+", str(pair))
        ]
        count += len(labels)
        wrong += [f"{path}: {label}" for label in labels if label not in dialogues | vectors]
        wrong += [f"{path}: fact {row}" for row in _ROW.findall(text) if row not in rows]
    assert not wrong, "\n".join(wrong)
    assert count > 20


def _part(path, start):
    return path.read_text("utf-8").partition(f"\n{start}")[2].partition("\n## ")[0]


@pytest.mark.parametrize("path", sorted(FACTS.glob("*.md")), ids=lambda path: path.name)
def test_links_and_files_beside_a_collection_are_there(path):
    text = path.read_text("utf-8")
    named = re.findall(r"\]\(([^)#]+)\)", text)
    named += re.findall(r"`((?:cars-|twizy-)[\w-]+\.(?:dbc|csv))`", text)
    assert not [name for name in named if "://" not in name and not (FACTS / name).exists()]
    elsewhere = re.findall(r"`(firmware/[\w/.]+)`", text)
    assert not [name for name in elsewhere if not (ROOT / name).exists()]


def test_facts_are_about_nothing_but_the_field():
    for path in FACTS.iterdir():
        text = path.read_text("utf-8")
        assert not re.search(r"/(?:work|tmp|home)/|\bTODO:|shared/reference", text), path.name
