"""The `Predictor`: everything that answers images, in one form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from headstart.data.inputs import image_sources
from headstart.prediction.accuracy import agreement
from headstart.prediction.answer import Answer
from headstart.prediction.labels import class_array

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from numpy.typing import NDArray

    from headstart.backbones.classes import ClassName
    from headstart.backbones.network import Network
    from headstart.data.inputs import Images, Labels
    from headstart.data.resizing import Resize
    from headstart.data.sources import ImageSource
    from headstart.features.engine import Precision
    from headstart.features.extract import Extracted
    from headstart.features.extractor import FeatureExtractor
    from headstart.prediction.scoring import Scorer


@final
@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """A network and a head that are ready to answer images.

    A pre-trained network with its own classes, a fitted `ImageClassifier` and a saved model all
    answer through this class: the same image is prepared, computed and scored in the same way,
    whoever asks.

    Attributes
    ----------
    name : str
        What answers, for people.
    extractor : FeatureExtractor
        Reads and resizes images and runs the network on them.
    classes : tuple of ClassName
        Identifier and label of each class, in the order of the probabilities.
    scorer : Scorer or None
        Makes probabilities of features; None if the network computes the probabilities itself.
    """

    name: str
    extractor: FeatureExtractor
    classes: tuple[ClassName, ...]
    scorer: Scorer | None = None

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
        """What the network computes in: "f32" or "bf16"."""
        return self.extractor.precision.precision

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """The label of each class, in the order of the probabilities."""
        return tuple(name.label for name in self.classes)

    def stream(
        self, sources: Iterable[ImageSource], workers: int | None = None
    ) -> Iterator[Answer]:
        """Yield an answer for each image, in order, with only a few images in memory at a time.

        Parameters
        ----------
        sources : iterable of ImageSource
            The images; it may be endless.
        workers : int, optional
            Threads that read images. The default is that of the extractor.

        Yields
        ------
        Answer
            With probabilities, or with an error if the image can't be read.
        """
        for item in self.extractor.stream(sources, workers):
            yield self._answer(item)

    def _answer(self, item: Extracted) -> Answer:
        """Turn what the network computed for one image into an answer.

        Every answer is made here, whoever asks for it. Rules on top of the probabilities belong in
        this function: they may find that the predictor is unsure, or that the image is unlike the
        training images, and record it in the answer.
        """
        return Answer(
            index=item.index,
            source=item.source,
            classes=self.classes,
            probabilities=None if item.values is None else self.probabilities(item.values[None])[0],
            error=item.error,
            notes=item.notes,
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

    def score(self, images: Images, labels: Labels) -> float:
        """Return the share of images, from 0 to 1, whose predicted label is the given one."""
        return agreement(self.predict(images).tolist(), list(labels))
