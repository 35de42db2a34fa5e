"""``headstart models``: the catalogue of pre-trained networks."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from headstart.cli import options
from headstart.cli.progress import download_bar

HEADINGS = ("name", "input", "features", "M params", "G MACs", "top-1", "top-5", "licence")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "models",
        help="list the pre-trained networks, or show one",
        description="'models' lists the networks; 'models NAME' shows one: its layers, shapes and "
        "weights; 'models fetch NAME' downloads its weights ahead.",
    )
    parser.add_argument("words", nargs="*", metavar="[fetch] NAME", help="a network's name")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="a weights file to check and show"
    )
    options.add_json(parser, "the catalogue or the network")
    parser.set_defaults(run=run)


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
        "'models' takes nothing, one NAME, or 'fetch' and one or more names; "
        f"received: {' '.join(arguments.words)}"
    )


def _list(*, as_json: bool) -> int:
    from headstart.backbones.catalogue import backbones

    rows = backbones()
    if as_json:
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
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
            row.license,
        )
        for row in rows
    ]
    _print_table(HEADINGS, table)
    return 0


def _fetch(names: list[str]) -> int:
    from headstart.backbones.catalogue import get_backbone
    from headstart.backbones.weights import find_weights

    # All names are checked first: a typing mistake must not show after an hour of downloads.
    for row in [get_backbone(name) for name in names]:
        found = find_weights(row, progress=download_bar(row.name))
        print(f"{row.name}: {found.path} ({found.origin})")
    return 0


def _show(name: str, weights: Path | None, *, as_json: bool) -> int:
    from headstart.backbones.catalogue import get_backbone
    from headstart.backbones.summary import summarise

    summary = summarise(get_backbone(name), weights=weights)
    print(json.dumps(asdict(summary), ensure_ascii=False) if as_json else summary)
    return 0


def _print_table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in [headings, *rows]:
        figures = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print(row[0].ljust(widths[0]), *figures, sep="  ")
