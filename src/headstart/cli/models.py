"""``headstart models``: the catalogue of pre-trained networks."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.output import print_json
from headstart.cli.parser import CommandParser
from headstart.progress import Bars

if TYPE_CHECKING:
    from headstart.backbones.row import Backbone

HEADINGS = (
    "name",
    ">input",
    ">features",
    ">M params",
    ">G MACs",
    ">top-1",
    ">top-5",
    "trained on",
    "licence",
)
LAYER_HEADINGS = ("layer", "kind", ">output", ">parameters", "weights")


def make_parser() -> CommandParser:
    """Return the parser of the command."""
    parser = CommandParser(
        "models",
        "[[fetch] NAME...] [options]",
        "'models' lists the pre-trained networks. 'models NAME' shows one: its layers, shapes and "
        "weights. 'models fetch NAME...' downloads the weights of some.\n\n"
        "NAME is the name of a network, or the folder of one.",
    )
    parser.add_positional("words", "NAME", nargs="*")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a weights file to check against the network"
    )
    options.add_json(parser, "the catalogue or the network")
    parser.add_help_options()
    return parser


def run(arguments: argparse.Namespace) -> int:
    """List, show or fetch."""
    from headstart.errors import UsageError

    match arguments.words:
        case []:
            return _list(as_json=arguments.json)
        case ["fetch", *names] if names:
            return _fetch(names)
        case [name] if name != "fetch":
            return _show(name, arguments.weights, as_json=arguments.json)
    raise UsageError(
        "'models' takes nothing, one NAME, or 'fetch' and one or more names. "
        f"Received: {' '.join(arguments.words)}."
    )


def _list(*, as_json: bool) -> int:
    from headstart.backbones.catalogue import backbones

    rows = backbones()
    if as_json:
        print_json([row.to_dict() for row in rows])
        return 0
    table = [
        (
            row.name,
            "x".join(map(str, row.size)),
            str(row.n_features),
            f"{row.parameters / 1e6:.1f}",
            f"{row.macs / 1e9:.2f}",
            f"{row.top1:.1%}" if row.top1 else "",
            f"{row.top5:.1%}" if row.top5 else "",
            row.trained_on,
            row.license,
        )
        for row in rows
    ]
    _print_table(HEADINGS, table)
    Bars().say(
        "top-1 and top-5 are accuracies on the validation images of the dataset that a network was "
        "trained on. Compare only networks that were trained on the same dataset."
    )
    return 0


def _fetch(names: list[str]) -> int:
    from headstart.backbones.catalogue import get_backbone
    from headstart.backbones.weights import find_weights

    # Check all names first: a typing mistake must not show after an hour of downloads.
    for row in [get_backbone(name) for name in names]:
        found = find_weights(row, progress=Bars())
        print(f"{row.name}: {found.path} ({found.origin})")
    return 0


def _show(name: str, weights: Path | None, *, as_json: bool) -> int:
    from headstart.backbones.resolving import find_backbone
    from headstart.backbones.summary import summarise

    row = find_backbone(name)
    summary = summarise(row, weights=weights)
    if as_json:
        shown = {**asdict(summary), "backbone": row.to_dict()}
        print_json(shown)
        return 0
    layers = [
        (
            layer.name,
            layer.kind,
            " x ".join(map(str, layer.shape)),
            f"{layer.parameters:,}",
            "  ".join(f"{name} {_shape(shape)}" for name, shape in layer.weights),
        )
        for layer in summary.layers
    ]
    _print_table(LAYER_HEADINGS, layers)
    height, width = summary.size
    print(
        f"{row.name}: images of {height} x {width} pixels, {len(layers)} layers, "
        f"{summary.parameters:,} parameters, {summary.weights_bytes / 1e6:.1f} MB as float32."
    )
    print(_provenance(row))
    return 0


def _provenance(row: "Backbone") -> str:
    known = [
        f"{name} {value:.1%}"
        for name, value in (("top-1", row.top1), ("top-5", row.top5))
        if value is not None
    ]
    measured = f" ({', '.join(known)} on its validation images)" if known else ""
    return (
        f"Trained on {row.trained_on}, {row.n_classes:,} classes{measured}. "
        f"Licence: {row.license}. {row.source}."
    )


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _print_table(headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """Print columns; those whose heading begins with '>' are aligned right."""
    names = tuple(heading.lstrip(">") for heading in headings)
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    sides = [">" if heading.startswith(">") else "<" for heading in headings]
    for row in [names, *rows]:
        cells = zip(row, sides, widths, strict=True)
        print("  ".join(f"{cell:{side}{width}}" for cell, side, width in cells).rstrip())
