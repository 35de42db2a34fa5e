"""``headstart train``: learn your own classes from a folder of images."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, get_args

from headstart.cli import options
from headstart.cli.finetuning import add_fine_tuning, chosen_fine_tuning
from headstart.cli.flags import Flags, must_come_with, reader
from headstart.cli.options import FEATURES, NETWORK, READING
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser, Group, add_option, progress
from headstart.display.text import either
from headstart.heads.settings import DenseSettings, HeadName

if TYPE_CHECKING:
    import argparse

    from headstart.classifier import ClassifierSettings
    from headstart.heads.base import Head

USAGE = "FOLDER --out DIR [options]"

DESCRIPTION = f"""\
Learn your own classes from labelled images, and test on some of them. FOLDER {options.DATASET}."""

EPILOG = """\
examples:
  headstart train birds/ --out bird-model
  headstart train birds/ --out bird-model --model resnet50 --fine-tune
  headstart predict new-photos/ --model bird-model"""


DENSE = Flags(DenseSettings(), prefix="head-", names={"units": "--units N"})


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("folder", "FOLDER", type=options.path)
    add_option(parser, "--out DIR", "where to save the model", options.path, required=True)
    parser.add_argument("--overwrite", action="store_true", help="replace the saved model in DIR")
    NETWORK.add(parser, "backbone")
    heads = get_args(HeadName)
    kinds = f"the kind of classifier: {either(heads)}"
    kinds += " (default: logistic)"
    add_option(parser, "--head NAME", kinds, choices=heads)
    _add_test(parser.add_mutually_exclusive_group())
    add_option(parser, "--seed N", "the seed of everything random", options.seed, 0)
    options.add_json(parser, "the summary")
    options.add_reading(parser)
    add_fine_tuning(parser)
    groups = (
        "what images have in common that stay on one side of every split, such as a patient: a "
        "column of FOLDER's table, or a pattern of paths such as '*/{group}_*'"
    )
    splits = parser.heading(
        "splits",
        "Copies of an image are on one side. Without test images, up to 2,000 images are "
        "cross-validated, and the model learns from all.",
    )
    add_option(splits, "--group-by HOW", groups)
    bursts = "how many seconds apart one camera took images that stay on one side, by their EXIF"
    add_option(splits, "--bursts SECONDS", bursts, options.seconds)
    written = "a CSV file for the split, fold and group of each image; train takes it as FOLDER"
    add_option(splits, "--write-split FILE", written, options.path)
    quick = "find equal files only, no other copies, and be sure of every image (no error target)"
    splits.add_argument("--quick", action="store_true", help=quick)
    _add_decision(parser.heading("when the model is unsure"))
    keep = (
        "save small copies of the training images with the model, so that 'explain' shows the "
        "nearest ones"
    )
    parser.heading("explanations").add_argument("--keep-examples", action="store_true", help=keep)
    hashes = (
        "save no hashes of the training images with the model, by which 'evaluate' tells them from "
        "others"
    )
    privacy = parser.heading("privacy")
    privacy.add_argument("--no-hashes", action="store_false", dest="keep_hashes", help=hashes)
    _add_comparison_and_report(parser)
    network = parser.heading("network", options.AUTO)
    NETWORK.add_others(network, "backbone")
    FEATURES.add(network)
    DENSE.add(parser.heading("dense head", "With --head dense only."))


def _add_comparison_and_report(parser: CommandParser) -> None:
    group = parser.heading("comparison and report")
    budget = (
        "the time for comparing backbones, resize rules and heads before training, such as 2m; "
        "what you name is not compared (default: no comparison)"
    )
    add_option(group, "--budget TIME", budget, options.seconds)
    unwanted = "write no report (DIR.report.html)"
    group.add_argument("--no-report", action="store_false", dest="report", help=unwanted)


def _add_test(group: Group) -> None:
    share = "the share kept for testing (default: FOLDER's test images, cross-validation or 0.2)"
    add_option(group, "--test FRACTION", share, options.fraction)
    add_option(group, "--test-folder FOLDER", "the labelled images to test on", options.path)


_ERROR = reader(
    "must be between 0 and 1, such as 0.05, or none",
    lambda text: None if text == "none" else float(text),
    lambda error: error is None or 0 < error < 1,
)


def _add_decision(group: Group) -> None:
    error = (
        "how often the classes that the model gives for an image may lack the true one; none: it "
        "is sure of every image"
    )
    add_option(group, "--error-target E", error, _ERROR, 0.05)
    parents = (
        "a table with the columns class and parent, or 'labels' if labels are paths such as "
        "animal/cat: a model that can't tell classes apart names their parent"
    )
    add_option(group, "--parents FILE", parents, options.path_text)


def run(arguments: argparse.Namespace) -> int:
    """Train, test and save; print the summary."""
    network, features = NETWORK.settings(arguments), FEATURES.settings(arguments)
    dataset = READING.settings(arguments)
    head, fine_tuning = chosen_head(arguments), chosen_fine_tuning(arguments)
    settings: ClassifierSettings = {
        "error_target": arguments.error_target,
        "parents": arguments.parents,
    }
    if head is not None:
        settings["head"] = head
    from headstart.jobs.train import train

    summary = train(
        arguments.folder,
        arguments.out,
        **settings,
        **asdict(network),
        **asdict(features),
        dataset=dataset,
        test=arguments.test_folder or arguments.test,
        group_by=arguments.group_by,
        bursts=arguments.bursts,
        quick=arguments.quick,
        write_split=arguments.write_split,
        keep_examples=arguments.keep_examples,
        keep_hashes=arguments.keep_hashes,
        budget=arguments.budget,
        report=arguments.report,
        seed=arguments.seed,
        overwrite=arguments.overwrite,
        fine_tuning=fine_tuning,
        restart=arguments.restart,
        progress=progress(arguments),
    )
    print_result(summary, as_json=arguments.json)
    return 0


def chosen_head(arguments: argparse.Namespace) -> str | Head | None:
    """Return the head that was asked for, as `ImageClassifier` takes it; None if none was.

    Raises
    ------
    UsageError
        If a setting is given that the head does not have, or one is out of its range.
    """
    given = DENSE.flags_given(arguments)
    if arguments.head != "dense":
        must_come_with("--head dense", given, received=f"--head {arguments.head or 'logistic'}")
    if not given:
        return None if arguments.head is None else str(arguments.head)
    settings = asdict(DENSE.settings(arguments))
    from headstart.heads.dense import DenseHead

    return DenseHead(**settings, random_state=arguments.seed)
