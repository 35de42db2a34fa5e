"""``headstart models``: the catalogue of pre-trained networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headstart.cli import options
from headstart.cli.flags import must_come_with
from headstart.cli.output import print_json, print_lines, print_result
from headstart.cli.parser import CommandParser, add_option, progress
from headstart.display.text import either, percent

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from headstart.backbones.row import Backbone
    from headstart.backbones.spec import NetworkSpec
    from headstart.foreign.added import AddedBackbone
    from headstart.hub.handles import Handle
    from headstart.progress import Progress

USAGE = "[[fetch | add | remove] NAME...] [options]"

DESCRIPTION = """\
'models' lists the pre-trained backbones. 'models NAME' shows one: its layers, shapes and weights.
'models fetch NAME...' downloads the weights of one or more, or the networks of hubs.

NAME is the name or the folder of a backbone, a network in a file of another program, or a handle
of a hub, such as hf:owner/repository.

'models add FILE --name NAME' keeps such a network as a backbone, under a name that is accepted
wherever a backbone's name is. With --images, its preprocessing is measured on labelled images of
its own classes. 'models remove NAME...' deletes what was added."""

EPILOG = """\
examples:
  headstart models
  headstart models net.onnx
  headstart models add net.onnx --name mine --images labelled/

environment variables:
  HEADSTART_BACKBONES  the folder to keep added backbones in"""

_AS_IT_IS = "a network is listed and kept as it is, and each job says what it wants of it"
NETWORK = options.network_flags(
    {
        "backbone": "NAME is the backbone, and stands without a flag",
        **dict.fromkeys(("layer", "pooling", "mirror"), _AS_IT_IS),
    },
    weights="a weights file to check against the backbone",
)

_ADD = ("add",)
#: The tasks that take a flag; all flags that are not here belong to 'add'.
_TASKS = {
    "--weights": ("NAME",),
    "--size": ("NAME", "add"),
    "--allow-non-commercial": ("NAME", "fetch", "add"),
}


def add_arguments(parser: CommandParser) -> None:
    """Add what may stand after the command's name."""
    parser.add_positional("words", "NAME", nargs="*")
    NETWORK.add(parser, "weights", "allow_non_commercial")
    options.add_json(parser, "the catalogue or the backbone")
    adding = parser.heading("add")
    add_option(adding.everyday, "--name NAME", "what to call the network")
    images = "labelled images of the network's classes, to measure its preprocessing on"
    add_option(adding.everyday, "--images FOLDER", images, options.path)
    labels = "'imagenet', or a file with the name of a class of the network on each line"
    add_option(adding.everyday, "--labels FILE", labels, options.path_text)
    NETWORK.add(adding.everyday, "preprocessing", "size")
    options.READING.add(parser.heading("dataset", "How --images is read."))


def run(arguments: argparse.Namespace) -> int:
    """List, show or fetch."""
    from headstart.errors import UsageError

    _refuse_flags_of_other_tasks(arguments)
    match arguments.words:
        case []:
            return _list(progress(arguments), as_json=arguments.json)
        case ["add", file]:
            return _add(file, arguments)
        case ["remove", *names] if names:
            return _remove(names)
        case ["fetch", *names] if names:
            allowed = NETWORK.settings(arguments).allow_non_commercial
            return _fetch(names, progress(arguments), allow_non_commercial=allowed)
        case [name] if name not in ("fetch", "add", "remove"):
            return _show(name, arguments)
    raise UsageError(
        "'models' takes nothing, one NAME, 'add' and one file, or 'fetch' or 'remove' and one or "
        "more names. "
        f"Received: {' '.join(arguments.words)}."
    )


def _list(progress: Progress, *, as_json: bool) -> int:
    from headstart.backbones.catalogue import backbones
    from headstart.foreign.added import AddedBackbone, added_backbones

    rows = backbones()
    added = list(added_backbones())
    if as_json:
        found = [each.to_dict() for each in added if isinstance(each, AddedBackbone)]
        print_json([*(row.to_dict() for row in rows), *found])
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
    table += [_added_row(each) for each in added if isinstance(each, AddedBackbone)]
    _print_table("<>>>>>><<", table)
    for each in added:
        if not isinstance(each, AddedBackbone):
            progress.say(str(each))
    progress.say(
        "top-1 and top-5 are accuracies on the validation images of the dataset that a backbone "
        "was trained on. Compare only backbones that were trained on the same dataset."
    )
    return 0


def _added_row(added: AddedBackbone) -> dict[str, str]:
    return {
        "name": added.name,
        "input": "x".join(map(str, added.figures.size)),
        "features": str(added.figures.n_features),
        "M params": f"{added.figures.parameters / 1e6:.1f}",
        "G MACs": f"{added.figures.macs / 1e9:.2f}",
        "top-1": "",
        "top-5": "",
        "trained on": f"added from {added.place}",
        "licence": added.facts.license or "not known",
    }


def _fetch(names: list[str], progress: Progress, *, allow_non_commercial: bool) -> int:
    from headstart.hub.handles import Handle
    from headstart.hub.licences import check_licence

    # Check all names first: a typing mistake must not show after an hour of downloads.
    meant = [_to_fetch(name) for name in names]
    for each in meant:
        if not isinstance(each, Handle):
            check_licence(each.name, each.license, allow_non_commercial=allow_non_commercial)
    for each in meant:
        if isinstance(each, Handle):
            _fetch_from_hub(each, progress, allow_non_commercial=allow_non_commercial)
        else:
            _fetch_weights(each, progress)
    return 0


def _to_fetch(name: str) -> Handle | Backbone:
    """Return the network that is to be fetched.

    Raises
    ------
    UnknownBackbone
        If there is none of this name.
    UsageError
        If it is on this computer already.
    """
    from headstart.backbones.resolving import resolve
    from headstart.backbones.row import Backbone
    from headstart.errors import UsageError
    from headstart.hub.handles import Handle

    meant = resolve(name)
    if isinstance(meant, Handle) or (isinstance(meant, Backbone) and meant.folder is None):
        return meant
    raise UsageError(
        "Only a backbone of the catalogue and a network on a hub can be fetched. Received: "
        f"{name}, which names neither."
    )


def _fetch_weights(row: Backbone, progress: Progress) -> None:
    from headstart.backbones.weights import find_weights

    found = find_weights(row, progress=progress)
    print_lines(f"{row.name}: {found.path} ({found.origin})")


def _fetch_from_hub(handle: Handle, progress: Progress, *, allow_non_commercial: bool) -> None:
    from headstart.hub.fetching import fetch_handle

    fetched = fetch_handle(handle, allow_non_commercial=allow_non_commercial, progress=progress)
    licence = fetched.license or "licence not stated"
    print_lines(f"{handle}: {fetched.path} ({fetched.handle}, {licence})")


def _refuse_flags_of_other_tasks(arguments: argparse.Namespace) -> None:
    words = arguments.words
    own = words[0] if words and words[0] in ("fetch", "add", "remove") else "NAME" if words else ""
    given = [
        f"--{name}" for name in ("name", "images", "labels") if getattr(arguments, name) is not None
    ]
    given += [*NETWORK.flags_given(arguments), *options.READING.flags_given(arguments)]
    others: dict[tuple[str, ...], list[str]] = {}
    for flag in given:
        if own not in (tasks := _TASKS.get(flag, _ADD)):
            others.setdefault(tasks, []).append(flag)
    for tasks, flags in others.items():
        needed = either([f"'models {task}'" for task in tasks])
        must_come_with(needed, flags, received=" ".join(("models", *words)))


def _add(file: str, arguments: argparse.Namespace) -> int:
    from headstart.errors import UsageError
    from headstart.jobs.adding import add_backbone

    if arguments.name is None:
        raise UsageError(
            f"An added backbone needs a name: headstart models add {file} --name NAME. "
            "Received: none."
        )
    spec = NETWORK.settings(arguments)
    added = add_backbone(
        file,
        arguments.name,
        images=arguments.images,
        preprocessing=spec.preprocessing,
        labels=arguments.labels,
        size=spec.size,
        allow_non_commercial=spec.allow_non_commercial,
        dataset=options.READING.settings(arguments),
        progress=progress(arguments),
    )
    if arguments.json:
        print_json(added.to_dict())
        return 0
    height, width = added.figures.size
    classes = "" if added.figures.n_classes is None else f", {added.figures.n_classes:,} classes"
    print_lines(
        f"{added.name}: {added.place} ({added.file_format}), {height} x {width} pixels, "
        f"{added.figures.n_features:,} features{classes}. It is kept in {added.folder}.",
        f"To predict with it: headstart predict PATH --model {added.name}",
    )
    return 0


def _remove(names: list[str]) -> int:
    from headstart.foreign.added import added_folder, remove_backbone

    for name in names:
        added_folder(name)  # refuses a name that is misspelt before anything is deleted
    for name in dict.fromkeys(names):
        remove_backbone(name)
        print_lines(f"{name}: removed")
    return 0


def _show(name: str, arguments: argparse.Namespace) -> int:
    from headstart.backbones.resolving import resolve
    from headstart.foreign.added import AddedBackbone
    from headstart.foreign.files import ForeignFile
    from headstart.hub.handles import Handle

    meant = resolve(name)
    spec = NETWORK.settings(arguments, backbone=name)
    if not isinstance(meant, AddedBackbone | ForeignFile | Handle):
        return _show_row(spec, as_json=arguments.json)
    from headstart.jobs.describing import describe

    print_result(describe(meant, spec, progress(arguments)), as_json=arguments.json)
    return 0


def _show_row(spec: NetworkSpec, *, as_json: bool) -> int:
    from headstart.backbones.finding import checked_size
    from headstart.backbones.keras_process import summarise
    from headstart.backbones.resolving import find_backbone

    row = find_backbone(str(spec.backbone))
    weights = None if spec.weights is None else Path(spec.weights)
    summary = summarise(row, size=checked_size(row, spec.height_and_width), weights=weights)
    if as_json:
        print_json(summary.to_dict())
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
    classes = f"{row.n_classes:,} classes" if row.n_classes else "without a classifier"
    return (
        f"Trained on {row.trained_on}, {classes}{measured}. Licence: {row.license}. {row.source}."
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
