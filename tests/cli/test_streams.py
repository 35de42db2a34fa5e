"""stdout and stderr in every encoding, on a full disk, and with nobody who reads."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.cli.main import main
from headstart.cli.streams import every_text

FULL = Path("/dev/full")


def run(*words, **changed):
    """Run the command, with output kept in a buffer as it usually is."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "headstart", *words]
    how = {"env": environment, "stderr": subprocess.PIPE, "timeout": 120, **changed}
    return subprocess.run(command, check=False, **how)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_every_text_is_taken_and_the_streams_are_as_before(monkeypatch, encoding):
    file = io.BytesIO()
    stdout = io.TextIOWrapper(file, encoding=encoding)
    monkeypatch.setattr("sys.stdout", stdout)
    with every_text():
        stdout.write("赤 \udc80")
        stdout.flush()
    assert file.getvalue() == rb"\u8d64 \udc80"
    assert stdout.errors == "strict"


def test_streams_that_are_none_or_something_else_are_left_alone(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    other = io.StringIO()
    monkeypatch.setattr("sys.stderr", other)
    with every_text():
        assert (sys.stdout, sys.stderr) == (None, other)
        sys.stderr.write("赤 \udc80")
    assert other.getvalue() == "赤 \udc80"


def test_the_command_prints_labels_that_the_encoding_lacks(backbone, photos, tmp_path):
    (photos / "red").rename(photos / "赤")
    model, table = tmp_path / "model", tmp_path / "a.csv"
    assert main(["train", str(photos), "--out", str(model), "--model", backbone]) == 0
    words = ["predict", str(photos), "--model", str(model), "--csv", str(table)]
    windows = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    found = run(*words, env=windows, stdout=subprocess.PIPE)
    assert found.returncode == 0, found.stderr
    assert rb"\u8d64" in found.stdout
    assert "赤" in table.read_text("utf-8")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("words", [["models"], ["models", "--json"], ["--help"], ["cache"]])
def test_a_full_disk_is_told_without_a_traceback(words):
    with FULL.open("w") as stdout:
        found = run(*words, stdout=stdout)
    assert found.returncode == 1
    message = b"headstart: Could not write to <stdout>: No space left on device."
    assert found.stderr.splitlines()[-1].startswith(message)
    assert b"Traceback" not in found.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize("words", [["models"], ["--help"]])
def test_a_reader_that_has_left_ends_the_command_quietly(words):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        found = run(*words, stdout=writing)
    finally:
        os.close(writing)
    assert (found.returncode, found.stderr.count(b"\n")) == (141, words == ["models"])
