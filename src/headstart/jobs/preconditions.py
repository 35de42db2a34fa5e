"""What would be refused at the end of a training is refused here, before it begins."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headstart.backbones.resolving import NetworkFolder, resolve
from headstart.backbones.row import Backbone
from headstart.data.labelled_images import LabelledImages, sorted_classes
from headstart.data.labels import match_labels
from headstart.errors import DatasetError, UsageError
from headstart.model.replacing import check_place, own_place
from headstart.networks.network import Network
from headstart.storage.disk import check_room, folder_size
from headstart.storage.whole_folders import remove_remains
from headstart.training.work_folder import is_work_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Of a network that is not known yet; that of MobileNetV2.
_USUAL_BYTES = 16_000_000
# Head, golden images, plots and text.
_OTHER_BYTES = 4_000_000


def check_out(out: Path, backbone: str | Path | Network, *, overwrite: bool) -> None:
    """Check that a model on this backbone can be saved in `out`, with its sheet beside it.

    Raises
    ------
    UsageError
        If there is something else in `out`, or a model although `overwrite` is False.
    UnknownBackbone
        If there is no such backbone.
    StorageError
        If the folder can't be written, or its disk is full.
    """
    check_place(out, overwrite=True)
    try:
        check_place(out, overwrite=overwrite)
    except UsageError as error:
        raise UsageError(f"{error}{_said_of_work(out)}") from error
    place = own_place(out, "model").parent
    check_room(place, _bytes_of(backbone) + _OTHER_BYTES, f"the model {out.name!r}")


def work_place(out: Path) -> Path:
    """Return the work folder of a fine-tuning whose model is saved in `out`."""
    return out.with_name(f"{out.name}.training")


def check_labels(
    training: LabelledImages, tested: LabelledImages, say: Callable[[str], object]
) -> LabelledImages:
    """Return the images to test on, labelled as those to train on.

    Parameters
    ----------
    training, tested : LabelledImages
    say : callable
        Gets a sentence about labels that are written in another way, such as "0" and 0.

    Raises
    ------
    DatasetError
        If there is no image to test on, or one of another class.
    """
    if not len(tested):
        raise DatasetError("A model is tested on at least one image. Received: no test images.")
    classes = sorted_classes(training.labels)
    labels = match_labels(tested.labels, classes, say)
    return replace(tested, labels=labels, classes=classes)


def _said_of_work(out: Path) -> str:
    """Return what becomes of the work folder of a training that may have been saved before a kill.

    Nobody can tell whether the model beside it is its result, or one that it was to replace.
    """
    work = work_place(out)
    with contextlib.suppress(OSError):
        remove_remains(work)
    if not is_work_folder(work):
        return ""
    return (
        f" {work} holds the work of a training for it that was interrupted: --overwrite with the "
        "same settings finishes it. Or delete that folder; the model stays as it is."
    )


def _bytes_of(backbone: str | Path | Network) -> int:
    meant: Any = backbone if isinstance(backbone, Network) else resolve(backbone)
    if isinstance(meant, Backbone):
        return 4 * meant.parameters
    if isinstance(meant, Network):
        return folder_size(meant.folder)
    return folder_size(meant.path) if isinstance(meant, NetworkFolder) else _USUAL_BYTES
