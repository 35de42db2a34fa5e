"""The commands in documents, and whether the programs take them."""

import importlib
import itertools
import re
import shlex
import tomllib

from tests.documents.markdown import ROOT

from headstart.backbones.catalogue import backbones
from headstart.cli.main import COMMANDS
from headstart.cli.parser import CommandParser

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS = PROJECT["dependency-groups"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
MARKERS = {
    marker.partition(":")[0] for marker in PROJECT["tool"]["pytest"]["ini_options"]["markers"]
}
#: Programs that documents name and that are not ours: only their names are checked.
OTHER_PROGRAMS = {".", "find", "git", "jq", "lint-imports", "mypy", "pre-commit", "ruff"}


def commands(block):
    """Return the commands of a ``sh`` or ``console`` block, each as a list of words.

    A ``console`` block shows commands behind ``$``, and what they print.
    """
    text = block.text.replace("\\\n", " ")
    lines = text.splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [command for line in lines for command in split(line)]


def split(line):
    """Return the commands of one line, which ``&&`` or ``|`` may separate, as lists of words."""
    words = shlex.split(line, comments=True)
    found, command = [], []
    for word in [*words, "&&"]:
        if word not in ("&&", "|"):
            command.append(word)
        elif command:
            found.append(command)
            command = []
    return found


def check(words):
    """Raise AssertionError if the program `words` begin with does not take the others."""
    program, *rest = words
    if "=" in program and rest:  # VARIABLE=value program ...
        return check(rest)
    if program == "python" and rest[:2] == ["-m", "pip"]:
        return check(rest[1:])
    checks = {
        "headstart": check_headstart,
        "pip": check_pip,
        "python": check_script,
        "bash": check_script,
        "pytest": check_pytest,
    }
    assert program in checks or program in OTHER_PROGRAMS, f"unknown program: {program}"
    return checks[program](rest) if program in checks else None


def check_headstart(words):
    if words and words[0].startswith("-"):
        assert words[0] in ("-h", "--help", "--version"), words
        return
    assert words, "headstart needs a command"
    assert words[0] in COMMANDS, f"no command {words[0]}"
    try:
        parser_of(words[0]).parse_args(words[1:])
    except SystemExit as ending:
        if ending.code:
            raise AssertionError(f"headstart refuses: {shlex.join(words)}") from ending


def parser_of(command):
    return CommandParser(importlib.import_module(f"headstart.cli.{command}"))


def check_pip(words):
    for word in words:
        extras = re.search(r"\[(.+)\]", word)
        assert not extras or set(extras[1].split(",")) <= set(EXTRAS), word
    for group in _values(words, "--group"):
        assert group in GROUPS, f"no group {group}"
    for file in _values(words, "-c"):
        assert (ROOT / file).is_file(), file


def check_script(words):
    """Check that a script of the project exists and knows its options."""
    if words[:2] == ["-m", "venv"]:
        return
    if words[0] == "-m":
        assert words[1] == "headstart", words
        check_headstart(words[2:])
        return
    script = ROOT / words[0]
    assert script.is_file(), f"there is no {words[0]}"
    # scripts/try.py hands on what it does not know to headstart, scripts/test.py to pytest.
    known = options_in(script.parent) | headstart_options() | {"--help", "-m", "-n"}
    for word in words[1:]:
        if word.startswith("-"):
            assert word.partition("=")[0] in known, f"{words[0]} does not know {word}"


def check_pytest(words):
    for expression in _values(words, "-m"):
        named = set(re.findall(r"\w+", expression)) - {"and", "not", "or"}
        assert named <= MARKERS, expression
    for word in words:
        if "/" in word:
            assert (ROOT / word.partition("::")[0]).exists(), word


def _values(words, option):
    return [value for name, value in itertools.pairwise(words) if name == option]


def headstart_options():
    """Return every option of every command."""
    return {
        option
        for command in COMMANDS
        for action in parser_of(command)._actions
        for option in action.option_strings
    } | {"--version"}


def options_in(folder):
    """Return the options that the scripts in `folder` define."""
    sources = [path.read_text("utf-8") for path in folder.rglob("*.py")]
    if folder.name == "recipes":  # their options are made of their functions' parameters
        sources = [re.sub(r"\b(\w+): [\w |]+ = ", r'"--\1" ', source) for source in sources]
    return {option for source in sources for option in re.findall(r'"(--[a-z][a-z0-9-]*)"', source)}


def catalogue():
    """Return the names of the networks whose weights would have to be downloaded."""
    return {backbone.name for backbone in backbones()} - {"mini"}
