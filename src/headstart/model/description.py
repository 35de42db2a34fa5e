"""``model.json``: everything about a model that is not an array."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from headstart.data.resizing import Resize
from headstart.model.labels import label_from_json, label_to_json
from headstart.model.training_data import TrainingData
from headstart.model.versions import versions

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from headstart.features.engine import Precision

#: Raised whenever an older headstart could not read the folder, or would read it wrongly.
FORMAT = 1
MARK = "headstart saved model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What ``model.json`` says.

    Attributes
    ----------
    classes : tuple of hashable
        The labels, in the order of the probabilities.
    backbone, weights_sha256
        The network it was built on, and the hash of its weights.
    outputs : dict
        Of the graph: name to shape without the batch axis.
    macs : int
        Multiply-accumulates for one image.
    mirrored : bool
        Whether its answer is the mean over a picture and its mirror image.
    size : tuple of int
        Height and width of the network's input.
    resize_rule, crop_fraction
        How a picture is brought to it.
    precision, precision_reason
        "f32" or "bf16", and why.
    head, scorer
        The class that was fitted, and the kind of what is left of it.
    training : TrainingData
    evaluation : dict
        What the caller knew about its accuracy.
    versions : dict
        What it was made with.
    """

    classes: tuple[Hashable, ...]
    backbone: str
    weights_sha256: str
    outputs: dict[str, tuple[int, ...]]
    macs: int
    size: tuple[int, int]
    resize_rule: Any
    crop_fraction: float
    precision: Precision
    precision_reason: str
    head: str
    scorer: str
    training: TrainingData
    evaluation: Mapping[str, Any]
    mirrored: bool = False
    versions: dict[str, str] = field(default_factory=versions)

    @property
    def resize(self) -> Resize:
        """The rule, ready to be used."""
        return Resize(self.resize_rule, *self.size, self.crop_fraction)

    def to_json(self) -> str:
        """Return the text of ``model.json``.

        Raises
        ------
        UsageError
            If a label is of a kind that can't be written.
        TypeError, ValueError
            If `evaluation` holds anything that JSON has no word for.
        """
        described = {
            "kind": MARK,
            "format": FORMAT,
            "classes": [label_to_json(label) for label in self.classes],
            "backbone": {
                "name": self.backbone,
                "weights_sha256": self.weights_sha256,
                "macs": self.macs,
                "mirrored": self.mirrored,
            },
            "input": {
                "size": self.size,
                "resize": self.resize_rule,
                "crop_fraction": self.crop_fraction,
            },
            "outputs": self.outputs,
            "precision": {"name": self.precision, "reason": self.precision_reason},
            "head": {"name": self.head, "scorer": self.scorer},
            "training": asdict(self.training),
            "evaluation": self.evaluation,
            "versions": self.versions,
        }
        return json.dumps(described, indent=1, allow_nan=False, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Self:
        """Return what `to_json` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it did not write that.
        """
        height, width = written["input"]["size"]
        return cls(
            classes=tuple(label_from_json(label) for label in written["classes"]),
            backbone=written["backbone"]["name"],
            weights_sha256=written["backbone"]["weights_sha256"],
            macs=written["backbone"]["macs"],
            mirrored=bool(written["backbone"].get("mirrored", False)),
            outputs={name: tuple(shape) for name, shape in written["outputs"].items()},
            size=(height, width),
            resize_rule=written["input"]["resize"],
            crop_fraction=written["input"]["crop_fraction"],
            precision=written["precision"]["name"],
            precision_reason=written["precision"]["reason"],
            head=written["head"]["name"],
            scorer=written["head"]["scorer"],
            training=TrainingData(
                tuple(written["training"]["counts"]),
                written["training"]["n_broken"],
                str(written["training"].get("fine_tuned", "")),
            ),
            evaluation=written["evaluation"],
            versions=dict(written["versions"]),
        )
