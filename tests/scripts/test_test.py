"""``scripts/test.py``: the suite in an environment of its own."""

from pathlib import Path

import pytest

EXTRAS = (
    *("check", "dicom", "finetune", "heic", "int8", "litert", "onnx", "pandas", "parquet", "text"),
    "tiff",
)


@pytest.fixture
def calls(environment, monkeypatch):
    """What the script makes and runs; nothing is installed, every program succeeds."""
    seen = []

    def make(folder, *what):
        seen.append(("make", folder.name, *what))
        return Path("bin")

    def make_lowest(folder, extras, *groups):
        seen.append(("make lowest", folder.name, extras, *groups))
        return Path("bin")

    def call(_, name, *arguments):
        seen.append((name, *arguments))
        return 0

    monkeypatch.setattr(environment, "make", make)
    monkeypatch.setattr(environment, "make_lowest", make_lowest)
    monkeypatch.setattr(environment, "call", call)
    return seen


def test_it_tests_the_wheel_with_all_extras(calls, run):
    assert run("test.py") == 0
    assert calls == [
        ("make", ".venv-test", f".[{','.join(EXTRAS)}]", "--group=test"),
        ("make", ".venv-test", "--force-reinstall", "--no-deps", "."),
        ("pytest", "-n", "auto"),
    ]


def test_the_lowest_versions_have_an_environment_of_their_own(calls, run):
    assert run("test.py", "--lowest", "-m", "slow") == 0
    assert calls == [("make lowest", ".venv-lowest", EXTRAS, "test"), ("pytest", "-m", "slow")]


@pytest.mark.parametrize("lowest", [[], ["--lowest"]])
def test_torch_is_installed_if_asked_for(calls, run, lowest):
    assert run("test.py", "--torch", *lowest) == 0
    assert "gpu" in calls[0][2]
    assert calls[-1] == ("pytest", "-n", "auto")


def test_checks_come_first_and_stop_at_the_first_failure(calls, run, environment, monkeypatch):
    def fail(_, name, *arguments):
        calls.append((name, *arguments))
        return 3

    monkeypatch.setattr(environment, "call", fail)
    assert run("test.py", "--checks", "--venv", "elsewhere") == 3
    assert calls[-1] == ("ruff", "check", ".")
    assert calls[0][-2:] == ("--group=test", "--group=lint")
    assert {folder for kind, folder, *_ in calls if kind == "make"} == {"elsewhere"}
