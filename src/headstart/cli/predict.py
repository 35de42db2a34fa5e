"""``headstart predict``: what is in images."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.csv_files import CSV
from headstart.cli.flags import Flags
from headstart.cli.options import FEATURES, PREDICTING
from headstart.cli.output import Totals, open_outputs
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.errors import UsageError
from headstart.prediction.unsure_rule import UnsureRule
from headstart.progress import flush, track

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from headstart.backbones.spec import NetworkSpec
    from headstart.data.discovery import Found
    from headstart.features.settings import FeatureSettings
    from headstart.jobs.sorting import SortedCopies
    from headstart.prediction.answer import Answer
    from headstart.prediction.predictor import Predictor
    from headstart.progress import Progress

USAGE = "PATH... [options]"

DESCRIPTION = """\
Say what is in images: the most probable classes of each, with probabilities.

PATH is an image, a folder, a zip archive or a pattern such as 'photos/*.jpg'.
The PATH '-' reads paths from standard input, one on each line or separated by
NUL, or one image."""

EPILOG = """\
examples:
  headstart predict tiger.jpg
  headstart predict photos/ --model resnet50 --top 3 --csv predictions.csv
  headstart predict photos/ --model my-model/ --sheet predictions.png
  headstart predict photos/ --model clip_vit_b32 --classes tiger "a lion"
  headstart predict photos/ --model my-model/ --unsure-below 0.8 --sort-into out"""


UNSURE = Flags(UnsureRule(), names={"below": "--unsure-below P"})


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("paths", "PATH", type=options.path_text, nargs="+")
    PREDICTING.add(parser, "backbone")
    add_option(parser, "--top K", "how many classes to show for each image", options.positive, 5)
    options.add_json(parser, "one line for each image")
    add_option(parser, "--csv FILE", "also write a table: a row for each image", options.table)
    sheet = "also draw the images with their predictions"
    add_option(parser, "--sheet FILE.png", sheet, options.png)
    UNSURE.add(parser)
    sort = "also copy each image into the folder of its class in FOLDER"
    add_option(parser, "--sort-into FOLDER", sort, options.path)
    texts = parser.heading("classes that are texts", "With clip_vit_b32 or siglip2_vit_b16 only.")
    words = 'the classes, as texts: "a rickshaw" "a horse cart"; PATH stands before them'
    add_option(texts.everyday, "--classes TEXT", words, str, nargs="+")
    template = "the text for a class, with {} in its place; may be given again"
    add_option(texts, "--template TEXT", template, str, action="append")
    save = "also save this as a model in FOLDER; it needs no texts any more"
    add_option(texts, "--save FOLDER", save, options.path)
    texts.add_argument("--overwrite", action="store_true", help="replace the saved model in FOLDER")
    CSV.add(parser.heading("table", "With --csv only."))
    FEATURES.add(options.add_predicting(parser, "--model"))


def run(arguments: argparse.Namespace) -> int:
    """Predict every image; return 1 if any was unreadable."""
    from headstart.data.output_places import refuse_among_images
    from headstart.jobs.predict import open_predictor

    _check_words(arguments)
    if arguments.sheet:
        refuse_among_images(arguments.sheet, arguments.paths, "The sheet")
    began = time.perf_counter()
    shown, totals, skipped = progress(arguments), Totals(), Counter[str]()
    network = PREDICTING.settings(arguments)
    features, rule = FEATURES.settings(arguments), UNSURE.settings(arguments)
    with contextlib.ExitStack() as stack:
        # First of all: a file that can't be written is an error before the work, not after it.
        outputs = [totals.add, *open_outputs(arguments, stack)]
        copies = _open_copies(arguments, stack)
        outputs += [copies.add] if copies else []
        batches, n_images = _found(arguments.paths, shown)
        first = next(batches)
        if arguments.classes:
            predictor = _zero_shot(arguments, network, features, first, shown)
        else:
            predictor = open_predictor(network, features, images=first.sources, progress=shown)
        predictor = predictor.with_rule(rule)
        answers = _answers(predictor, itertools.chain([first], batches), skipped)
        for answer in track(shown, answers, "predicting", n_images):
            for write in outputs:
                write(answer)
    seconds = time.perf_counter() - began
    how = f"{seconds:.1f} s by {predictor.name}, computed in {predictor.precision}"
    for line in _closing(totals, skipped, how, copies):
        shown.say(line)
    return int(totals.unreadable > 0 or not totals.images)


def _check_words(arguments: argparse.Namespace) -> None:
    """Refuse options that go with others, and a model that would be in the way later."""
    needs = {"--template": "--classes", "--save": "--classes", "--overwrite": "--save"}
    given = {flag: getattr(arguments, flag[2:]) for flag in {*needs, *needs.values()}}
    for flag, other in needs.items():
        if given[flag] and not given[other]:
            raise UsageError(f"{flag} needs {other}. Received: {flag} without it.")
    if arguments.save:
        from headstart.model.replacing import check_place

        check_place(arguments.save, overwrite=arguments.overwrite)


def _zero_shot(
    arguments: argparse.Namespace,
    network: NetworkSpec,
    features: FeatureSettings,
    first: Found,
    shown: Progress,
) -> Predictor:
    from headstart.jobs.zero_shot import open_zero_shot, save_zero_shot

    predictor = open_zero_shot(
        network,
        arguments.classes,
        arguments.template or (),
        features,
        images=first.sources,
        progress=shown,
    )
    if arguments.save:
        save_zero_shot(predictor, arguments.save, overwrite=arguments.overwrite)
        shown.say(f"The model is in {arguments.save}.")
    return predictor


def _found(paths: Sequence[str], shown: Progress) -> tuple[Iterator[Found], int | None]:
    """Return what is found, in the order in which it is found, and how many images that is."""
    from headstart.data.discovery import find_images

    if "-" not in paths:
        found = find_images(paths)
        return iter([found]), len(found.sources)
    if len(paths) > 1:
        raise UsageError(
            f"'-' stands for all images, so it must be the only PATH. Received: {' '.join(paths)}."
        )
    from headstart.cli.standard_input import found_batches

    if sys.stdin is not None and sys.stdin.isatty():
        shown.say("Reading paths of images from standard input, one on each line.")
    batches = found_batches()
    return itertools.chain([next(batches)], batches), None


def _answers(
    predictor: Predictor, batches: Iterable[Found], skipped: Counter[str]
) -> Iterator[Answer]:
    for found in batches:
        skipped.update(found.skipped)
        yield from predictor.stream(found.sources)
        # Whoever writes to '-' line by line waits for the answers.
        flush(sys.stdout)


def _open_copies(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> SortedCopies | None:
    if arguments.sort_into is None:
        return None
    from headstart.jobs.sorting import SortedCopies

    copies = SortedCopies(arguments.sort_into, arguments.paths)
    return stack.enter_context(contextlib.closing(copies))


def _closing(
    totals: Totals, skipped: Counter[str], how: str, copies: SortedCopies | None
) -> Iterator[str]:
    n = totals.images
    parts = [f"{n - totals.unreadable} of {n} images predicted in {how}"]
    if totals.unreadable:
        parts.append(f"{totals.unreadable} unreadable (the output gives the reasons)")
    parts += [f"skipped: {count} {reason}" for reason, count in sorted(skipped.items())]
    yield "; ".join(parts) + "."
    if n > 1:
        yield str(totals)
    if copies is not None:
        there = f" {copies.there:,} were there already." if copies.there else ""
        yield f"Copied {copies.copied:,} images; {copies.table} lists them.{there}"
