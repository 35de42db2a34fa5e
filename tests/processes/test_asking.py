"""Short processes: what they get and what they say."""

import json
import os
import textwrap

import pytest

from headstart.errors import ConversionError, UsageError, WeightsError, WeightsMismatch
from headstart.processes.asking import (
    Reply,
    ask,
    inherited_environment,
    last_json_line,
    report,
    say,
)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that a process can run; return its name."""

    def write(code):
        (tmp_path / "asked_module.py").write_text(textwrap.dedent(code))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return "asked_module"

    return write


def test_a_process_reads_the_message_and_gets_our_number(module):
    name = module(
        """
        import json, sys
        print("noise")
        print(json.dumps({"read": sys.stdin.read(), "parent": sys.argv[1]}))
        """
    )
    reply = ask(name, b"ask me", inherited_environment())
    assert (reply.answer, reply.status) == ({"read": "ask me", "parent": str(os.getpid())}, 0)


def test_an_error_is_of_the_kind_that_both_sides_know(capsys):
    print("noise")
    say(report(WeightsMismatch("another network"), (UsageError, WeightsError)))
    reply = Reply(last_json_line(capsys.readouterr().out), 0, "")
    for kinds, kind in ((WeightsError,), WeightsError), ((UsageError,), ConversionError):
        error = reply.reported(kinds)
        assert (type(error), str(error)) == (kind, "another network")
    assert Reply({"done": True}, 0, "").reported((UsageError,)) is None
    assert Reply(None, 1, "").reported((UsageError,)) is None


def test_a_failure_says_how_it_ended(module):
    reply = ask(module("raise SystemExit('no room')"), b"", inherited_environment())
    assert (reply.answer, reply.status, reply.errors) == (None, 1, "no room")


def test_a_process_that_takes_too_long_is_ended(module):
    name = module("import sys, time; print('busy', file=sys.stderr, flush=True); time.sleep(60)")
    reply = ask(name, b"", inherited_environment(), seconds=1)
    assert (reply.answer, reply.status) == (None, None)


def test_a_module_in_the_current_directory_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "asked_module.py").write_text("print({})")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert "No module named" in ask("asked_module", b"", inherited_environment()).errors


def test_what_changes_results_is_not_inherited(monkeypatch):
    for name in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("HEADSTART_CACHE", "kept")
    found = inherited_environment()
    assert found["HEADSTART_CACHE"] == "kept"
    assert not {"KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "PYTHONWARNINGS"} & found.keys()


@pytest.mark.parametrize("text", ["", "no json", "[1]", json.dumps({"a": 1}) + "\nmore"])
def test_only_an_object_in_the_last_line_is_an_answer(text):
    assert last_json_line(text) is None
