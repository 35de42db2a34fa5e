"""What commands write: reports for people, JSON for programs, tables and sheets of predictions."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from headstart.cli.csv_files import CSV, csv_file
from headstart.cli.flags import must_come_with
from headstart.display.text import json_text, percent, shorten
from headstart.escaping import printable
from headstart.progress import write

if TYPE_CHECKING:
    import argparse
    import contextlib
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from headstart.evaluation import Tile
    from headstart.prediction.answer import Answer

    #: Writes the most probable classes of one image, or why it is unreadable.
    Write = Callable[[Answer], None]

SHEET_TILES = 60
_MOST_IN_SET = 5
#: How many classes the totals name.
TOTALS = 20


class Result(Protocol):
    """What `print_result` can print."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result for programs."""

    def to_text(self, terminal: int | None = None) -> str:
        """Return the report for people, for a terminal of this width if there is one."""


def print_lines(*lines: str, flush: bool = False) -> None:
    """Print lines on stdout, above a bar that is there.

    Parameters
    ----------
    *lines : str
        Control characters in them are escaped.
    flush : bool
        Whether a program that reads stdout must have them at once.

    Raises
    ------
    BrokenPipeError
        If nobody reads stdout any more.
    StorageError
        If stdout can't be written: the disk is full.
    """
    write("\n".join(lines), sys.stdout, flush=flush)


def print_json(value: Any, *, flush: bool = False) -> None:
    """Print one line of JSON; what stdout can't take or a terminal should not get is escaped."""
    text = json_text(value)
    print_lines(text if _can_be_written(text) else json.dumps(value), flush=flush)


def print_result(result: Result, *, as_json: bool) -> None:
    """Print a result: as a report for people, or as one line of JSON for programs."""
    if as_json:
        print_json(result.to_dict())
    else:
        print_lines(result.to_text(_terminal_width()))


def _can_be_written(text: str) -> bool:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _terminal_width() -> int | None:
    """Return the width that paths must fit: one that a line's end breaks is hard to read."""
    watched = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if watched else None


def open_outputs(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> list[Write]:
    """Open what ``predict`` was asked to write; `stack` closes it.

    Raises
    ------
    UsageError, StorageError
        If something that was asked for can't be written.
    """
    top = arguments.top
    show = print_record if arguments.json else print_text
    outputs: list[Write] = [lambda answer: show(answer, top)]
    if arguments.csv:
        settings = CSV.settings(arguments)
        table = csv_file(arguments.csv, settings, top=top, inputs=arguments.paths)
        outputs.append(stack.enter_context(table).add)
    must_come_with("--csv", [] if arguments.csv else CSV.flags_given(arguments))
    if arguments.sheet:
        sheet = Sheet(arguments.sheet, top)
        stack.push(sheet.finish)
        outputs.append(sheet.add)
    return outputs


def print_text(answer: Answer, top: int) -> None:
    """Print a block of lines for one image, for people."""
    print_lines(*_text_lines(answer, top))


def _text_lines(answer: Answer, top: int) -> Iterator[str]:
    width = _terminal_width()
    yield printable(answer.path) if width is None else shorten(answer.path, width)
    if answer.error is not None:
        yield printable(f"    unreadable: {answer.error}")
    for note in answer.notes:
        yield printable(f"    ({note})")
    if answer.unsure:
        yield printable(f"    ({why_unsure(answer)})")
    for prediction in answer.predictions(top):
        name = str(prediction.label)
        identity = "" if prediction.id == name else f"  {prediction.id}"
        yield printable(f"   {percent(prediction.probability):>7}  {name}{identity}")


def why_unsure(answer: Answer) -> str:
    """Return that the model is unsure of an image, and why, in words."""
    if answer.unlike:
        return "unsure: unlike the training images"
    if answer.prediction_set is None or len(answer.prediction_set) < 2:
        return "unsure"
    classes = " or ".join(map(str, answer.prediction_set[:_MOST_IN_SET]))
    others = len(answer.prediction_set) - _MOST_IN_SET
    more = f" or {others:,} others" if others > 0 else ""
    parent = "" if answer.parent is None else f"{answer.parent}; "
    return f"unsure: {parent}{classes}{more}"


def print_record(answer: Answer, top: int) -> None:
    """Print one line of JSON for one image, for programs."""
    print_json(answer.to_record(top))


class Totals:
    """How many images are of which class, counted by the most probable one."""

    def __init__(self) -> None:
        self._classes: Counter[str] = Counter()
        self._unsure = self._unlike = self._unreadable = 0

    @property
    def images(self) -> int:
        """How many images there were."""
        return self._classes.total() + self._unsure + self._unlike + self._unreadable

    @property
    def unreadable(self) -> int:
        """How many of them could not be read."""
        return self._unreadable

    def add(self, answer: Answer) -> None:
        """Count one image."""
        if answer.error is not None:
            self._unreadable += 1
        elif answer.unlike:
            self._unlike += 1
        elif answer.unsure:
            self._unsure += 1
        else:
            self._classes[str(answer.predictions(1)[0].label)] += 1

    def __str__(self) -> str:
        """Return the counts in one sentence, the most frequent class first."""
        frequent = self._classes.most_common(TOTALS)
        parts = [f"{printable(label)} ({count:,})" for label, count in frequent]
        others = self._classes.total() - sum(count for _, count in frequent)
        if others:
            parts.append(f"{len(self._classes) - TOTALS:,} other classes ({others:,})")
        if self._unsure:
            parts.append(f"unsure ({self._unsure:,})")
        if self._unlike:
            parts.append(f"unlike the training images ({self._unlike:,})")
        if self._unreadable:
            parts.append(f"unreadable ({self._unreadable:,})")
        return f"Totals: {', '.join(parts)}."


class Sheet:
    """An image of the first images with their predictions, drawn at the end."""

    def __init__(self, path: Path, top: int) -> None:
        self._path, self._top = path, top
        self._answers: list[Answer] = []
        self._more = 0

    def add(self, answer: Answer) -> None:
        """Keep one answer for the sheet, while there is room."""
        if len(self._answers) < SHEET_TILES:
            self._answers.append(answer)
        else:
            self._more += 1

    def finish(self, failure: object, *_: object) -> None:
        """Draw the sheet, unless the run has failed."""
        if failure is None and self._answers:
            from headstart.evaluation import draw_sheet

            draw_sheet(self._path, map(self._tile, self._answers), more=self._more)

    def _tile(self, answer: Answer) -> Tile:
        from headstart.evaluation import Tile

        unsure = why_unsure(answer) if answer.unsure else ""
        predictions = answer.predictions(self._top)
        return Tile(answer.source, predictions, error=answer.error, unsure=unsure)
