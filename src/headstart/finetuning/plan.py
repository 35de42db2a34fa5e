"""What a fine-tuning starts from, looked up and checked before time is spent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from headstart.backbones.resolving import find_origin
from headstart.data.labelled_images import fingerprint, sorted_classes
from headstart.data.labels import check_test_labels
from headstart.data.splits import folds, stratified_folds, stratified_split
from headstart.errors import DatasetError, UsageError
from headstart.heads.base import class_weights
from headstart.heads.dense import DenseHead
from headstart.heads.labels import encode_labels
from headstart.heads.neighbours import NeighboursHead
from headstart.heads.table import get_head
from headstart.images.notes import merged
from headstart.prediction.labels import class_array
from headstart.prediction.training_hashes import TrainingHashes
from headstart.training.subset import Subset

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from headstart.backbones.row import Backbone
    from headstart.backbones.weights import WeightsFile
    from headstart.classifier import ImageClassifier
    from headstart.finetuning.settings import FineTuning
    from headstart.heads.base import Head
    from headstart.images.sources import ImageSource
    from headstart.networks.network import Network
    from headstart.prediction.scoring import Scorer
    from headstart.progress import Progress
    from headstart.training.subset import Indices

    #: Images and the label of each.
    Labelled = tuple[Sequence[ImageSource], Sequence[Hashable]]

#: The form of what is kept in the folder of a training. A training of another form can't continue.
FORMAT = 2

# With so few images, a tenth of them would decide by chance, and several folds take little time.
_FEW = 2000
_FOLDS = 5
_VALIDATION = 0.1
_DROPOUT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """The network that is fine-tuned.

    Attributes
    ----------
    network : Network
        What images were seen by.
    plain : Network
        The same without mirror images: what is trained, if no row builds it.
    built : (Backbone, WeightsFile) or None
        The row of the backbone, and the weights of the network as it was; None if it is trained
        as its graph is.
    """

    network: Network
    plain: Network
    built: tuple[Backbone, WeightsFile] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What a fine-tuning starts from.

    Attributes
    ----------
    frozen : ImageClassifier
        Fitted on the training images, with the network as it was.
    settings : FineTuning
    origin : Origin
    sources : list of ImageSource, length n
        The images that can be read.
    labels : list of hashable, length n
        The label of each.
    features : ndarray of float32, shape (n, n_features)
        The features of each, by the network as it was.
    images : Subset
        All images.
    groups : ndarray of int64, shape (n_train,), or None
        The group of each training image, which stay together; None if each is on its own.
    n_train : int
        The first so many are the training images. The others are a validation set that was given.
    fingerprint : str
        Tells whether the images and labels are the same as before.
    """

    frozen: ImageClassifier
    settings: FineTuning
    origin: Origin
    sources: list[ImageSource]
    labels: list[Any]
    features: NDArray[np.float32]
    images: Subset
    groups: NDArray[np.int64] | None
    n_train: int
    fingerprint: str

    @property
    def size(self) -> int:
        """Height and width of the network's images, in pixels."""
        return self.origin.network.size[0]

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
        labels = [self.labels[row] for row in rows]
        groups = None if self.groups is None else self.groups[rows]
        return head.fit(self.features[rows], labels, groups=groups).scorer_

    def splits(self, *, is_quick: bool) -> list[tuple[Indices, Indices]]:
        """Return the training and the validation set of each training; see `validation_splits`."""
        n, n_train = len(self.labels), self.n_train
        if n_train < n:
            return [(np.arange(n_train), np.arange(n_train, n))]
        return validation_splits(self.labels, self.settings, is_quick=is_quick, groups=self.groups)

    def described(self) -> dict[str, Any]:
        """Return everything that the result depends on, in JSON's types."""
        return {
            "format": FORMAT,
            "data": [self.fingerprint, self.n_train],
            "groups": None if self.groups is None else self.groups.tolist(),
            "network": self.frozen.network_.key,
            "resize": self.frozen.resize_.rule,
            "head": repr(self.frozen.head_),
            **self.settings.described(),
        }


def find_origin_of(classifier: ImageClassifier, progress: Progress | None) -> Origin:
    """Return the network of a classifier, and what it was made from.

    A network of no row of the catalogue, such as that of another program, is trained as its graph
    is.

    Raises
    ------
    UsageError
        If the network can't be fine-tuned.
    WeightsError
        If the weights can't be found.
    """
    _check_head(classifier.head)
    network = classifier.find_network(progress)
    height, width = network.size
    if height != width:
        raise UsageError(
            "Fine-tuning needs a network that takes square images. "
            f"Received: {height} x {width} (height x width)."
        )
    try:
        built = find_origin(network, classifier.backbone, classifier.weights)
    except UsageError:  # from a file of another program, or of a name that no row has
        plain = clone(classifier).set_params(mirror=False).find_network(progress)
        return Origin(network=network, plain=plain, built=None)
    return Origin(network=network, plain=network, built=built)


def make_plan(
    classifier: ImageClassifier,
    origin: Origin,
    train: Labelled,
    validation: Labelled | None,
    settings: FineTuning,
    *,
    groups: NDArray[np.int64] | None = None,
    skip_unreadable: bool,
    progress: Progress | None,
) -> Plan:
    """Fit the classifier with its network as it is.

    Parameters
    ----------
    classifier : ImageClassifier
        It does not change.
    origin : Origin
        Its network.
    train, validation : (sources, labels)
        The training images, and the validation set if one is given.
    settings : FineTuning
    groups : ndarray of int64, shape (n,), optional
        The group of each training image.
    skip_unreadable : bool
    progress : Progress, optional

    Raises
    ------
    DatasetError, ImageError
        See `ImageClassifier.fit`.
    """
    frozen = clone(classifier)
    options: Any = {"skip_unreadable": skip_unreadable, "progress": progress}
    extracted = [frozen.fit_on(origin.network, *train, groups=groups, **options)]
    _check_head(frozen.head_)
    parts = [train]
    if validation is not None:
        extractor = frozen.predictor_.extractor
        extracted.append(extractor.extract_all(validation[0], hash_content=True, **options))
        frozen.unreadable_ += extracted[1].unreadable
        frozen.notes_ = merged(frozen.notes_, extracted[1].notes)
        if not len(extracted[1].places):
            raise DatasetError(
                "At least one validation image must be readable. The first error: "
                f"{extracted[1].unreadable[0].error}"
            )
        parts.append(validation)
    read = list(zip(parts, extracted, strict=True))
    labels = [labels[place] for (_, labels), found in read for place in found.places]
    contents = [content for found in extracted for content in found.contents]
    # A validation set counts, too: it chooses the epoch, and says when the model is unsure.
    known = TrainingHashes.of(contents)
    frozen.predictor_ = replace(frozen.predictor_, training_hashes=known)
    n_train = len(extracted[0].places)
    return Plan(
        frozen=frozen,
        settings=settings,
        origin=origin,
        sources=[sources[place] for (sources, _), found in read for place in found.places],
        labels=labels,
        features=np.concatenate([found.features for found in extracted]),
        images=_all_images(frozen, labels, n_train),
        groups=None if groups is None else groups[extracted[0].places],
        n_train=n_train,
        fingerprint=fingerprint(contents, labels, ordered=True),
    )


def check_labels(
    labels: Sequence[Hashable],
    validation: Sequence[Hashable] | None,
    settings: FineTuning,
    groups: NDArray[np.int64] | None = None,
) -> None:
    """Refuse labels that can't be split, before any image is read.

    Raises
    ------
    UsageError, DatasetError
    """
    if validation is None:
        validation_splits(list(labels), settings, is_quick=True, groups=groups)
        return
    if settings.validation is not None:
        raise UsageError(
            "The validation set must be given in one way. Received: validation="
            f"{settings.validation!r} (--validation), and a dataset with validation images. Leave "
            "out one of them."
        )
    if not len(validation):
        raise DatasetError("A validation set needs at least one image. Received: none.")
    check_test_labels(validation, sorted_classes(labels))


def validation_splits(
    labels: list[Any],
    settings: FineTuning,
    *,
    is_quick: bool,
    groups: NDArray[np.int64] | None = None,
) -> list[tuple[Indices, Indices]]:
    """Return the training and the validation set of each training.

    Parameters
    ----------
    labels : list of hashable
    settings : FineTuning
    is_quick : bool
        Whether a training takes so little time that several of them are a good default.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are in the same set. A class with one group is in training sets only.
    """
    wanted = settings.validation
    rarest = min(Counter(labels).values())
    if wanted is None:
        several = is_quick and len(labels) <= _FEW and rarest > 1
        wanted = min(_FOLDS, len(labels)) if several else _VALIDATION
    if not isinstance(wanted, int):
        return [stratified_split(labels, wanted, settings.seed, groups)]
    if rarest < 2:
        raise UsageError(
            "With folds each class must have at least 2 images. Received: a class with "
            f"{rarest}. Give a share as validation, such as {_VALIDATION}."
        )
    if groups is None:
        return list(folds(labels, wanted, settings.seed))
    return _grouped_folds(labels, wanted, settings.seed, groups)


def _grouped_folds(
    labels: list[Any], n: int, seed: int, groups: NDArray[np.int64]
) -> list[tuple[Indices, Indices]]:
    """Return folds of whole groups; those in which nothing is held out are left out."""
    _, codes = encode_labels(class_array(labels))
    fold = stratified_folds(codes, n, seed, groups)
    made = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(n)]
    held_out = [each for each in made if len(each[1])]
    if not held_out:
        raise UsageError(
            "A class must have at least 2 groups, so that one can be held out. Received: 1 group "
            "of each class."
        )
    return held_out


def _check_head(head: str | Head) -> None:
    scorer = getattr(head, "scorer_", None)
    kind = get_head(head) if isinstance(head, str) else type(head)
    has_layers = bool(scorer.layers) if scorer else kind is not NeighboursHead
    if not has_layers:
        raise UsageError(
            "Fine-tuning needs a head that is made of layers: logistic, ridge, nearest_mean or "
            f"dense. Received: {head!r}."
        )


def _all_images(frozen: ImageClassifier, labels: list[Any], n_train: int) -> Subset:
    code_of = {label: code for code, label in enumerate(frozen.classes_.tolist())}
    codes = np.array([code_of[label] for label in labels])
    weights = class_weights(frozen.head_.class_weight, frozen.classes_, codes[:n_train])
    rows = np.arange(len(codes))
    return Subset(rows, codes, len(code_of), weights[codes].astype(np.float32))
