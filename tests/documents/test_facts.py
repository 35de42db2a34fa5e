"""What the documents name exists, and their lists are complete."""

import re

import pytest
from packaging.requirements import Requirement
from tests.documents import commands
from tests.documents.markdown import (
    DOCUMENTS,
    ROOT,
    anchors,
    blocks,
    code_spans,
    links,
    table,
)
from tests.examples import check_names_and_calls

from headstart.cli.main import COMMANDS

ALL = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in DOCUMENTS}
#: The changelog tells of what there was, too.
CURRENT = [name for name in ALL if name != "CHANGELOG.md"]
every_document = pytest.mark.parametrize("name", CURRENT)

EXTENSIONS = {".cff", ".md", ".py", ".toml", ".txt", ".yaml", ".yml"}


@every_document
def test_commands_parse(name):
    for block in blocks(ALL[name]):
        if block.language in ("sh", "console"):
            for words in commands.commands(block):
                commands.check(words)


@every_document
def test_commands_in_the_text_parse(name):
    """Of those that name no arguments (`headstart augment`), only the command has to exist."""
    for span in code_spans(ALL[name]):
        words = span.split()
        if words[0] != "headstart" or len(words) == 1 or words[1].isupper():
            continue
        if len(words) == 2 and not words[1].startswith("-"):
            assert words[1] in COMMANDS, span
        else:
            for command in commands.split(span):
                commands.check(command)


@every_document
def test_options_in_the_text_exist(name):
    ours = commands.headstart_options()
    for folder in ("benchmarks", "recipes", "scripts"):
        ours |= commands.options_in(ROOT / folder)
    for span in code_spans(ALL[name]):
        for word in span.split():
            option = re.match(r"--[a-z][a-z0-9-]*", word)
            if option and not re.match(r"(pip|pytest|uv|python -m pip) ", span):
                assert option[0] in ours, span


@every_document
def test_fenced_blocks_say_their_language(name):
    assert {block.language for block in blocks(ALL[name])} <= {"console", "python", "sh", "text"}


@every_document
def test_python_fits_the_code(name):
    earlier = ""
    for block in blocks(ALL[name]):
        if block.language == "python":
            earlier += block.text
            check_names_and_calls(earlier)


@pytest.mark.parametrize("name", ALL)
def test_links_lead_somewhere(name):
    for target in links(ALL[name]):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), target


def test_every_document_can_be_reached_from_the_first():
    reached, to_visit = set(), [ROOT / "README.md"]
    while to_visit:
        document = to_visit.pop()
        if document in reached or document.suffix != ".md":
            continue
        reached.add(document)
        targets = links(document.read_text("utf-8"))
        to_visit += [(document.parent / target.partition("#")[0]).resolve() for target in targets]
    assert {str(path.relative_to(ROOT)) for path in DOCUMENTS if path not in reached} == set()


def test_the_rooms_are_listed_in_the_order_of_their_layers():
    """A room's row may name several; the lowest stands first."""
    (layers,) = (
        contract["layers"]
        for contract in commands.PROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    rows = table(ALL["CONTRIBUTING.md"], "room")
    listed = [room for row in rows for room in re.findall(r"`(\w+)(?:/|\.py)`", row[0])]
    assert listed == layers[::-1]


def test_tables_of_commands_list_all_of_them():
    tables = [rows for text in ALL.values() if (rows := table(text, "command"))]
    assert tables
    for rows in tables:
        assert {re.search(r"`(?:headstart )?(\w+)", row[0])[1] for row in rows} == set(COMMANDS)


def test_tables_of_extras_list_all_of_them():
    tables = [rows for text in ALL.values() if (rows := table(text, "extra"))]
    assert tables
    for rows in tables:
        assert {row[0].strip("`") for row in rows} == set(commands.EXTRAS)


def test_how_to_run_each_kind_of_test_is_said():
    named = {
        marker
        for text in (*code_spans(ALL["docs/testing.md"]), ALL["CONTRIBUTING.md"])
        for marker in re.findall(r"-m (\w+)", text)
    }
    assert named >= commands.MARKERS


def test_the_decisions_are_listed():
    listed = set(links(ALL["docs/adr/README.md"]))
    assert {path.name for path in (ROOT / "docs" / "adr").glob("0*.md")} <= listed


def test_nobody_is_told_to_install_a_stranger():
    """The name headstart on the public package index is not this project's."""
    folders = ("src", "docs", "scripts", "recipes", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    for path in [*files, *ROOT.glob("*")]:
        if path.suffix in EXTENSIONS:
            text = path.read_text("utf-8")
            found = re.search(r"pip install[^\n`]*[ \"']headstart(?![-\w./])", text)
            assert not found, f"{path}: {found[0]}"


def test_the_tested_versions_cover_what_is_asked_for():
    tested = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (version,) = requirement.specifier
            tested.setdefault(requirement.name, []).append(version.version)
    project = commands.PROJECT["project"]
    asked = [
        *project["dependencies"],
        *(line for lines in commands.EXTRAS.values() for line in lines),
    ]
    for line in asked:
        requirement = Requirement(line)
        assert requirement.name in tested, line
        for version in tested[requirement.name]:
            assert requirement.specifier.contains(version), line
