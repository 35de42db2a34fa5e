"""The `ImageClassifier`: images and labels in, a classifier of images out."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from sklearn.base import ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from headstart.arguments import Means, Seed, check, check_fields, checked
from headstart.backbones.finding import find_network
from headstart.backbones.spec import Variant
from headstart.data.groups import group_codes
from headstart.data.inputs import Images, Labels, image_sources, labelled_images
from headstart.data.labels import scored_labels
from headstart.data.parents import read_parents
from headstart.display.displayed import to_html
from headstart.errors import DatasetError, UsageError
from headstart.features.embedder import ImageEstimator
from headstart.features.extractor import FeatureExtractor
from headstart.heads.base import Head, check_class_weight
from headstart.heads.deciding import fit_decision, fit_rule, out_of_training
from headstart.heads.int8_choice import check_int8, choose_int8
from headstart.heads.resize_choice import choose_resize
from headstart.heads.table import get_head, head_name
from headstart.model import SavedModel, TrainingData, save_model
from headstart.model.facts import class_table, fact_table, listed_classes
from headstart.prediction.hierarchy import Hierarchy
from headstart.prediction.labels import agreement, user_classes
from headstart.prediction.predictor import Predictor
from headstart.prediction.training_hashes import TrainingHashes
from headstart.progress import Bars, Progress

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from headstart.arguments import Positive
    from headstart.backbones.spec import NetworkSpec
    from headstart.data.labelled_images import LabelledImages
    from headstart.exporting.export import ExportPrecision, ExportSummary
    from headstart.features.extractor import ExtractedFeatures
    from headstart.features.precision import PrecisionChoice
    from headstart.features.settings import Device, PrecisionRule, ResizeRule
    from headstart.images.resizing import Resize
    from headstart.images.sources import ImageSource, UnreadableImage
    from headstart.model.examples import Examples
    from headstart.networks.network import Network
    from headstart.prediction.scoring import Scorer


# Other classifiers of scikit-learn need no ImageClassifier around them.
HeadChoice = Annotated[
    str | Head,
    Means(
        "the name of a head or a Head (for another classifier of scikit-learn, write "
        "make_pipeline(hs.Embedder(...), LogisticRegression()))"
    ),
]


class ClassifierSettings(Variant, total=False):
    """The parameters of `ImageClassifier` besides its backbone and its seed."""

    head: HeadChoice
    resize: ResizeRule
    precision: PrecisionRule
    class_weight: Literal["balanced"] | Mapping[Hashable, float] | None
    cache: bool | Path
    workers: Positive | None
    device: Device
    accept_truncated: bool
    error_target: float | None
    parents: str | Path | Mapping[str, str] | None


@dataclass(kw_only=True, eq=False, repr=False)
class ImageClassifier(ClassifierMixin, ImageEstimator):
    """Recognise your own classes of images, from the features of a pre-trained network.

    Parameters
    ----------
    backbone : str, Path or Network, default="auto"
        The name or folder of a backbone, or a converted network or its folder. See `NetworkSpec`.
    head : str or Head, default="logistic"
        What is trained on the features: "logistic", "ridge", "nearest_mean", "knn", "dense", or a
        head with settings of its own, such as ``LogisticHead(C=1.0)``.
    weights : str or Path, optional
        A weights file for the backbone.
    size : int or tuple of int, optional
        Height and width of the images in pixels, instead of those the backbone was trained on. One
        number is both.
    layer : str, optional
        The layer whose output becomes the features, instead of the backbone's own choice. If
        that is a feature map, its means become the features. VGG's fully connected layers are
        "fc1" and "fc2".
    pooling : {"auto", "avg", "max", "flatten"}, default="auto"
        How the feature map becomes features. See `NetworkSpec`.
    mirror : bool, default=False
        Whether the network also sees each image mirrored and returns the mean of both, in twice the
        time. See `NetworkSpec`.
    preprocessing : str, optional
        What happens to the pixels before the first layer of a network in a file that does not say
        it, such as "tf" or "torch". See `NetworkSpec`.
    allow_non_commercial : bool, default=False
        Whether a network may be used whose licence forbids commercial use. See `NetworkSpec`.
    resize : {"auto", "crop", "squash", "pad", "keras"}, default="auto"
        How an image is brought to that size. "auto" squashes, crops or pads, whichever has the
        lowest cross-validated log loss on at most 240 of the training images; if none of them is
        better beyond chance, it squashes. ``training_.resize_choice`` says why.
    precision : {"auto", "f32", "bf16", "int8"}, default="auto"
        What the network computes in. "auto" measures bfloat16 on some of the training images and
        uses it only if it agrees with float32. "int8" rounds the network to 8 bits if its accuracy,
        cross-validated on at least 100 training images, stays within noise of float32; else it
        stays in float32, and says so. That takes longer to train and less time to predict, on
        processors with instructions for 8 bits (VNNI or AMX).
    class_weight : "balanced", None or dict, default="balanced"
        For a head that is given by name: whether every class counts alike, however many images it
        has.
    cache : bool or Path, default=True
        Whether to keep features on disk, or the folder to keep them in.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What computes, also in fine-tuning: the processor or a GPU. See `FeatureSettings`.
    accept_truncated : bool, default=False
        Whether to read JPEGs that lack at most a tenth of their rows, in training and in
        prediction. A saved model does not keep it. See `FeatureSettings`.
    random_state : int or None, default=0
        Seed of a head that is given by name. With None, each training has a seed of its own.
    error_target : float or None, default=0.05
        How often the prediction set of an image may lack the true class, between 0 and 1. The rule
        for that, and for images unlike the training images, is fitted by cross-validation. None
        fits no such rule: the model is sure of every image. A dense head, which takes long to
        train, gets the part about unlike images only.
    parents : str, Path, mapping or None, default=None
        The parents of the classes: a table with the columns ``class`` and ``parent``; "labels", if
        labels are paths such as ``animal/cat``; or a mapping. Where a model can't tell classes
        apart, it names their parent.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the probabilities' columns.
    head_ : Head
        The fitted head.
    predictor_ : Predictor
        What predicts images: the network, the head and all settings in one object.
    network_ : Network
        The network that computes the features.
    precision_ : PrecisionChoice
        The precision that is used, why, and what was measured.
    resize_ : Resize
        How images are brought to the network's size.
    unreadable_ : tuple of UnreadableImage
        Training images that could not be read.
    notes_ : tuple of NoteCount
        How many training images were read by a rule that may surprise, for each rule.
    training_ : TrainingData
        What the classifier was trained on.
    out_of_fold_ : OutOfFold or None
        The cross-validated probabilities of the training images that can be read; None without an
        error target, and for a dense head.
    held_out_ : HeldOut or None
        What the decision rule says of them.
    fine_tuning_ : FineTuningSummary
        The result of fine-tuning; only on what `headstart.fine_tune` returns.

    Examples
    --------
    >>> from headstart import ImageClassifier
    >>> model = ImageClassifier("mobilenet_v2").fit("vehicles/")  # doctest: +SKIP
    >>> model.predict(["photo.jpg"])  # doctest: +SKIP
    array(['rickshaw'], dtype='<U8')
    """

    head: HeadChoice = "logistic"
    class_weight: Literal["balanced"] | Mapping[Hashable, float] | None = "balanced"
    random_state: Seed | None = 0
    error_target: float | None = 0.05
    parents: str | Path | Mapping[str, str] | None = None

    def fit(
        self,
        X: Images | LabelledImages,
        y: Labels | None = None,
        *,
        groups: Sequence[Hashable] | None = None,
        skip_unreadable: bool = False,
        progress: Progress | None = None,
    ) -> Self:
        """Train the head on images and labels.

        Parameters
        ----------
        X : list, array, folder or LabelledImages
            Images, as `Embedder.transform` takes them, with their labels in `y`. Or, without `y`, a
            labelled dataset or the path of one, as `read_dataset` takes it. If it has splits, the
            training split is used.
        y : iterable of hashable, optional
            The label of each image.
        groups : sequence of hashable, optional
            The group of each image, such as the patient. Wherever training holds images out,
            those of a group stay together. The default is that each image is its own group.
        skip_unreadable : bool
            Whether to train without images that can't be read, and list them in
            ``unreadable_``.
        progress : Progress, optional
            Shows how far it is.

        Returns
        -------
        ImageClassifier
            Itself.

        Raises
        ------
        ImageError
            For the first image that can't be read, unless `skip_unreadable`.
        DatasetError
            If there is no labelled dataset at the path, or no image of a class can be read.
        UsageError
            If an argument is wrong, or there are more or fewer labels than images.
        """
        check("skip_unreadable", skip_unreadable, bool)
        check("progress", progress, Progress | None)
        sources, labels = labelled_images(X, y)
        _check_door(self._head(), labels)
        network = self.find_network(progress)
        self.fit_on(
            network,
            sources,
            labels,
            groups=group_codes(groups, len(labels)),
            skip_unreadable=skip_unreadable,
            progress=progress,
        )
        return self

    def find_network(self, progress: Progress | None = None) -> Network:
        """Return the network that `fit` would train a head on; see `headstart.backbones`."""
        return find_network(self._spec, progress=progress)

    def fit_on(
        self,
        network: Network,
        sources: Sequence[ImageSource],
        labels: Sequence[Hashable],
        *,
        groups: NDArray[np.int64] | None = None,
        skip_unreadable: bool,
        progress: Progress | None = None,
    ) -> ExtractedFeatures:
        """Train the head on the features of a network that was found, and return the features.

        See `fit` for the other parameters and the errors; `groups` are numbers, shape (n,).
        """
        head = self._head()
        _check_door(head, labels)
        parents = self._parents(labels)
        rounds = self.precision == "int8" and not network.quantised
        if rounds:
            check_int8(labels)
        extractor = self._open(network, sources)
        choice, seed = None, self.random_state or 0
        if self.resize == "auto":
            choice = choose_resize(extractor, sources, labels, seed, progress, groups=groups)
            extractor = extractor.resized_by(choice.rule)
        if rounds:
            extractor = choose_int8(extractor, head, sources, labels, seed, progress, groups=groups)
        extracted = extractor.extract_all(
            sources, skip_unreadable=skip_unreadable, hash_content=True, progress=progress
        )
        kept = [labels[place] for place in extracted.places]
        _check_classes(labels, kept, extracted.unreadable)
        own = None if groups is None else groups[extracted.places]
        self.head_ = head.fit(extracted.features, kept, groups=own)
        self.classes_ = self.head_.classes_
        self.predictor_ = self._predictor(extractor, TrainingHashes.of(extracted.contents))
        self._decide(extracted.features, kept, own, parents, progress)
        self.unreadable_ = extracted.unreadable
        self.notes_ = extracted.notes
        self.training_ = TrainingData.of(
            extracted.contents,
            kept,
            self.classes_.tolist(),
            len(extracted.unreadable),
            resize_choice="" if choice is None else choice.reason,
        )
        return extracted

    @property
    def network_(self) -> Network:
        """The network that computes the features."""
        return self.predictor_.network

    @property
    def precision_(self) -> PrecisionChoice:
        """The precision that is used, why, and what was measured."""
        return self.predictor_.extractor.precision

    @property
    def resize_(self) -> Resize:
        """How images are brought to the network's size."""
        return self.predictor_.resize

    def features(self, X: Images) -> NDArray[np.float32]:
        """Return the features (n, n_features) of images, computed as in `fit`."""
        check_is_fitted(self)
        return self.predictor_.extractor.extract_all(image_sources(X)).features

    def predict_proba(self, X: Images) -> NDArray[np.float32]:
        """Return the probabilities of the classes, in the order of ``classes_``.

        Parameters
        ----------
        X : list, array or folder
            Images, as `Embedder.transform` takes them.

        Returns
        -------
        ndarray of float32, shape (n, n_classes)
            From 0 to 1; each row sums to 1.

        Raises
        ------
        ImageError
            For the first image that can't be read.
        """
        features = self.features(X)
        return self.predictor_.probabilities(features)

    def predict(self, X: Images) -> NDArray[Any]:
        """Return the label of the most probable class for each image, as an array (n,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def score(
        self,
        X: Images | LabelledImages,
        y: Labels | None = None,
        sample_weight: Sequence[float] | None = None,
    ) -> float:
        """Return the accuracy, from 0 to 1, on images and labels that are given as for `fit`.

        If a dataset has splits, the test split is used. Labels that the classifier does not know
        count as wrong, with a warning.

        Raises
        ------
        DatasetError
            If it knows none of the labels.
        """
        check_is_fitted(self)
        sources, labels = labelled_images(X, y, part="test")
        labels = scored_labels(labels, self.classes_.tolist())
        return agreement(self.predict(sources).tolist(), labels, sample_weight)

    @checked
    def save(
        self,
        folder: str | Path,
        *,
        overwrite: bool = False,
        evaluation: Mapping[str, Any] | None = None,
        extras: Mapping[str, bytes] | None = None,
        version: str = "1",
        examples: Examples | None = None,
        keep_hashes: bool = True,
    ) -> SavedModel:
        """Write everything that prediction needs into a folder.

        Parameters
        ----------
        folder : str or Path
            A new or empty folder.
        overwrite : bool
            Whether a saved model in the folder may be replaced.
        evaluation : mapping, optional
            What is known about the accuracy, in JSON's types. The model card shows ``accuracy``,
            ``interval`` and ``n``.
        extras : mapping of str to bytes, optional
            More files to keep with the model, such as plots.
        version : str, default="1"
            The user's name for this version of the model.
        examples : Examples, optional
            Training images that the model carries; see `headstart.model.examples`.
        keep_hashes : bool
            Whether the model carries a hash of each image that it learnt from, so that `evaluate`
            recognises them. Whoever has the model and an image can then tell whether the model
            learnt from it.

        Returns
        -------
        SavedModel
            As `headstart.load` returns it.

        Raises
        ------
        UsageError
            If there is something else in the folder, or the labels have a type that can't be
            written.
        StorageError
            If the folder can't be written.
        """
        check_is_fitted(self)
        return save_model(
            Path(folder),
            self.predictor_,
            head=head_name(self.head_),
            training=self.training_,
            evaluation=evaluation or {},
            extras=extras or {},
            version=version,
            overwrite=overwrite,
            examples=examples,
            keep_hashes=keep_hashes,
        )

    @checked
    def export(
        self,
        to: str,
        out: str | Path,
        *,
        precision: ExportPrecision = "auto",
        overwrite: bool = False,
    ) -> ExportSummary:
        """Write the classifier in the format of another program, once it predicts the same there.

        Parameters
        ----------
        to, out, precision, overwrite
            See `headstart.export`.

        Returns
        -------
        ExportSummary

        Raises
        ------
        UsageError, MissingExtra, ConversionError, StorageError
            See `headstart.export`.
        """
        from headstart.exporting.export import export

        check_is_fitted(self)
        return export(self.predictor_, to, out, precision=precision, overwrite=overwrite)

    def with_network(
        self, spec: NetworkSpec, scorer: Scorer, sources: Sequence[ImageSource], fine_tuned: str
    ) -> Self:
        """Return a copy with another network and the head that belongs to it.

        Parameters
        ----------
        spec : NetworkSpec
            The network.
        scorer : Scorer
            A head on its features, with the same classes.
        sources : sequence of ImageSource
            Images on which the precision is measured, if it is "auto".
        fine_tuned : str
            Which part of the network was fine-tuned on the training images, in words.
        """
        check_is_fitted(self)
        network = find_network(spec)
        other = copy.copy(self)
        other.backbone, other.weights, other.size = network, None, None
        other.layer, other.pooling, other.mirror = None, "auto", False
        other.preprocessing = None
        other.head_ = copy.copy(self.head_)
        other.head_.scorer_ = scorer
        other.training_ = replace(self.training_, fine_tuned=fine_tuned)
        # They are about the network as it was.
        other.out_of_fold_ = other.held_out_ = None
        extractor = other._open(network, sources).resized_by(self.resize_.rule)  # noqa: SLF001 - same
        known = self.predictor_.training_hashes
        other.predictor_ = other._predictor(extractor, known)  # noqa: SLF001 - same
        return other

    def fit_rule_to(
        self,
        sources: Sequence[ImageSource],
        labels: Sequence[Any],
        held_out: NDArray[np.int64],
    ) -> None:
        """Fit the decision rule to images that were not trained on, such as a validation set.

        Parameters
        ----------
        sources : sequence of ImageSource, length n
            The images that were trained on and those that were not.
        labels : sequence of hashable, length n
            The label of each.
        held_out : ndarray of int64
            The places of those that were not trained on.
        """
        check_is_fitted(self)
        if self.error_target is None:
            return
        features = self.predictor_.extractor.extract_all(sources).features
        probabilities = self.predictor_.probabilities(features[held_out])
        found = out_of_training(probabilities, held_out, labels, self.classes_)
        parents = self._parents(labels)
        hierarchy = None if parents is None else Hierarchy.of(parents, self.classes_.tolist())
        seed = self.random_state or 0
        decision = fit_decision(found, features, self.error_target, hierarchy, seed)
        self.predictor_ = replace(self.predictor_, decision=decision)

    def _predictor(
        self, extractor: FeatureExtractor, training_hashes: TrainingHashes | None
    ) -> Predictor:
        return Predictor(
            name=f"a classifier on {extractor.network.name}",
            extractor=extractor,
            classes=user_classes(self.classes_.tolist()),
            scorer=self.head_.scorer_,
            training_hashes=training_hashes,
        )

    def _decide(
        self,
        features: NDArray[np.float32],
        labels: Sequence[Any],
        groups: NDArray[np.int64] | None,
        parents: Mapping[str, str] | None,
        progress: Progress | None,
    ) -> None:
        """Fit the decision rule of the predictor."""
        self.out_of_fold_ = self.held_out_ = None
        if self.error_target is None:
            return
        hierarchy = None if parents is None else Hierarchy.of(parents, self.classes_.tolist())
        fitted = fit_rule(
            self._head(),
            features,
            labels,
            groups=groups,
            error_target=self.error_target,
            hierarchy=hierarchy,
            seed=self.random_state or 0,
        )
        self.out_of_fold_, self.held_out_ = fitted.out_of_fold, fitted.held_out
        self.predictor_ = replace(self.predictor_, decision=fitted.decision)
        if fitted.lacks:
            (progress or Bars()).say(fitted.lacks)

    def _parents(self, labels: Sequence[Hashable]) -> Mapping[str, str] | None:
        """Return the parents of the classes, checked before training."""
        if self.parents is None:
            return None
        if self.error_target is None:
            raise UsageError(
                "parents need an error target, which says when a parent is named instead of a "
                "class. Received: error_target=None."
            )
        classes = list(dict.fromkeys(labels))
        parents = read_parents(self.parents, classes)
        Hierarchy.of(parents, classes)
        return parents

    def _head(self) -> Head:
        check_fields(self)
        if self.error_target is not None and not 0 < self.error_target < 1:
            raise UsageError(
                f"error_target must be between 0 and 1, or None. Received: {self.error_target}."
            )
        if isinstance(self.head, str):
            kind = get_head(self.head)
            known = kind().get_params()
            own = {"class_weight": self.class_weight, "random_state": self.random_state}
            return kind(**{name: value for name, value in own.items() if name in known})
        return clone(self.head)

    def _open(self, network: Network, sources: Sequence[ImageSource]) -> FeatureExtractor:
        settings = self._settings
        if settings.precision == "int8" and not network.quantised:
            settings = replace(settings, precision="f32")  # until `choose_int8` has judged
        return FeatureExtractor.open(network, settings, sources)

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Return the parameters, and what a fitted classifier was trained on."""
        parameters = super().__repr__(N_CHAR_MAX)
        return f"{parameters} {self._fitted_to()}" if hasattr(self, "predictor_") else parameters

    def _fitted_to(self) -> str:
        classes = listed_classes(self.classes_.tolist())
        return f"fitted to {self.training_.n_images:,} images of {classes}"

    def _repr_html_inner(self) -> str:
        """Return what a notebook shows: scikit-learn's own view before fitting, then the facts."""
        if not hasattr(self, "predictor_"):
            return super()._repr_html_inner()
        facts = fact_table(self.predictor_, head_name(self.head_), self.training_)
        classes = class_table(self.classes_.tolist(), self.training_)
        return to_html([f"{type(self).__name__} {self._fitted_to()}", facts, classes])

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, str]:
        # IPython asks for this, others for `_repr_html_`, which asks for the function above.
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/html": self._repr_html_inner()} if "text/html" in bundle else bundle

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn that a dataset brings its labels with it."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags


def _check_door(head: Head, labels: Sequence[Hashable]) -> None:
    """Refuse what no training can use before an image is read."""
    classes = list(dict.fromkeys(labels))
    if len(classes) < 2:
        raise UsageError(
            f"A classifier needs at least 2 classes; received {len(classes)} class: {classes}"
        )
    check_class_weight(head.class_weight, classes)
    head.check_ready()


def _check_classes(
    labels: Sequence[Hashable], kept: list[Hashable], unreadable: tuple[UnreadableImage, ...]
) -> None:
    lost = [label for label in dict.fromkeys(labels) if label not in set(kept)]
    if lost:
        raise DatasetError(
            f"None of the images of {', '.join(map(str, lost))} can be read. The first of them: "
            f"{unreadable[0].error}"
        )
