"""``headstart check``: what is wrong with a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.flags import must_come_with
from headstart.cli.options import FEATURES, NETWORK, READING
from headstart.cli.output import print_result
from headstart.cli.parser import CommandParser, add_option, progress

if TYPE_CHECKING:
    import argparse

    from headstart.checking.data_check import DataCheck

USAGE = "FOLDER [options]"

DESCRIPTION = f"""\
Check labelled images before you train on them: unreadable, blank, dark and blurred images, copies
within and across classes and splits, labels that are probably wrong, classes that are too small,
and shortcuts. Nothing is changed. FOLDER {options.DATASET}."""

EPILOG = """\
examples:
  headstart check birds/ --sheets found/
  headstart check birds/ --fix birds.csv     then look at birds.csv, and
  headstart train birds.csv --out bird-model"""

#: What ``--fail-on`` takes, and which severities end with status 1.
FAIL_ON = {
    "error": ("error",),
    "warning": ("error", "warning"),
    "note": ("error", "warning", "note"),
}


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("folder", "FOLDER", type=options.path)
    sheets = "also draw a sheet of the images of each finding"
    add_option(parser, "--sheets DIR", sheets, options.path)
    fix = "also write a new list: what to keep and drop, with reasons; 'train' reads it"
    add_option(parser, "--fix FILE.csv", fix, options.path)
    relabel = "with --fix: also change labels that are probably wrong; look at the sheet first"
    parser.add_argument("--relabel", action="store_true", help=relabel)
    options.add_json(parser, "the findings")
    quick = "leave out the checks that need a network: crops, wrong labels, outliers"
    parser.add_argument("--quick", action="store_true", help=quick)
    different = "a CSV file of pairs of images that look alike and are no copies"
    add_option(parser, "--not-duplicates FILE", different, options.path)
    fail = "end with status 1 if a finding is at least so serious: error, warning or note"
    add_option(parser, "--fail-on LEVEL", fail, choices=tuple(FAIL_ON))
    NETWORK.add(parser, "backbone")
    add_option(parser, "--seed N", "the seed of everything random", options.seed, 0)
    options.add_reading(parser)
    network = parser.heading("network", options.AUTO)
    NETWORK.add_others(network, "backbone")
    FEATURES.add(network, "workers", "device", "accept_truncated")


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; return 1 if something is as serious as was asked."""
    must_come_with("--fix", ["--relabel"] if arguments.relabel and not arguments.fix else [])
    network, dataset = NETWORK.settings(arguments), READING.settings(arguments)
    features = FEATURES.settings(arguments)
    from headstart.jobs.check import check, check_outputs

    check_outputs(arguments.folder, sheets=arguments.sheets, fix=arguments.fix)
    found = check(
        arguments.folder,
        backbone=network,
        dataset=dataset,
        quick=arguments.quick,
        not_duplicates=arguments.not_duplicates,
        seed=arguments.seed,
        workers=features.workers,
        device=features.device,
        accept_truncated=features.accept_truncated,
        progress=progress(arguments),
    )
    # First: what can't be written is no reason to lose the findings.
    print_result(found, as_json=arguments.json)
    _write(found, arguments)
    return int(found.worst in FAIL_ON.get(arguments.fail_on, ()))


def _write(found: DataCheck, arguments: argparse.Namespace) -> None:
    say = progress(arguments).say
    if arguments.sheets:
        drawn = found.draw_sheets(arguments.sheets)
        say(f"Sheets: {', '.join(map(str, drawn)) or 'none, nothing was found'}.")
    if arguments.fix:
        counts = found.write_fix(arguments.fix, relabel=arguments.relabel)
        say(
            f"{arguments.fix} keeps {counts['keep']:,} images, drops {counts['drop']:,} and "
            f"relabels {counts['relabel']:,}. Look at it; then: headstart train {arguments.fix} "
            "--out MODEL"
        )
