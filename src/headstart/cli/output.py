"""What commands write: reports for people, JSON for programs, tables and sheets of predictions."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from headstart.display.text import printable
from headstart.progress import write
from headstart.storage import whole_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from headstart.prediction.answer import Answer

    #: Writes the most probable classes of one image, or why it is unreadable: (answer, top).
    Write = Callable[[Answer, int], None]

SHEET_TILES = 60


class Result(Protocol):
    """What `print_result` can print."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result for programs."""


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
    text = json.dumps(value, ensure_ascii=False)
    if printable(text) != text or not _can_be_written(text):
        text = json.dumps(value)
    print_lines(text, flush=flush)


def print_result(result: Result, *, as_json: bool) -> None:
    """Print a result: as a report for people, or as one line of JSON for programs."""
    if as_json:
        print_json(result.to_dict())
    else:
        print_lines(str(result))


def _can_be_written(text: str) -> bool:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def open_outputs(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> list[Write]:
    """Open what ``predict`` was asked to write; `stack` closes it."""
    outputs: list[Write] = [print_record if arguments.json else print_text]
    if arguments.csv:
        outputs.append(Table(stack.enter_context(_whole_text(arguments.csv))).add)
    if arguments.sheet:
        sheet = Sheet(arguments.sheet)
        stack.push(sheet.finish)
        outputs.append(sheet.add)
    return outputs


def print_text(answer: Answer, top: int) -> None:
    """Print a block of lines for one image, for people."""
    print_lines(*_text_lines(answer, top))


def _text_lines(answer: Answer, top: int) -> Iterator[str]:
    yield printable(answer.path)
    if answer.error is not None:
        yield printable(f"    unreadable: {answer.error}")
    for note in answer.notes:
        yield printable(f"    ({note})")
    for prediction in answer.predictions(top):
        name = str(prediction.label)
        identity = "" if prediction.id == name else f"  {prediction.id}"
        yield printable(f"   {prediction.probability:7.1%}  {name}{identity}")


def print_record(answer: Answer, top: int) -> None:
    """Print one line of JSON for one image, for programs."""
    print_json(answer.to_record(top))


class Table:
    """Comma-separated values: a row for each image and class, one row for an unreadable image."""

    COLUMNS = ("path", "rank", "id", "label", "probability", "error", "message")

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(self.COLUMNS)

    def add(self, answer: Answer, top: int) -> None:
        """Write the rows of one image."""
        if answer.error is not None:
            error = answer.error
            self._writer.writerow([answer.path, "", "", "", "", type(error).__name__, str(error)])
        for rank, found in enumerate(answer.predictions(top), start=1):
            probability = f"{found.probability:.6f}"
            self._writer.writerow([answer.path, rank, found.id, found.label, probability, "", ""])


class Sheet:
    """An image of the first images with their predictions, drawn at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: list[tuple[Answer, int]] = []
        self._more = 0

    def add(self, answer: Answer, top: int) -> None:
        """Keep one answer for the sheet, while there is room."""
        if len(self._answers) < SHEET_TILES:
            self._answers.append((answer, top))
        else:
            self._more += 1

    def finish(self, failure: object, *_: object) -> None:
        """Draw the sheet, unless the run has failed."""
        if failure is None and self._answers:
            from headstart.evaluation import Tile, draw_sheet

            tiles = (Tile(a.source, a.predictions(top), error=a.error) for a, top in self._answers)
            draw_sheet(self._path, tiles, more=self._more)


@contextlib.contextmanager
def _whole_text(path: Path) -> Iterator[TextIO]:
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        yield file
