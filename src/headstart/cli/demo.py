"""``headstart demo``: the whole job, on example images."""

import argparse
import contextlib
import io
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from headstart.cli import predict, train
from headstart.cli.output import print_lines
from headstart.cli.parser import WIDTH, Command, CommandParser, add_option

# The commands that the demo shows.
COMMANDS: dict[str, Command] = {"predict": predict, "train": train}

USAGE = "[options]"

DESCRIPTION = """\
Do the whole job on example images, without an internet connection: recognise a photo, train a
model to read handwritten digits, test it, and use it on new digits. The digits come with
scikit-learn, the photo and the neural network (mini) with headstart. The demo shows each command as
you would type it, so that you can run it on images of your own.

It takes less than a minute on two processor cores and about 35 MB of disk space: 20 MB in DIR and
15 MB in headstart's cache (see 'headstart cache')."""


EPILOG = ""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    out = "a new or empty folder for images and results"
    add_option(parser, "--out DIR", out, Path, Path("headstart-demo"))
    overwrite = "replace the demo that is in DIR; files of your own stay"
    parser.add_argument("--overwrite", action="store_true", help=overwrite)


def run(arguments: argparse.Namespace) -> int:
    """Write the images, run each step, and print the results."""
    from headstart import demo

    began = time.perf_counter()
    folder: Path = arguments.out
    n = demo.prepare(folder, overwrite=arguments.overwrite)
    _print(f"Wrote {n:,} handwritten digits and a photo into {folder}.")
    result = []
    for number, step in enumerate(demo.steps(folder), start=1):
        _print("", f"{number}. {step.heading}", f"$ {demo.typed(step.words)}")
        status, records = _run([*step.words, *["--quiet"] * arguments.quiet])
        if status:
            return status
        if step.words[0] == "train":
            accuracy = _accuracy(records[0])
            result.append(f"On new digits, {accuracy}")
            _print(_trained(records[0]), accuracy)
        else:
            _print(*_answers(records))
    result += ["Images to look at:", *_images(demo.to_look_at(folder))]
    demo.finish(folder, result)
    _print("", f"Done in {time.perf_counter() - began:.0f} s.", *result, "")
    own = (f"$ {demo.typed(words)}" for words in demo.OWN_PHOTOS)
    _print("To use photos of your own, put them in one folder for each class:", *own)
    return 0


def _print(*lines: str) -> None:
    # Flushed, so that the messages of commands on stderr come in the right place.
    print_lines(*lines, flush=True)


def _run(words: Sequence[str]) -> tuple[int, list[dict[str, Any]]]:
    """Run a command as if it were typed; return its exit status and what it printed as JSON."""
    command = COMMANDS[words[0]]
    arguments = CommandParser(command).parse_args([*words[1:], "--json"])
    # The report that `train` prints for people would fill a page here.
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        status = command.run(arguments)
    return status, [json.loads(line) for line in printed.getvalue().splitlines()]


def _trained(summary: dict[str, Any]) -> str:
    others = f"on {summary['n_test']:,} others"
    tested = others if summary["folds"] is None else "by cross-validation"
    return (
        f"Trained on {summary['n_train']:,} images with {summary['backbone']}, tested {tested}, "
        f"in {summary['seconds']:.1f} s."
    )


def _accuracy(summary: dict[str, Any]) -> str:
    from headstart.display.text import headline

    n = summary["n_test"]
    n_right = n - len(summary["evaluation"]["mistakes"])
    return headline(n_right, n, summary["interval"])


def _answers(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield lines with the predictions of each image, several images on a line if they fit."""
    cells = [_answer(record) for record in records]
    width = max(map(len, cells))
    across = max(1, WIDTH // (width + 4))
    for start in range(0, len(cells), across):
        row = cells[start : start + across]
        yield "  " + "    ".join(f"{cell:{width}}" for cell in row).rstrip()


def _answer(record: dict[str, Any]) -> str:
    from headstart.display.text import percent

    found = (f"{item['label']} ({percent(item['probability'])})" for item in record["predictions"])
    return f"{Path(record['path']).name}: {', '.join(found)}"


def _images(images: Iterable[tuple[Path, str]]) -> Iterator[str]:
    """Yield a line for each image: where it is, and what it shows."""
    rows = [(str(path), what) for path, what in images]
    width = max(len(path) for path, _ in rows)
    return (f"  {path:{width}}  {what}" for path, what in rows)
