"""What an exported model says about itself, under the names that other programs look for.

OpenVINO's Model API reads ``model_info``: in the ``rt_info`` of OpenVINO's files, and in the
``metadata_props`` of ONNX under keys such as "model_info labels". Labels stand there with blanks
between them, so a blank within a label becomes "_", as OpenVINO's training tools write it. What
has no place there, the labels as they are among it, is in ``headstart``, as JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from headstart.images.resizing import NEUTRAL_GREY
from headstart.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.exporting.exported_model import ExportedModel
    from headstart.images.resizing import Resize

#: The section that other programs read, and our own.
MODEL_INFO, HEADSTART = "model_info", "headstart"

# Model API's nearest to each of our resize rules. Its "crop" keeps all of the shorter side.
_RESIZE_TYPES = {
    "squash": "standard",
    "keras": "standard",
    "crop": "crop",
    "pad": "fit_to_window_letterbox",
}
_INTERPOLATIONS = {"nearest": "NEAREST", "bilinear": "LINEAR"}


def model_info(model: ExportedModel) -> dict[str, str]:
    """Return the entries of ``model_info``; the mean and the scale are within the graph."""
    return {
        "model_type": "Classification",
        "task_type": "classification",
        "labels": " ".join(joined(label) for label in model.labels),
        **_resizing(model.resize),
        # Its users pass images as OpenCV reads them: BGR.
        "reverse_input_channels": "True",
    }


def own_info(model: ExportedModel) -> str:
    """Return, as JSON, what ``model_info`` has no place for.

    ``labels`` (a list), ``resize`` (the rule and its numbers), ``preprocessing`` ("inside": the
    input is uint8 RGB), ``backbone``, ``license``, ``source``, ``version``.
    """
    return json.dumps(
        {
            "version": __version__,
            "backbone": model.network.name,
            "preprocessing": "inside",
            "resize": asdict(model.resize),
            "labels": list(model.labels),
            "license": model.network.license,
            "source": model.network.source,
        }
    )


def joined(label: str) -> str:
    """Return a label as one word that is not empty.

    Examples
    --------
    >>> joined("horse cart")
    'horse_cart'
    """
    return re.sub(r"\s", "_", label) or "_"


def label_lines(labels: Sequence[str]) -> str:
    """Return the labels as the text of a file, one a line."""
    return "".join(" ".join(label.split()) + "\n" for label in labels)


def _resizing(resize: Resize) -> dict[str, str]:
    interpolation = "nearest" if resize.rule == "keras" else resize.interpolation
    found = {
        "resize_type": _RESIZE_TYPES[resize.rule],
        "interpolation_mode": _INTERPOLATIONS.get(interpolation, "CUBIC"),
    }
    return {**found, "pad_value": str(NEUTRAL_GREY[0])} if resize.rule == "pad" else found
