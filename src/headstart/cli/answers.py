"""Where ``predict`` writes: text or JSON Lines to stdout, a CSV file, a sheet."""

from __future__ import annotations

import contextlib
import csv
from typing import TYPE_CHECKING, Protocol, TextIO

from headstart.cli.output import print_json
from headstart.storage import whole_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from headstart.prediction.answer import Answer

SHEET_TILES = 60


class Output(Protocol):
    """Takes answers one by one."""

    def add(self, answer: Answer, top: int) -> None:
        """Write the `top` most probable classes of one image, or why it is unreadable."""


def open_outputs(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> list[Output]:
    """Open what the command line asks for; `stack` closes it."""
    outputs: list[Output] = [JsonLines() if arguments.json else Text()]
    if arguments.csv:
        outputs.append(Table(stack.enter_context(_whole_text(arguments.csv))))
    if arguments.sheet:
        sheet = Sheet(arguments.sheet)
        stack.push(sheet.finish)
        outputs.append(sheet)
    return outputs


class Text:
    """A block of lines for each image, for people."""

    def add(self, answer: Answer, top: int) -> None:
        """Print the block of one image."""
        print(answer.path)
        if answer.error is not None:
            print(f"    unreadable: {answer.error}")
        for note in answer.notes:
            print(f"    ({note})")
        for prediction in answer.predictions(top):
            name = str(prediction.label)
            identity = "" if prediction.id == name else f"  {prediction.id}"
            print(f"   {prediction.probability:7.1%}  {name}{identity}")


class JsonLines:
    """One JSON object on one line for each image, for programs."""

    def add(self, answer: Answer, top: int) -> None:
        """Print the line of one image."""
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
