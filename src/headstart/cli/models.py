"""``headstart models``: the catalogue of pre-trained networks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.output import print_json, print_lines
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.display.text import percent

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from headstart.backbones.row import Backbone
    from headstart.hub.handles import Handle
    from headstart.progress import Progress

USAGE = "[[fetch] NAME...] [options]"

DESCRIPTION = """\
'models' lists the pre-trained backbones. 'models NAME' shows one: its layers, shapes and weights.
'models fetch NAME...' downloads the weights of one or more, or the networks of hubs.

NAME is the name or the folder of a backbone; for 'fetch', also a handle of a hub, such as
hf:owner/repository."""

EPILOG = ""


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("words", "NAME", nargs="*")
    add_option(parser, "--weights FILE", "a weights file to check against the backbone", Path)
    options.NETWORK.add(parser, "allow_non_commercial")
    options.add_json(parser, "the catalogue or the backbone")


def run(arguments: argparse.Namespace) -> int:
    """List, show or fetch."""
    from headstart.errors import UsageError

    match arguments.words:
        case []:
            return _list(progress(arguments), as_json=arguments.json)
        case ["fetch", *names] if names:
            allowed = options.NETWORK.settings(arguments).allow_non_commercial
            return _fetch(names, progress(arguments), allow_non_commercial=allowed)
        case [name] if name != "fetch":
            return _show(name, arguments.weights, as_json=arguments.json)
    raise UsageError(
        "'models' takes nothing, one NAME, or 'fetch' and one or more names. "
        f"Received: {' '.join(arguments.words)}."
    )


def _list(progress: Progress, *, as_json: bool) -> int:
    from headstart.backbones.catalogue import backbones

    rows = backbones()
    if as_json:
        print_json([row.to_dict() for row in rows])
        return 0
    table = [
        {
            "name": row.name,
            "input": "x".join(map(str, row.size)),
            "features": str(row.n_features),
            "M params": f"{row.parameters / 1e6:.1f}",
            "G MACs": f"{row.macs / 1e9:.2f}",
            "top-1": percent(row.top1) if row.top1 else "",
            "top-5": percent(row.top5) if row.top5 else "",
            "trained on": row.trained_on,
            "licence": row.license,
        }
        for row in rows
    ]
    _print_table("<>>>>>><<", table)
    progress.say(
        "top-1 and top-5 are accuracies on the validation images of the dataset that a backbone "
        "was trained on. Compare only backbones that were trained on the same dataset."
    )
    return 0


def _fetch(names: list[str], progress: Progress, *, allow_non_commercial: bool) -> int:
    from headstart.backbones.catalogue import get_backbone
    from headstart.hub.handles import Handle, parse_handle
    from headstart.hub.licences import check_licence

    # Check all names first: a typing mistake must not show after an hour of downloads.
    meant = [parse_handle(name) or get_backbone(name) for name in names]
    for each in meant:
        if not isinstance(each, Handle):
            check_licence(each.name, each.license, allow_non_commercial=allow_non_commercial)
    for each in meant:
        if isinstance(each, Handle):
            _fetch_from_hub(each, progress, allow_non_commercial=allow_non_commercial)
        else:
            _fetch_weights(each, progress)
    return 0


def _fetch_weights(row: Backbone, progress: Progress) -> None:
    from headstart.backbones.weights import find_weights

    found = find_weights(row, progress=progress)
    print_lines(f"{row.name}: {found.path} ({found.origin})")


def _fetch_from_hub(handle: Handle, progress: Progress, *, allow_non_commercial: bool) -> None:
    from headstart.hub.fetching import fetch_handle

    fetched = fetch_handle(handle, allow_non_commercial=allow_non_commercial, progress=progress)
    licence = fetched.license or "licence not stated"
    print_lines(f"{handle}: {fetched.path} ({fetched.handle}, {licence})")


def _show(name: str, weights: Path | None, *, as_json: bool) -> int:
    from headstart.backbones.keras_process import summarise
    from headstart.backbones.resolving import find_backbone

    row = find_backbone(name)
    summary = summarise(row, weights=weights)
    if as_json:
        print_json({**asdict(summary), "backbone": row.to_dict()})
        return 0
    layers = [
        {
            "layer": layer.name,
            "kind": layer.kind,
            "output": " x ".join(map(str, layer.shape)),
            "parameters": f"{layer.parameters:,}",
            "weights": "  ".join(f"{name} {_shape(shape)}" for name, shape in layer.weights),
        }
        for layer in summary.layers
    ]
    _print_table("<<>><", layers)
    height, width = summary.size
    print_lines(
        f"{row.name}: images of {height} x {width} pixels, {len(layers)} layers, "
        f"{summary.parameters:,} parameters, {summary.weights_bytes / 1e6:.1f} MB as float32."
    )
    print_lines(_provenance(row))
    return 0


def _provenance(row: Backbone) -> str:
    shares = {"top-1": row.top1, "top-5": row.top5}
    known = [f"{name} {percent(share)}" for name, share in shares.items() if share is not None]
    measured = f" ({', '.join(known)} on its validation images)" if known else ""
    return (
        f"Trained on {row.trained_on}, {row.n_classes:,} classes{measured}. "
        f"Licence: {row.license}. {row.source}."
    )


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


def _print_table(sides: str, rows: Sequence[dict[str, str]]) -> None:
    """Print the keys as headings and the values below; '<' is flush left, '>' flush right."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, sides, widths, strict=True)
        print_lines("  ".join(f"{cell:{side}{width}}" for cell, side, width in cells).rstrip())
