"""Bars for those who watch, messages for everybody, and silence on request."""

import sys

import pytest
from tests.recorder import Recorder

from headstart.progress import Bars, NoProgress, track


class Terminal:
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


def test_what_is_tracked_comes_through_in_order_and_is_counted():
    progress = Recorder()
    assert list(track(progress, "abc", "spelling", 3)) == ["a", "b", "c"]
    assert progress.bars == [["spelling", 3, "image", 3]]


def test_bars_are_for_those_who_watch(capsys):
    assert list(track(None, range(3), "counting")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_bar_shows_what_how_much_and_of_how_much(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("headstart.progress._DELAY", 0)
    with Bars().bar("downloading", 2_000_000, unit="B") as advance:
        advance(1_000_000)
    assert "downloading" in terminal.text
    assert "2.00M" in terminal.text


def test_messages_go_to_stderr(capsys):
    Bars().say("half done")
    assert capsys.readouterr() == ("", "half done\n")


def test_silence(capsys):
    with NoProgress().bar("counting", 3) as advance:
        advance(1)
    NoProgress().say("half done")
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_closed_when_its_job_fails(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ValueError, match="no"), Bars().bar("counting", 3):
        raise ValueError("no")
