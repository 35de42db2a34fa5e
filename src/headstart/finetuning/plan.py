"""What a fine-tuning is to do: all looked up and checked before time is spent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from headstart.backbones.resolving import find_origin
from headstart.data import folds, stratified_split
from headstart.data.fingerprint import fingerprint
from headstart.data.inputs import labelled_images
from headstart.errors import UsageError
from headstart.finetuning.data_source import Subset
from headstart.heads.base import class_weights
from headstart.heads.dense import DenseHead
from headstart.training.prepared import decode_all, usual_side

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone
    from headstart.backbones.weights import WeightsFile
    from headstart.classifier import ImageClassifier
    from headstart.data import ImageSource
    from headstart.finetuning.settings import FineTuning
    from headstart.prediction.scoring import Scorer
    from headstart.progress import Progress

    Places = NDArray[np.int64]
    Division = tuple[Places, Places]

# Up to so many pictures, keeping out a tenth would decide by chance, and folds take little time.
_FEW = 2000
_FOLDS = 5
_KEPT_OUT = 0.1
_DROPOUT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What is to be done.

    Attributes
    ----------
    frozen : ImageClassifier
        Fitted on all pictures.
    recipe : FineTuning
    row : Backbone
    weights : WeightsFile
        What the network begins with.
    sources : list of ImageSource
        The pictures that can be read.
    labels : list of hashable
        Of each.
    features : ndarray of float32, shape (n, d)
        Of the frozen network.
    """

    frozen: ImageClassifier
    recipe: FineTuning
    row: Backbone
    weights: WeightsFile
    sources: list[ImageSource]
    labels: list[Any]
    features: NDArray[np.float32]

    @property
    def size(self) -> int:
        """Height and width of the images, in pixels."""
        return self.frozen.network_.size[0]

    @property
    def dropout(self) -> float:
        """Share of the numbers in front of the last layer that is dropped."""
        if self.recipe.dropout is not None:
            return self.recipe.dropout
        head = self.frozen.head_
        return float(head.dropout) if isinstance(head, DenseHead) else _DROPOUT

    def head(self, places: Places) -> Scorer:
        """Return the head that some of the pictures teach."""
        head = clone(self.frozen.head_)
        return head.fit(self.features[places], [self.labels[place] for place in places]).scorer_

    def lot(self) -> Subset:
        """Return all pictures."""
        number = {label: place for place, label in enumerate(self.frozen.classes_.tolist())}
        codes = np.array([number[label] for label in self.labels])
        each = class_weights(self.frozen.head_.class_weight, self.frozen.classes_, codes)
        return Subset(np.arange(len(codes)), codes, each[codes].astype(np.float32), len(number))

    def decode(self, folder: Path, progress: Progress | None) -> NDArray[np.uint8]:
        """Return all pictures as the network wants them, smaller if they are."""
        resize = self.frozen.resize_
        side = min(self.size, usual_side(self.sources))
        pixels = decode_all(self.sources, resize.to(side), folder / "pixels.raw", progress=progress)
        if pixels.broken:
            raise pixels.broken[0].error
        return pixels.values

    def settings(self) -> dict[str, Any]:
        """Return everything that the result depends on."""
        names = [source.name for source in self.sources]
        return {
            "data": fingerprint(names, self.labels, ordered=True),
            "network": self.frozen.network_.key,
            "resize": self.frozen.resize_.rule,
            "head": repr(self.frozen.head_),
            **self.recipe.described(),
        }


def make_plan(
    classifier: ImageClassifier,
    X: Any,  # noqa: ANN401
    y: Any,  # noqa: ANN401
    recipe: FineTuning,
    *,
    skip_unreadable: bool,
    progress: Progress | None,
) -> Plan:
    """Train the head on the frozen features, and look everything else up.

    Raises
    ------
    UsageError
        If the network can't be fine-tuned.
    DatasetError, ImageError
        See `ImageClassifier.fit`.
    """
    sources, labels = labelled_images(X, y)
    frozen = clone(classifier)
    frozen.fit(sources, labels, skip_unreadable=skip_unreadable, progress=progress)
    broken = {id(item.source) for item in frozen.unreadable_}
    kept = [place for place, source in enumerate(sources) if id(source) not in broken]
    read = [sources[place] for place in kept]
    row, weights = find_origin(frozen.network_, classifier.backbone, classifier.weights)
    _check(frozen, row, recipe)
    return Plan(
        frozen=frozen,
        recipe=recipe,
        row=row,
        weights=weights,
        sources=read,
        labels=[labels[place] for place in kept],
        features=frozen.features(read),
    )


def divisions(plan: Plan, *, thorough: bool) -> list[Division]:
    """Return how the pictures are divided into those to learn from and those to judge by.

    Parameters
    ----------
    plan : Plan
    thorough : bool
        Whether several trainings on few pictures are quick.
    """
    wanted = plan.recipe.validation
    rarest = min(Counter(plan.labels).values())
    if wanted is None:
        few = thorough and len(plan.labels) <= _FEW and rarest > 1
        wanted = min(_FOLDS, len(plan.labels)) if few else _KEPT_OUT
    if isinstance(wanted, int):
        if rarest < 2:
            raise UsageError(
                "With folds each class must have at least 2 pictures. Received: one with "
                f"{rarest}. Give a fraction as validation, such as {_KEPT_OUT}."
            )
        return list(folds(plan.labels, wanted, plan.recipe.seed))
    return [stratified_split(plan.labels, wanted, plan.recipe.seed)]


def _check(frozen: ImageClassifier, row: Backbone, recipe: FineTuning) -> None:
    height, width = frozen.network_.size
    if height != width:
        raise UsageError(
            f"Fine-tuning takes square images. Received: {height} x {width} (height x width)."
        )
    if recipe.view_size and not row.min_size <= recipe.view_size <= height:
        raise UsageError(
            f"The images to learn from must have a height and width from {row.min_size} to the "
            f"network's own, {height}. Received: {recipe.view_size}."
        )
    if not frozen.head_.scorer_.layers:
        raise UsageError(
            "Fine-tuning needs a head that is made of layers: logistic, ridge, nearest_mean or "
            f"dense. Received: {frozen.head!r}."
        )
