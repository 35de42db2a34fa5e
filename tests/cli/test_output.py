"""Reports for people, JSON for programs, tables and sheets of predictions."""

import argparse
import contextlib
import csv
import io
import json

import numpy as np
import pytest

import headstart.evaluation
from headstart.backbones.classes import ClassName
from headstart.cli.output import (
    SHEET_TILES,
    Sheet,
    Table,
    open_outputs,
    print_json,
    print_record,
    print_result,
    print_text,
)
from headstart.data.sources import FileSource
from headstart.display.text import printable
from headstart.errors import ImageDamaged
from headstart.prediction.answer import Answer

CLASSES = (ClassName("n1", "ant"), ClassName("bee", "bee"))


class Result:
    def to_dict(self):
        return {"label": "größe"}

    def __str__(self):
        return "All is well."


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize(
    ("as_json", "out"), [(False, "All is well.\n"), (True, '{"label": "größe"}\n')]
)
def test_stdout_gets_the_report_unless_json_is_asked_for(
    capsys, monkeypatch, watched, as_json, out
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: watched)
    print_result(Result(), as_json=as_json)
    assert capsys.readouterr() == (out, "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
@pytest.mark.parametrize("label", ["größe", "赤", "🦊", "\udc80", "a\x85\u202eb\x7f"])
def test_json_is_json_in_every_encoding(monkeypatch, encoding, label):
    file = io.BytesIO()
    stdout = io.TextIOWrapper(file, encoding=encoding)
    monkeypatch.setattr("sys.stdout", stdout)
    print_json({"label": label}, flush=True)
    written = file.getvalue().decode(encoding)
    assert json.loads(written) == {"label": label}
    assert printable(written.rstrip("\n")) == written.rstrip("\n")


def test_json_is_one_line(capsys):
    print_json({"text": "two\nlines"})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"text": "two\nlines"}


def answer(**more):
    probabilities = np.array([0.75, 0.25], np.float32)
    return Answer(0, FileSource("a.png"), CLASSES, probabilities, **more)


def unreadable():
    return Answer(1, FileSource("b.png"), CLASSES, error=ImageDamaged("b.png is cut short."))


def test_text_is_a_block_for_each_image(capsys):
    print_text(answer(notes=("animated: first frame; 12 in all",)), 2)
    print_text(unreadable(), 2)
    assert capsys.readouterr().out.splitlines() == [
        "a.png",
        "    (animated: first frame; 12 in all)",
        "     75.0%  ant  n1",
        "     25.0%  bee",
        "b.png",
        "    unreadable: b.png is cut short.",
    ]


def test_names_in_text_move_no_cursor(capsys):
    source = FileSource("a\n\x1b[2J\udc80.png")
    classes = (ClassName("n1", "an\rt"), CLASSES[1])
    print_text(Answer(0, source, classes, np.array([0.75, 0.25], np.float32)), 1)
    assert capsys.readouterr().out.splitlines() == [
        "a\\n\\x1b[2J\\x80.png",
        "     75.0%  an\\rt  n1",
    ]


def test_json_is_a_line_for_each_image(capsys):
    print_record(answer(), 1)
    print_record(unreadable(), 1)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"path": "a.png", "predictions": [{"id": "n1", "label": "ant", "probability": 0.75}]},
        {"path": "b.png", "error": {"type": "ImageDamaged", "message": "b.png is cut short."}},
    ]


def test_a_table_has_a_row_for_each_class_and_one_for_an_unreadable_image(tmp_path):
    with (tmp_path / "table.csv").open("w", newline="") as file:
        table = Table(file)
        table.add(answer(), 2)
        table.add(unreadable(), 2)
    with (tmp_path / "table.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["path", "rank", "id", "label", "probability", "error", "message"],
            ["a.png", "1", "n1", "ant", "0.750000", "", ""],
            ["a.png", "2", "bee", "bee", "0.250000", "", ""],
            ["b.png", "", "", "", "", "ImageDamaged", "b.png is cut short."],
        ]


@pytest.fixture
def drawn(monkeypatch):
    """What `draw_sheet` was called with."""
    calls = []

    def draw(path, tiles, **settings):
        calls.append((path, [(tile.source.name, tile.error) for tile in tiles], settings))

    monkeypatch.setattr(headstart.evaluation, "draw_sheet", draw)
    return calls


def test_a_sheet_shows_the_first_images_and_counts_the_others(drawn, tmp_path):
    sheet = Sheet(tmp_path / "sheet.png")
    for _ in range(SHEET_TILES + 3):
        sheet.add(answer(), 1)
    sheet.finish(None)
    ((path, tiles, settings),) = drawn
    assert path == tmp_path / "sheet.png"
    assert tiles == [("a.png", None)] * SHEET_TILES
    assert settings == {"more": 3}


def test_no_sheet_is_drawn_of_nothing_or_after_a_failure(drawn, tmp_path):
    Sheet(tmp_path / "sheet.png").finish(None)
    sheet = Sheet(tmp_path / "sheet.png")
    sheet.add(answer(), 1)
    sheet.finish(KeyboardInterrupt)
    assert not drawn


def test_what_is_asked_for_is_opened(tmp_path):
    asked = argparse.Namespace(json=True, csv=tmp_path / "t.csv", sheet=tmp_path / "s.png")
    with contextlib.ExitStack() as stack:
        record, *others = open_outputs(asked, stack)
    assert record is print_record
    assert [write.__qualname__ for write in others] == ["Table.add", "Sheet.add"]
    assert (tmp_path / "t.csv").is_file()
    asked = argparse.Namespace(json=False, csv=None, sheet=None)
    with contextlib.ExitStack() as stack:
        assert open_outputs(asked, stack) == [print_text]
