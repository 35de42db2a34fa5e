"""``model.json``: everything about a model that is not an array."""

import contextlib
import importlib.metadata
import json
import math
import platform
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np

from headstart import records
from headstart.descriptions import DescriptionFile
from headstart.errors import UsageError
from headstart.features.precision import PrecisionChoice
from headstart.images.resizing import Resize
from headstart.model.training_data import TrainingData
from headstart.networks.network import Network, check_facts, graph_key
from headstart.prediction.labels import user_classes
from headstart.version import __version__

#: Its newest format is the highest that `headstart.model.parts.format_of` gives.
DESCRIPTION = DescriptionFile("model.json", "saved model", newest=3, kind="headstart saved model")
#: What wrong types and values in ``model.json`` and in the arrays may raise.
UNSUITABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError)
# What the files themselves say of the network: where they are, their hashes, and the labels.
_NOT_WRITTEN = ("folder", "key", "files", "classes")
# A confusion matrix of more classes is written as its cells that are not zero: that of ten thousand
# species has a hundred million cells, of which hardly any is filled.
_MOST_ROWS = 500
# The packages that affect the predictions.
_PACKAGES = ("keras", "numpy", "openvino", "pillow", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of headstart, Python and the packages that affect the predictions."""
    found = {"headstart": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def within_limits(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a saved model keeps of an evaluation, so that ``model.json`` can be read again.

    With more than 500 classes, ``confusion_cells`` takes the place of ``confusion``: ``rows``,
    ``columns`` and ``counts`` of the cells that are not zero.
    """
    found = dict(evaluation)
    matrix = found.get("confusion")
    if _is_large_matrix(matrix):
        cells = np.asarray(matrix)
        rows, columns = np.nonzero(cells)
        del found["confusion"]
        found["confusion_cells"] = {
            "rows": rows.tolist(),
            "columns": columns.tolist(),
            "counts": cells[rows, columns].tolist(),
        }
    return found


def _is_large_matrix(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) > _MOST_ROWS
        and all(isinstance(row, list) and len(row) == len(value) for row in value)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a saved model is.

    Every field is written to ``model.json`` and read from there, with every field of the objects it
    holds.

    Attributes
    ----------
    format : int
        The format of the folder.
    version : str
        The user's name for this version of the model.
    created : str
        When the model was saved: date and time in UTC, as ISO 8601 says; empty if not known.
    classes : tuple of hashable
        The labels, in the order of the probabilities.
    network : Network
        The graph of the model: the backbone, ready to be compiled, with outputs ``features``,
        ``feature_map`` and, unless the head is k nearest neighbours, ``probabilities``.
    resize : Resize
        How an image is brought to the size of the network.
    precision : PrecisionChoice
        What the network computed in when the model was trained, and why.
    head : str
        The name of the head that was fitted.
    scorer : str
        The kind of arrays that the head became.
    training : TrainingData
        What the model was trained on.
    evaluation : mapping
        What was known about the accuracy; see `within_limits`.
    versions : dict
        The versions of the packages that the model was made with.
    extras : tuple of str
        Files, other than parts, that were written with the model.
    """

    format: int
    version: str = "1"
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    classes: tuple[Hashable, ...]
    network: Network
    resize: Resize
    precision: PrecisionChoice
    head: str
    scorer: str
    training: TrainingData
    evaluation: Mapping[str, Any]
    versions: dict[str, str] = field(default_factory=versions)
    extras: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``model.json``.

        Raises
        ------
        UsageError
            If JSON can't express a label or the evaluation.
        """
        try:
            json.dumps(self.evaluation, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"evaluation must be made of JSON's types. Received: {self.evaluation!r} ({error})"
            ) from error
        return {
            **records.to_json(self, without=("classes", "network")),
            "classes": [label_to_json(label) for label in self.classes],
            "network": records.to_json(self.network, without=_NOT_WRITTEN),
        }

    @classmethod
    def from_json(cls, written: dict[str, Any], folder: Path, files: dict[str, str]) -> Self:
        """Return what `to_json` wrote.

        Parameters
        ----------
        written : dict
            The content of ``model.json``, of this format or an older one.
        folder : Path
            Where the model is.
        files : dict
            The hashes of the files of the network; see `Network`.

        Raises
        ------
        One of `UNSUITABLE`
            If `to_json` did not write that.
        """
        if written["format"] == 1:
            written = _from_format_1(written)
        labels = tuple(label_from_json(label) for label in written["classes"])
        network = records.from_json(
            Network,
            written["network"],
            folder=folder,
            key=graph_key(files),
            files=files,
            classes=None,
        )
        check_facts(network)
        if "probabilities" in network.outputs:
            network = replace(network, classes=user_classes(labels))
        return records.from_json(cls, written, classes=labels, network=network)


def _from_format_1(old: dict[str, Any]) -> dict[str, Any]:
    """Return what format 2 would say of a model of format 1."""
    image, precision, training = old["input"], old["precision"], old["training"]
    height, width = image["size"]
    backbone = {**old["backbone"], "mirror": old["backbone"].get("mirrored", False)}
    resize = {"rule": image["resize"], "crop_fraction": image["crop_fraction"]}
    return {
        **old,
        "created": "",
        "network": {**backbone, "outputs": old["outputs"], **image},
        "resize": {**resize, "height": height, "width": width},
        "precision": {"precision": precision["name"], "reason": precision["reason"]},
        "head": old["head"]["name"],
        "scorer": old["head"]["scorer"],
        "training": {**training, "unreadable": training["n_broken"]},
    }


def _finite(label: float) -> float:
    if not math.isfinite(label):
        raise ValueError(f"a label that is {label}")
    return label


# How labels keep their types: 1, 1.0, True and "1" stay four different labels.
# Type: name, to JSON, from JSON. Only exactly these types: a subclass would come back as its base.
_TYPES: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    str: ("str", str, str),
    bool: ("bool", bool, bool),
    # Written as text, because other readers of JSON take numbers for 64-bit floats.
    int: ("int", str, int),
    float: ("float", float.hex, lambda text: _finite(float.fromhex(text))),
    bytes: ("bytes", bytes.hex, bytes.fromhex),
    type(None): ("none", lambda _: None, lambda _: None),
    tuple: (
        "tuple",
        lambda labels: [label_to_json(label) for label in labels],
        lambda labels: tuple(label_from_json(label) for label in labels),
    ),
    frozenset: (
        "frozenset",
        lambda labels: sorted((label_to_json(label) for label in labels), key=repr),
        lambda labels: frozenset(label_from_json(label) for label in labels),
    ),
}
_READERS = {name: read for name, _, read in _TYPES.values()}


def label_to_json(label: Hashable) -> dict[str, Any]:
    """Return `label` as an object with its ``type`` and ``value``.

    Raises
    ------
    UsageError
        If `label` is not made of str, int, float, bool, bytes, None, tuple and frozenset.
    """
    if type(label) not in _TYPES or (isinstance(label, float) and not math.isfinite(label)):
        raise UsageError(
            "The labels of a saved model must be made of str, int, float, bool, bytes, None, tuple "
            f"and frozenset. Received: {label!r} ({type(label).__name__})."
        )
    name, write, _ = _TYPES[type(label)]
    return {"type": name, "value": write(label)}


def label_from_json(written: dict[str, Any]) -> Hashable:
    """Return the label that `label_to_json` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        If `label_to_json` did not write that.
    """
    return _READERS[written["type"]](written["value"])
