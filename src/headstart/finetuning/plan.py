"""What a fine-tuning starts from, looked up and checked before time is spent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from headstart.backbones.resolving import find_origin
from headstart.data.inputs import labelled_images
from headstart.data.labelled_images import fingerprint
from headstart.data.splits import folds, stratified_split
from headstart.errors import UsageError
from headstart.heads.base import class_weights
from headstart.heads.dense import DenseHead
from headstart.training.subset import Subset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone
    from headstart.backbones.weights import WeightsFile
    from headstart.classifier import ImageClassifier
    from headstart.data.inputs import Images, Labels
    from headstart.data.labelled_images import LabelledImages
    from headstart.data.sources import ImageSource
    from headstart.finetuning.settings import FineTuning
    from headstart.prediction.scoring import Scorer
    from headstart.progress import Progress
    from headstart.training.subset import Indices

# With so few images, a tenth of them would decide by chance, and several folds take little time.
_FEW = 2000
_FOLDS = 5
_VALIDATION = 0.1
_DROPOUT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What a fine-tuning starts from.

    Attributes
    ----------
    frozen : ImageClassifier
        Fitted on all images, with the network as it was.
    settings : FineTuning
    row : Backbone
        The row of the backbone.
    weights : WeightsFile
        The weights of the network as it was.
    sources : list of ImageSource, length n
        The images that can be read.
    labels : list of hashable, length n
        The label of each.
    features : ndarray of float32, shape (n, n_features)
        The features of each, by the network as it was.
    images : Subset
        All images.
    fingerprint : str
        Tells whether the images and labels are the same as before.
    """

    frozen: ImageClassifier
    settings: FineTuning
    row: Backbone
    weights: WeightsFile
    sources: list[ImageSource]
    labels: list[Any]
    features: NDArray[np.float32]
    images: Subset
    fingerprint: str

    @property
    def size(self) -> int:
        """Height and width of the network's images, in pixels."""
        return self.frozen.network_.size[0]

    @property
    def dropout(self) -> float:
        """The share of the inputs of the last layer that is dropped in training."""
        if self.settings.dropout is not None:
            return self.settings.dropout
        head = self.frozen.head_
        return float(head.dropout) if isinstance(head, DenseHead) else _DROPOUT

    def train_head(self, rows: Indices) -> Scorer:
        """Return a head like that of the frozen classifier, trained on some of the images."""
        head = clone(self.frozen.head_)
        return head.fit(self.features[rows], [self.labels[row] for row in rows]).scorer_

    def described(self) -> dict[str, Any]:
        """Return everything that the result depends on, in JSON's types."""
        return {
            "data": self.fingerprint,
            "network": self.frozen.network_.key,
            "resize": self.frozen.resize_.rule,
            "head": repr(self.frozen.head_),
            **self.settings.described(),
        }


def make_plan(
    classifier: ImageClassifier,
    X: Images | LabelledImages,
    y: Labels | None,
    settings: FineTuning,
    *,
    skip_unreadable: bool,
    progress: Progress | None,
) -> Plan:
    """Fit the classifier with its network as it is, and find the network's row and weights.

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
    _check(frozen)
    unreadable = {id(item.source) for item in frozen.unreadable_}
    readable = [place for place, source in enumerate(sources) if id(source) not in unreadable]
    sources = [sources[place] for place in readable]
    labels = [labels[place] for place in readable]
    images = _all_images(frozen, labels)
    features = frozen.features(sources)
    row, weights = find_origin(frozen.network_, classifier.backbone, classifier.weights)
    return Plan(
        frozen=frozen,
        settings=settings,
        row=row,
        weights=weights,
        sources=sources,
        labels=labels,
        features=features,
        images=images,
        fingerprint=fingerprint([source.name for source in sources], labels, ordered=True),
    )


def validation_splits(
    labels: list[Any], settings: FineTuning, *, is_quick: bool
) -> list[tuple[Indices, Indices]]:
    """Return the training and the validation set of each training.

    Parameters
    ----------
    labels : list of hashable
    settings : FineTuning
    is_quick : bool
        Whether a training takes so little time that several of them are a good default.
    """
    wanted = settings.validation
    rarest = min(Counter(labels).values())
    if wanted is None:
        several = is_quick and len(labels) <= _FEW and rarest > 1
        wanted = min(_FOLDS, len(labels)) if several else _VALIDATION
    if isinstance(wanted, int):
        if rarest < 2:
            raise UsageError(
                "With folds each class must have at least 2 images. Received: a class with "
                f"{rarest}. Give a share as validation, such as {_VALIDATION}."
            )
        return list(folds(labels, wanted, settings.seed))
    return [stratified_split(labels, wanted, settings.seed)]


def _check(frozen: ImageClassifier) -> None:
    height, width = frozen.network_.size
    if height != width:
        raise UsageError(
            "Fine-tuning needs a network that takes square images. "
            f"Received: {height} x {width} (height x width)."
        )
    if not frozen.head_.scorer_.layers:
        raise UsageError(
            "Fine-tuning needs a head that is made of layers: logistic, ridge, nearest_mean or "
            f"dense. Received: {frozen.head!r}."
        )


def _all_images(frozen: ImageClassifier, labels: list[Any]) -> Subset:
    code_of = {label: code for code, label in enumerate(frozen.classes_.tolist())}
    codes = np.array([code_of[label] for label in labels])
    weights = class_weights(frozen.head_.class_weight, frozen.classes_, codes)
    rows = np.arange(len(codes))
    return Subset(rows, codes, len(code_of), weights[codes].astype(np.float32))
