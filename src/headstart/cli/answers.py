"""Where the answers of ``predict`` go: text or JSON Lines on stdout, a CSV file, a sheet."""

import argparse
import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from headstart.cli.output import print_json
from headstart.storage import whole_file

if TYPE_CHECKING:
    from headstart.prediction.answer import Answer

SHEET_TILES = 60


class Output(Protocol):
    """Takes answers one by one."""

    def add(self, answer: "Answer") -> None:
        """Take one picture's answer."""


def open_outputs(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> list[Output]:
    """Open what the command line asks for; `stack` closes it."""
    outputs: list[Output] = [JsonLines(arguments.top) if arguments.json else Text(arguments.top)]
    if arguments.csv:
        file = stack.enter_context(_whole_text(arguments.csv))
        outputs.append(Table(file, arguments.top))
    if arguments.sheet:
        sheet = Sheet(arguments.sheet, arguments.top)
        stack.push(sheet.finish)
        outputs.append(sheet)
    return outputs


class Text:
    """A block of lines a picture, for people."""

    def __init__(self, top: int) -> None:
        self._top = top

    def add(self, answer: "Answer") -> None:
        """Print one picture's answer."""
        print(answer.path)
        if answer.error is not None:
            print(f"    refused: {answer.error}")
        for note in answer.notes:
            print(f"    ({note})")
        for prediction in answer.predictions(self._top):
            name = str(prediction.label)
            identity = "" if prediction.id == name else f"  {prediction.id}"
            print(f"   {prediction.probability:7.1%}  {name}{identity}")


class JsonLines:
    """One JSON object a line and picture, for programs."""

    def __init__(self, top: int) -> None:
        self._top = top

    def add(self, answer: "Answer") -> None:
        """Print one picture's answer."""
        print_json(answer.to_record(self._top))


class Table:
    """Comma-separated: a row a picture and class; a refused picture is one row with its error."""

    COLUMNS = ("path", "rank", "id", "label", "probability", "error", "message")

    def __init__(self, file: TextIO, top: int) -> None:
        self._top = top
        self._writer = csv.writer(file)
        self._writer.writerow(self.COLUMNS)

    def add(self, answer: "Answer") -> None:
        """Write one picture's rows."""
        if answer.error is not None:
            error = answer.error
            self._writer.writerow([answer.path, "", "", "", "", type(error).__name__, str(error)])
        for rank, prediction in enumerate(answer.predictions(self._top), start=1):
            row = (
                answer.path,
                rank,
                prediction.id,
                prediction.label,
                f"{prediction.probability:.6f}",
            )
            self._writer.writerow([*row, "", ""])


class Sheet:
    """The first pictures with their answers, drawn once all are there."""

    def __init__(self, path: Path, top: int) -> None:
        self._path = path
        self._top = top
        self._answers: list[Answer] = []
        self._left_out = 0

    def add(self, answer: "Answer") -> None:
        """Keep one picture's answer for the sheet, while there is room."""
        if len(self._answers) < SHEET_TILES:
            self._answers.append(answer)
        else:
            self._left_out += 1

    def finish(self, failure: object, *_: object) -> None:
        """Draw the sheet, unless the run has failed."""
        if failure is None and self._answers:
            from headstart.evaluation import Tile, draw_sheet

            tiles = (Tile(a.source, a.predictions(self._top), error=a.error) for a in self._answers)
            draw_sheet(self._path, tiles, more=self._left_out)


@contextlib.contextmanager
def _whole_text(path: Path) -> Iterator[TextIO]:
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        yield file
