"""Bars for those who watch, messages for everybody, and silence on request."""

import errno
import io
import re
import sys

import pytest
import tqdm
from tests.recorder import Recorder

from headstart.errors import StorageError
from headstart.progress import Bars, NoProgress, flush, track, write


class Terminal:
    name = "<terminal>"

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


def test_a_notebook_without_widgets_shows_a_bar_of_text(monkeypatch):
    output = io.StringIO()
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(sys, "stderr", output)
    monkeypatch.setattr("headstart.progress._DELAY", 0)
    with Bars().bar("predicting", 3) as advance:
        advance(2)
        Bars().say("message")
    assert "2/3" in output.getvalue()
    assert screen(output.getvalue()) == ["message", ""]


def test_messages_go_to_stderr(capsys):
    Bars().say("half done")
    assert capsys.readouterr() == ("", "half done\n")


class Full(io.StringIO):
    name = "<stdout>"

    def flush(self):
        raise OSError(errno.ENOSPC, "No space left on device")


class Closed(Full):
    def flush(self):
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [Full(), Closed()])
def test_a_job_does_not_end_because_its_messages_are_lost(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    Bars().say("half done")
    monkeypatch.setattr(sys, "stderr", None)
    Bars().say("half done")


def test_results_that_can_not_be_written_are_an_error():
    for act in (flush, lambda stream: write("found", stream)):
        with pytest.raises(StorageError, match=r"write to <stdout>: No space left .*Free some"):
            act(Full())
        with pytest.raises(BrokenPipeError):
            act(Closed())


def test_a_stream_without_a_name_is_called_what_it_is():
    class Capture(Full):
        name = None

    with pytest.raises(StorageError, match="write to Capture: No space left"):
        flush(Capture())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_every_text_is_written_in_every_encoding(monkeypatch, encoding):
    file = io.BytesIO()
    stream = io.TextIOWrapper(file, encoding=encoding, newline="")
    write("größe 赤 \udc80", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    Bars().say("größe 赤")
    first, second, end = file.getvalue().decode(encoding).split("\n")
    assert first in {"größe 赤 \\udc80", "größe \\u8d64 \\udc80", "gr\\xf6\\xdfe \\u8d64 \\udc80"}
    assert (second, end) == (first.removesuffix(" \\udc80"), "")


def test_without_a_stream_nothing_is_written():
    write("found", None)
    flush(None)


def test_what_is_written_moves_no_cursor(capsys):
    write("a\rb\x1b[2J\nc", sys.stdout)
    assert capsys.readouterr().out == "a\\rb\\x1b[2J\nc\n"


def screen(text):
    """Return the lines that a terminal shows of `text`."""
    lines, column = [[]], 0
    for char in re.sub(r"\x1b\[A", "", text):
        if char == "\r":
            column = 0
        elif char == "\n":
            lines.append([])
            column = 0
        else:
            lines[-1][column:column] = [" "] * (column - len(lines[-1]))
            lines[-1][column : column + 1] = [char]
            column += 1
    return ["".join(line).rstrip() for line in lines]


@pytest.mark.parametrize("delay", [0, 1000])
def test_results_and_messages_stand_above_a_bar_and_the_bar_leaves_nothing(monkeypatch, delay):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("headstart.progress._DELAY", delay)
    with Bars().bar("predicting", 3) as advance:
        for name in ("a.png", "b.png", "c.png"):
            write(f"{name}\n    75 %  fox", sys.stdout)
            advance(1)
            Bars().say(f"read {name}")
        assert ("predicting" in screen(terminal.text)[-1]) == (delay == 0)
    blocks = "".join(f"{name}.png\n    75 %  fox\nread {name}.png\n" for name in "abc")
    assert screen(terminal.text) == blocks.split("\n")


def test_a_bar_is_not_drawn_again_for_what_goes_to_a_file(monkeypatch, tmp_path):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("headstart.progress._DELAY", 0)
    with Bars().bar("predicting", 3) as advance, (tmp_path / "out").open("w") as file:
        advance(1)
        drawn = len(terminal.text)
        write("a.png", file)
        assert len(terminal.text) == drawn


def test_silence(capsys):
    with NoProgress().bar("counting", 3) as advance:
        advance(1)
    NoProgress().say("half done")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("columns", "used"), [(80, 78), (2, 1), (None, None)])
def test_a_bar_leaves_room_for_the_sign_of_an_interruption(monkeypatch, columns, used):
    bars = []
    make = tqdm.tqdm

    def remembered(**how):
        bars.append(make(**how))
        bars[0].dynamic_ncols = lambda _: (columns, 24)
        return bars[0]

    monkeypatch.setattr("headstart.progress._bar_for_here", lambda: remembered)
    monkeypatch.setattr("headstart.progress._DELAY", 0)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Bars().bar("predicting", 3) as advance:
        advance(1)
        assert bars[0].dynamic_ncols(None) == (used, 24)


def test_a_bar_is_closed_when_its_job_fails(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ValueError, match="no"), Bars().bar("counting", 3):
        raise ValueError("no")
