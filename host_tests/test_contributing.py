"""The worked examples of CONTRIBUTING.md fit the tree, and all say one version. CPython only."""

import re
import subprocess
import tomllib

from ovms.status import VERSION
from tools.vm import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_the_examples_can_be_applied(tmp_path):
    patches = re.findall(r"^```diff\n(.*?)^```$", TEXT, re.M | re.S)
    assert len(patches) == 2
    for number, patch in enumerate(patches):
        file = tmp_path / f"{number}.patch"
        file.write_text(patch)
        done = subprocess.run(
            ["git", "apply", "--check", str(file)], cwd=ROOT, capture_output=True, text=True
        )
        assert not done.returncode, done.stderr


def test_links_lead_to_files():
    pages = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
    assert len(pages) > 4
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    named = set(re.findall(r"(?:`|^    )make ([a-z][a-z-]*)", TEXT, re.M))
    assert len(named) > 4
    assert named <= targets


def test_there_is_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == VERSION
    first = re.search(r"^## (\S+),", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert first and first[1] == VERSION
