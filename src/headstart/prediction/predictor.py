"""The `Predictor`: everything predicts images through it."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from headstart.arguments import check
from headstart.data.inputs import Images, Labels, image_sources, labelled_images
from headstart.data.labels import scored_labels
from headstart.errors import UsageError
from headstart.escaping import printable
from headstart.features.devices import check_device
from headstart.features.extractor import FeatureExtractor
from headstart.images.sources import as_source
from headstart.prediction.answer import Answer
from headstart.prediction.labels import agreement, class_array
from headstart.prediction.unsure_rule import UnsureRule

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.features.engine import Precision
    from headstart.features.settings import FeatureSettings
    from headstart.images.resizing import Resize
    from headstart.images.sources import ImageLike, ImageSource
    from headstart.networks.classes import ClassName
    from headstart.networks.network import Network
    from headstart.prediction.decision import Decision
    from headstart.prediction.scoring import Scorer
    from headstart.prediction.training_hashes import TrainingHashes


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Predictor:
    """A network and a head that are ready to predict images.

    A pre-trained network with its own classes, a fitted `ImageClassifier` and a saved model all
    predict through this class. It prepares, computes and scores an image in the same way for all of
    them.

    Attributes
    ----------
    name : str
        What messages call the network or model.
    extractor : FeatureExtractor
        Reads and resizes images and runs the network on them.
    classes : tuple of ClassName
        Identifier and label of each class, in the order of the probabilities.
    scorer : Scorer or None
        Makes probabilities of features; None if the network computes the probabilities itself.
    rule : UnsureRule
        Says of which images the predictor is unsure.
    decision : Decision or None
        What was fitted for that rule, in training.
    training_hashes : TrainingHashes or None
        What recognises the images that it learnt from; None where that is not known.
    """

    name: str
    extractor: FeatureExtractor
    classes: tuple[ClassName, ...]
    scorer: Scorer | None = None
    rule: UnsureRule = UnsureRule()  # noqa: RUF009 - it can't be changed
    decision: Decision | None = None
    training_hashes: TrainingHashes | None = None

    def __repr__(self) -> str:
        """Return the name, the number of classes, and how images are prepared and computed."""
        how = f"resize {self.resize.rule!r}, computed in {self.precision}"
        return f"<Predictor: {printable(self.name)}, {len(self.classes):,} classes, {how}>"

    @classmethod
    def pretrained(
        cls, network: Network, settings: FeatureSettings, images: Sequence[ImageSource] = ()
    ) -> Predictor:
        """Return a pre-trained network that predicts the classes it was trained on.

        Parameters
        ----------
        network : Network
        settings : FeatureSettings
        images : sequence of ImageSource
            Images on which the precision is measured, if it is "auto".

        Raises
        ------
        UsageError
            If the network has no classes, or a setting is wrong.
        """
        if network.classes is None and "probabilities" in network.outputs:
            (n_classes,) = network.outputs["probabilities"]
            raise UsageError(
                f"To predict with {network.name}, the names of its {n_classes:,} classes must be "
                "known. Received: none. Add it with a file that has a name on each line, in the "
                "order of its outputs: headstart models add MODEL --name NAME --labels FILE. "
                "Train a head on it to predict your own classes: headstart train FOLDER --out DIR"
            )
        if network.classes is None:
            raise UsageError(
                f"To predict with {network.name}, its weights must include the classes. Received: "
                "weights without them. Train a head on it: headstart train FOLDER --out DIR"
            )
        extractor = FeatureExtractor.open(network, settings, images, output="probabilities")
        return cls(network.name, extractor, network.classes)

    def with_settings(self, settings: FeatureSettings) -> Predictor:
        """Return the same predictor with other settings; their defaults change nothing.

        Raises
        ------
        UsageError
            If the settings ask for another resize rule, or there is no such precision or GPU. The
            predictor was trained on images that were resized by its own rule.
        MissingExtra
            If they ask for a GPU, and torch is not installed.
        """
        if settings.resize not in ("auto", self.resize.rule):
            raise UsageError(
                f"A trained model resizes images as in training, by '{self.resize.rule}'. "
                f"Received: '{settings.resize}'. Leave it out, or train again with it."
            )
        extractor = self.extractor
        if settings.precision != "auto":
            extractor = extractor.computed_in(settings.precision)
        if settings.workers is not None:
            extractor = replace(extractor, workers=settings.workers)
        check_device(settings.device)
        if settings.device != "auto":
            extractor = replace(extractor, device=settings.device)
        if settings.accept_truncated:
            extractor = replace(extractor, accept_truncated=True)
        return replace(self, extractor=extractor)

    def with_rule(self, rule: UnsureRule) -> Predictor:
        """Return the same predictor, whose answers are marked as unsure by this rule.

        Raises
        ------
        UsageError
            If the rule has an error target, and the predictor has no fitted rule for it, or one
            that was fitted with too few images.
        """
        if rule.error_target is not None:
            if self.decision is None:
                raise UsageError(
                    "error_target needs a saved model that was trained with one. Received: "
                    f"{self.name}. Train it with headstart train, without --quick."
                )
            self.decision.check_error(rule.error_target)
        return replace(self, rule=rule)

    @property
    def network(self) -> Network:
        """The network that sees the images."""
        return self.extractor.network

    @property
    def resize(self) -> Resize:
        """How an image is brought to the network's size."""
        return self.extractor.resize

    @property
    def precision(self) -> Precision:
        """What the network computes in: "f32", "bf16" or "int8"."""
        return self.extractor.precision.precision

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """The label of each class, in the order of the probabilities."""
        return tuple(name.label for name in self.classes)

    def stream(
        self,
        sources: Iterable[ImageLike],
        workers: int | None = None,
        *,
        hash_content: bool = False,
    ) -> Iterator[Answer]:
        """Yield an answer for each image, in order, with only a few images in memory at a time.

        Parameters
        ----------
        sources : iterable of ImageSource, or of whatever else an image may be
            The images; it may be endless.
        workers : int, optional
            Threads that read images. The default is that of the extractor.
        hash_content : bool
            Whether the answers have the hash of each file's content.

        Yields
        ------
        Answer
            With probabilities, or with an error if the image can't be read.
        """
        check("sources", sources, Iterable[Any])
        n_images = len(sources) if isinstance(sources, Sized) else None
        images = (as_source(image, index) for index, image in enumerate(sources))
        labels = self.labels
        how: dict[str, Any] = {"hash_content": hash_content, "n_images": n_images}
        for item in self.extractor.stream(images, workers, **how):
            if item.values is None:
                found = None, item.error, item.notes
                yield Answer(item.index, item.source, self.classes, *found)
                continue
            values = self.probabilities(item.values[None])[0]
            verdict = self.rule.verdict(self.decision, labels, item.values, values)
            yield Answer(
                item.index,
                item.source,
                self.classes,
                values,
                notes=item.notes,
                content=item.content if hash_content else None,
                **verdict._asdict(),
            )

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities of images for which the network's values are known.

        Parameters
        ----------
        values : ndarray of float32, shape (n, d)
            Features; or probabilities, which are returned as they are, where there is no scorer.

        Returns
        -------
        ndarray of float32, shape (n, n_classes)
            From 0 to 1; each row sums to 1.
        """
        if self.scorer is None:
            return values
        # A network with absurd weights may give features whose squares overflow.
        with np.errstate(over="ignore", invalid="ignore"):
            return self.scorer.probabilities(values).astype(np.float32, copy=False)

    def predict_proba(self, images: Images) -> NDArray[np.float32]:
        """Return the probabilities of the classes.

        Parameters
        ----------
        images : list, array or folder
            As `headstart.data.inputs.image_sources` takes them.

        Returns
        -------
        ndarray of float32, shape (n, n_classes)

        Raises
        ------
        ImageError
            For the first image that can't be read.
        """
        rows = [answer.required() for answer in self.stream(image_sources(images))]
        return np.array(rows, np.float32).reshape(len(rows), len(self.classes))

    def predict(self, images: Images) -> NDArray[Any]:
        """Return the label of the most probable class for each image, as an array (n,)."""
        return class_array(self.labels)[self.predict_proba(images).argmax(axis=1)]

    def score(
        self, images: Images, labels: Labels, weights: Sequence[float] | None = None
    ) -> float:
        """Return the share of images, from 0 to 1, whose predicted label is the given one.

        Labels that the model does not know count as wrong, with a warning.

        Raises
        ------
        DatasetError
            If it knows none of the labels.
        """
        sources, truth = labelled_images(images, labels)
        truth = scored_labels(truth, self.labels)
        return agreement(self.predict(sources).tolist(), truth, weights)
