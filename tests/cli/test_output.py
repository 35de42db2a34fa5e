"""Reports for people, JSON for programs, tables and sheets of predictions."""

import contextlib
import io
import json
import shutil

import numpy as np
import pytest

import headstart.evaluation
from headstart.cli import predict
from headstart.cli.output import (
    SHEET_TILES,
    Sheet,
    Totals,
    open_outputs,
    print_json,
    print_record,
    print_result,
    print_text,
    why_unsure,
)
from headstart.cli.parser import CommandParser
from headstart.errors import ImageDamaged, UsageError
from headstart.escaping import printable
from headstart.images.sources import FileSource
from headstart.networks.classes import ClassName
from headstart.prediction.answer import Answer

CLASSES = (ClassName("n1", "ant"), ClassName("bee", "bee"))


class Result:
    def to_dict(self):
        return {"label": "größe"}

    def to_text(self, terminal=None):
        assert terminal in (None, shutil.get_terminal_size().columns)
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


def answer(source=None, **more):
    probabilities = np.array([0.75, 0.25], np.float32)
    return Answer(0, source or FileSource("a.png"), CLASSES, probabilities, **more)


def unreadable():
    return Answer(1, FileSource("b.png"), CLASSES, error=ImageDamaged("b.png is cut short."))


def test_text_is_a_block_for_each_image(capsys):
    print_text(answer(notes=("animated: first frame; 12 in all",)), 2)
    print_text(unreadable(), 2)
    assert capsys.readouterr().out.splitlines() == [
        "a.png",
        "    (animated: first frame; 12 in all)",
        "    75.0 %  ant  n1",
        "    25.0 %  bee",
        "b.png",
        "    unreadable: b.png is cut short.",
    ]


@pytest.mark.parametrize(("share", "shown"), [(0.9997, "99.9 %"), (0.0002, "0.1 %")])
def test_what_is_not_certain_is_not_shown_as_certain(capsys, share, shown):
    scores = np.array([share, 1 - share], np.float32)
    print_text(Answer(0, FileSource("a.png"), CLASSES, scores), 2)
    written = capsys.readouterr().out
    assert shown in written
    assert "100.0 %" not in written
    assert " 0.0 %" not in written


@pytest.mark.parametrize("watched", [True, False])
def test_long_paths_are_shortened_on_a_terminal_only(capsys, monkeypatch, watched):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout.isatty", lambda: watched)
    path = f"{'deep/' * 20}image.png"
    print_text(answer(FileSource(path)), 1)
    print_record(answer(FileSource(path)), 1)
    shown, _, record = capsys.readouterr().out.splitlines()
    assert json.loads(record)["path"] == path
    if not watched:
        assert shown == path
    else:
        assert len(shown) == 40
        assert shown.startswith("deep/deep/")
        assert shown.endswith("deep/image.png")


def test_names_in_text_move_no_cursor(capsys):
    source = FileSource("a\n\x1b[2J\udc80.png")
    classes = (ClassName("n1", "an\rt"), CLASSES[1])
    print_text(Answer(0, source, classes, np.array([0.75, 0.25], np.float32)), 1)
    assert capsys.readouterr().out.splitlines() == [
        "a\\n\\x1b[2J\\x80.png",
        "    75.0 %  an\\rt  n1",
    ]


def test_json_is_a_line_for_each_image(capsys):
    print_record(answer(), 1)
    print_record(unreadable(), 1)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"path": "a.png", "predictions": [{"id": "n1", "label": "ant", "probability": 0.75}]},
        {"path": "b.png", "error": {"type": "ImageDamaged", "message": "b.png is cut short."}},
    ]


def test_what_is_unsure_is_said(capsys):
    print_text(answer(unsure=True), 1)
    print_record(answer(unsure=True), 1)
    *text, record = capsys.readouterr().out.splitlines()
    assert text == ["a.png", "    (unsure)", "    75.0 %  ant  n1"]
    assert json.loads(record)["unsure"] is True


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        ({"prediction_set": ("ant", "bee")}, "unsure: ant or bee"),
        ({"prediction_set": ("ant", "bee"), "parent": "insect"}, "unsure: insect; ant or bee"),
        ({"prediction_set": ("ant", "bee"), "unlike": True}, "unsure: unlike the training images"),
        ({"prediction_set": tuple("abcdefg")}, "unsure: a or b or c or d or e or 2 others"),
        ({"prediction_set": ("ant",)}, "unsure"),
    ],
)
def test_why_a_model_is_unsure_is_said(verdict, why):
    assert why_unsure(answer(unsure=True, **verdict)) == why


def test_totals_count_each_image_once():
    totals = Totals()
    unlike = answer(unsure=True, unlike=True)
    for each in (answer(), answer(), answer(unsure=True), unlike, unreadable()):
        totals.add(each)
    assert str(totals) == (
        "Totals: ant (2), unsure (1), unlike the training images (1), unreadable (1)."
    )
    assert (totals.images, totals.unreadable) == (5, 1)


def test_totals_name_the_most_frequent_classes(monkeypatch):
    monkeypatch.setattr("headstart.cli.output.TOTALS", 1)
    totals = Totals()
    probabilities = np.eye(4, dtype=np.float32)
    classes = tuple(ClassName(name, name) for name in ("a\nb", "c", "d", "e"))
    for best in (0, 0, 1, 2, 2, 2):
        totals.add(Answer(0, FileSource("a.png"), classes, probabilities[best]))
    assert str(totals) == "Totals: d (3), 2 other classes (3)."
    monkeypatch.setattr("headstart.cli.output.TOTALS", 2)
    assert str(totals) == "Totals: d (3), a\\nb (2), 1 other classes (1)."


@pytest.fixture
def drawn(monkeypatch):
    """What `draw_sheet` was called with."""
    calls = []

    def draw(path, tiles, **settings):
        calls.append((path, [(tile.source.name, tile.error) for tile in tiles], settings))

    monkeypatch.setattr(headstart.evaluation, "draw_sheet", draw)
    return calls


def test_a_sheet_shows_the_first_images_and_counts_the_others(drawn, tmp_path):
    sheet = Sheet(tmp_path / "sheet.png", 1)
    for _ in range(SHEET_TILES + 3):
        sheet.add(answer())
    sheet.finish(None)
    ((path, tiles, settings),) = drawn
    assert path == tmp_path / "sheet.png"
    assert tiles == [("a.png", None)] * SHEET_TILES
    assert settings == {"more": 3}


def test_no_sheet_is_drawn_of_nothing_or_after_a_failure(drawn, tmp_path):
    Sheet(tmp_path / "sheet.png", 1).finish(None)
    sheet = Sheet(tmp_path / "sheet.png", 1)
    sheet.add(answer())
    sheet.finish(KeyboardInterrupt)
    assert not drawn


def asked(*words):
    return CommandParser(predict).parse_args(["photos", *words])


def test_what_is_asked_for_is_opened(tmp_path, capsys):
    words = ["--json", "--csv", str(tmp_path / "t.csv"), "--sheet", str(tmp_path / "s.png")]
    with contextlib.ExitStack() as stack:
        show, *others = open_outputs(asked(*words), stack)
        show(answer())
        assert [write.__qualname__ for write in others] == ["WideTable.add", "Sheet.add"]
    assert json.loads(capsys.readouterr().out)["path"] == "a.png"
    assert (tmp_path / "t.csv").is_file()
    with contextlib.ExitStack() as stack:
        (show,) = open_outputs(asked(), stack)
        show(answer())
    assert capsys.readouterr().out.startswith("a.png\n")


def test_settings_of_a_table_need_a_table():
    with contextlib.ExitStack() as stack, pytest.raises(UsageError, match="must come with --csv"):
        open_outputs(asked("--csv-format", "long"), stack)
