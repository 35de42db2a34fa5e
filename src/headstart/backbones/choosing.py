"""What 'auto' stands for: the best pre-trained network that can be had here and now."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from headstart.backbones import download
from headstart.backbones.catalogue import Backbone, backbones, get_backbone
from headstart.backbones.weights import at_hand, find_weights, how_to_go_on, published
from headstart.errors import DownloadError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from headstart.progress import Progress

Model = TypeVar("Model")

AUTO = "auto"

#: Of a network that answers quickly on an ordinary computer.
MAX_MACS = 1_000_000_000

#: What is downloaded where nothing is at hand: 14 MB, and the network that was measured most.
DOWNLOADED = "mobilenet_v2"

#: What is used where nothing can be downloaded either: a part of the package.
LAST_RESORT = "mini"

SECONDS = 5.0  # to find out whether there is a network; a slow connection is made in less

# What could not be reached is not tried again by this process: a hundred fits would each wait for
# it, and half of them might be given another backbone than the rest.
_out_of_reach: dict[str, str] = {}


class LastResortWarning(UserWarning):
    """'auto' had to take `LAST_RESORT`."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What 'auto' came to.

    Attributes
    ----------
    name : str
        Of the backbone.
    notice : str or None
        What a person has to know about it: that it is the last resort, why, what that costs, and
        how to get more. None if all is well.
    """

    name: str
    notice: str | None = None


def settle(
    model: Model,
    weights: str | Path | None = None,
    *,
    progress: Progress | None = None,
) -> Model | str:
    """Return `model` as it is, or for 'auto' the name of the backbone it stands for.

    Parameters
    ----------
    model : object
        What the user named.
    weights, progress
        See `choose_backbone`.

    Warns
    -----
    LastResortWarning
        If it is the last resort, and nobody was told.
    """
    if model != AUTO:
        return model
    chosen = choose_backbone(weights, progress=progress)
    if chosen.notice is not None and progress is not None:
        progress.say(chosen.notice)
    elif chosen.notice is not None:
        warnings.warn(chosen.notice, LastResortWarning, stacklevel=2)
    return chosen.name


def choose_backbone(
    weights: str | Path | None = None, *, progress: Progress | None = None
) -> Chosen:
    """Return the best pre-trained network that can be had here and now.

    That is the one with the best published accuracy on ImageNet whose weights are at hand, of
    those with no more than `MAX_MACS`. If there is none, MobileNetV2 is downloaded. If it can't be,
    it is ``mini``, with a notice.

    Parameters
    ----------
    weights : str or Path, optional
        There to be refused: a weights file belongs to a network that is named.
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    UsageError
        If there is a weights file.
    StorageError
        If what is downloaded can't be written: that is no reason to do with less.
    """
    if weights is not None:
        raise UsageError(
            f"A weights file belongs to a network: name it as the model. Received: {weights} with "
            f"the model {AUTO!r}, which chooses one by itself."
        )
    rows = list(_at_hand())
    quick = [row for row in rows if row.macs <= MAX_MACS]
    if quick:
        return Chosen(max(quick, key=_merit).name)
    row = get_backbone(DOWNLOADED)
    try:
        _download(row, progress)
    except DownloadError as error:
        return Chosen(LAST_RESORT, _notice(row, error, max(rows, key=_merit, default=None)))
    return Chosen(row.name)


def _at_hand() -> Iterator[Backbone]:
    """Yield the networks that would answer without a download."""
    for row in backbones():
        found = None if row.weights is None else at_hand(row)
        if found is None:
            continue
        # Without its classifier a network recognises nothing: that is half of what 'auto' is for.
        if row.weights_without_top is None or found[0].name != row.weights_without_top.filename:
            yield row


def _merit(row: Backbone) -> tuple[float, int]:
    return row.top1 or 0.0, -row.macs


def _download(row: Backbone, progress: Progress | None) -> None:
    address = download.mirrored(published(row).url)
    if address in _out_of_reach:
        raise DownloadError(_out_of_reach[address])
    try:
        download.check_reach(address, SECONDS)
        find_weights(row, progress=progress)
    except DownloadError as error:
        _out_of_reach[address] = str(error)
        raise


def _notice(wanted: Backbone, error: DownloadError, larger: Backbone | None) -> str:
    mini = get_backbone(LAST_RESORT)
    lines = [
        (
            f"{str(error).splitlines()[0]} No pre-trained network that is quick enough is at hand "
            f"either, so {mini.name} is used, which is part of headstart. Expect less of it: "
            f"{_in_short(mini)}; {_in_short(wanted)}."
        ),
        how_to_go_on(wanted, f"For {wanted.name}"),
        f"Name {mini.name} as the model to use it without this message.",
    ]
    if larger is not None:
        lines.append(
            f"The weights of {larger.name} are at hand: name it as the model if "
            f"{larger.macs / wanted.macs:.0f} times the work of {wanted.name} is not too slow."
        )
    return "\n".join(lines)


def _in_short(row: Backbone) -> str:
    height, width = row.size
    right = "" if row.top1 is None else f", right on {row.top1:.0%} of {row.trained_on}"
    return f"{row.name} knows {row.n_classes:,} classes at {height} x {width} pixels{right}"
