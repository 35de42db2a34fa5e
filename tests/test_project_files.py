"""What the project's own files say about it holds."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import headstart

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_version_stands_in_one_place():
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "src/headstart/version.py"
    from headstart.version import __version__

    assert headstart.__version__ == __version__


def test_the_citation_names_the_latest_release():
    version, date = re.findall(r"^## (\d+\.\d+\.\d+) \((.+)\)$", CHANGELOG, re.MULTILINE)[0]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"version: {version}\n" in citation
    assert f"date-released: {date}\n" in citation
    assert f"license: {PROJECT['project']['license']}\n" in citation


def test_the_changelog_has_a_section_for_this_version():
    released = headstart.__version__.partition(".dev")[0]
    assert re.search(rf"^## (Unreleased: )?{re.escape(released)}\b", CHANGELOG, re.MULTILINE)


def test_what_the_source_archive_holds_is_there():
    for name in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        assert (ROOT / name).exists(), name


def test_every_rule_that_is_off_says_why_on_its_line():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lists = re.findall(
        r'^(?:ignore|disable_error_code|"[^"]+") = \[\n(.*?)^\]', text, re.MULTILINE | re.DOTALL
    )
    lines = [line for inside in lists for line in inside.splitlines() if line]
    lines += re.findall(r'^"[^"]+" = \[.+\].*$', text, re.MULTILINE)
    assert len(lines) > 20
    assert [line for line in lines if " # " not in line] == []


def test_every_exception_from_a_rule_says_why():
    without = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "src").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"# noqa: [A-Z0-9, ]+$", line)
    ]
    assert without == []


def test_every_file_has_a_name_that_each_system_can_check_out():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("needs a checkout and git")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = listed.stdout.decode().split("\0")[:-1]
    assert [name for name in names if not re.fullmatch(r"[\w.+-][\w.+ /-]*", name)] == []
