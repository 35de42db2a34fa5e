"""What 'auto' stands for: the best pre-trained network that is available."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.backbones.catalogue import backbones, get_backbone
from headstart.backbones.weights import at_hand, find_weights, instructions, published
from headstart.display.text import whole_percent
from headstart.errors import DownloadError, WeightsNotFound, warn
from headstart.hub import download as downloads
from headstart.hub.licences import is_non_commercial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.backbones.row import Backbone
    from headstart.progress import Progress

#: Multiply-accumulates of a network that is quick on an ordinary computer.
MAX_MACS = 1_000_000_000

#: The network that is downloaded: 14 MB, and the one that was measured most.
DOWNLOADED = "mobilenet_v2"

#: The network that is part of the package, for when nothing can be downloaded.
LAST_RESORT = "mini"

SECONDS = 5.0  # to find out whether there is a connection; a slow one is made in less

# Addresses that this process could not reach. They are not tried again: a hundred fits would each
# wait for them, and some fits could get another backbone than the rest.
_out_of_reach: dict[str, str] = {}


class LastResortWarning(UserWarning):
    """'auto' had to take `LAST_RESORT`."""

    _has_lines = True


def choose_backbone(*, download: bool = True, progress: Progress | None = None) -> Backbone:
    """Return the best pre-trained network that is available.

    This is the network with the best published accuracy on ImageNet whose weights are on this
    computer, among those with at most `MAX_MACS`. Without such weights, ``mobilenet_v2`` is
    downloaded. If it can't be downloaded, the result is ``mini``, with a message that says why and
    how to get more.

    Parameters
    ----------
    download : bool
        Whether weights may be downloaded.
    progress : Progress, optional
        Shows the download and the message.

    Raises
    ------
    StorageError
        If the download can't be written: that is no reason to take a worse network.

    Warns
    -----
    LastResortWarning
        If the result is ``mini`` and `progress` is not given.
    """
    rows = list(_at_hand())
    quick = [row for row in rows if row.macs <= MAX_MACS and row.n_classes]
    if quick:
        return max(quick, key=_merit)
    row = get_backbone(DOWNLOADED)
    try:
        _fetch(row, progress, download=download)
    except (DownloadError, WeightsNotFound) as error:
        message = _message(row, error, max(rows, key=_merit, default=None))
        if progress is None:
            warn(message, LastResortWarning)
        else:
            progress.say(message)
        return get_backbone(LAST_RESORT)
    return row


def backbones_at_hand() -> tuple[Backbone, ...]:
    """Return the networks that need no download, the best published accuracy first.

    The one that is part of the package comes last: its accuracy is that on other classes.
    """
    return (*sorted(_at_hand(), key=_merit, reverse=True), get_backbone(LAST_RESORT))


def _at_hand() -> Iterator[Backbone]:
    for row in backbones():
        found = None if row.weights is None else at_hand(row)
        if found is None or is_non_commercial(row.license):
            continue
        # A network without its classifier predicts nothing: that is half of what 'auto' is for.
        if row.weights_without_top is None or found[0].name != row.weights_without_top.filename:
            yield row


def _merit(row: Backbone) -> tuple[float, int]:
    return row.top1 or 0.0, -row.macs


def _fetch(row: Backbone, progress: Progress | None, *, download: bool) -> None:
    address = downloads.mirrored(published(row).url)
    if address in _out_of_reach:
        raise DownloadError(_out_of_reach[address])
    try:
        if download:
            downloads.check_reach(address, SECONDS)
        find_weights(row, download=download, progress=progress)
    except DownloadError as error:
        _out_of_reach[address] = str(error)
        raise


def _message(wanted: Backbone, error: Exception, larger: Backbone | None) -> str:
    mini = get_backbone(LAST_RESORT)
    lines = [
        (
            f"{str(error).splitlines()[0]} No other quick backbone has its weights on this "
            f"computer, so headstart uses {mini.name}, which is part of it. It is less accurate: "
            f"{_in_short(mini)}; {_in_short(wanted)}."
        ),
        instructions(wanted, f"For {wanted.name}"),
        f"Name {mini.name} as the backbone to use it without this message.",
    ]
    if larger is not None:
        lines.append(
            f"The weights of {larger.name} are on this computer: name it as the backbone if "
            f"{larger.macs / wanted.macs:.0f} times the work of {wanted.name} is not too slow."
        )
    return "\n".join(lines)


def _in_short(row: Backbone) -> str:
    height, width = row.size
    accuracy = (
        "" if row.top1 is None else f", accuracy {whole_percent(row.top1)} on {row.trained_on}"
    )
    return f"{row.name} knows {row.n_classes:,} classes at {height} x {width} pixels{accuracy}"
