"""What a predictor says about one image."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.display.text import percent
from headstart.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from headstart.errors import ImageError
    from headstart.images.sources import ImageSource
    from headstart.networks.classes import ClassName


@dataclass(frozen=True, slots=True)
class Prediction:
    """One class that an image may show.

    Attributes
    ----------
    id : str
        The identifier of the class: a WordNet id such as ``n02129604`` for the classes of ImageNet,
        the label as text for a user's own classes.
    label : hashable
        The name of the class, or the user's own label as it was given.
    probability : float
        From 0 to 1.
    """

    id: str
    label: Hashable
    probability: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Answer:
    """The probabilities of the classes for one image, or why the image could not be read.

    Attributes
    ----------
    index : int
        The position of the image among the sources, counted from 0.
    source : ImageSource
        The image.
    classes : tuple of ClassName
        All classes, in the order of `probabilities`.
    probabilities : ndarray of float32, shape (n_classes,), or None
        From 0 to 1; None if the image could not be read.
    error : ImageError or None
        Why the image could not be read; None if it was read.
    notes : tuple of str
        What was done to read the image, where that is worth knowing, for example "animated: first
        frame; 12 in all".
    unsure : bool
        Whether the model is unsure of the image: its prediction set has several classes, it is
        unlike the training images, or its best probability is below the limit of the predictor's
        `UnsureRule`.
    unlike : bool
        Whether the image is unlike those that the model was trained on.
    prediction_set : tuple of hashable, or None
        The labels of the classes that the image may show, the most probable first. It lacks the
        true class no more often than the error target says, for images like the training images.
        None for a predictor that has no fitted rule for that.
    parent : str or None
        Where classes have parents, and the prediction set has several classes: the smallest parent
        of the most probable class whose probability reaches what the error target asks for.
    content : str or None
        Hash of the file's content, if that was asked for and the image was read.
    """

    index: int
    source: ImageSource
    classes: tuple[ClassName, ...]
    probabilities: NDArray[np.float32] | None = None
    error: ImageError | None = None
    notes: tuple[str, ...] = ()
    unsure: bool = False
    unlike: bool = False
    prediction_set: tuple[Hashable, ...] | None = None
    parent: str | None = None
    content: str | None = None

    def __repr__(self) -> str:
        """Return the name of the image with the most probable class or the error."""
        best = [f"{found.label} {percent(found.probability)}" for found in self.predictions(1)]
        return printable(f"<Answer: {self.path}: {self.error or best[0]}>")

    @property
    def path(self) -> str:
        """The name of the image: its path, or its position where it has no path."""
        return self.source.name

    def predictions(self, top: int = 5) -> tuple[Prediction, ...]:
        """Return the `top` most probable classes, best first; none if the image was not read."""
        if self.probabilities is None:
            return ()
        # A stable sort puts the first of equally probable classes first on every machine.
        order = np.argsort(-self.probabilities, kind="stable")[:top]
        return tuple(
            Prediction(*self.classes[int(place)], float(self.probabilities[place]))
            for place in order
        )

    def required(self) -> NDArray[np.float32]:
        """Return the probabilities, or raise the error."""
        if self.probabilities is None:
            raise self.error or AssertionError("an answer has probabilities or an error")
        return self.probabilities

    def to_record(self, top: int = 5) -> dict[str, Any]:
        """Return what ``predict --json`` prints for the image."""
        if self.error is not None:
            failure = {"type": type(self.error).__name__, "message": str(self.error)}
            return {"path": self.path, "error": failure}
        predictions = [asdict(found) for found in self.predictions(top)]
        notes = {"notes": list(self.notes)} if self.notes else {}
        return {"path": self.path, "predictions": predictions, **self._verdict(), **notes}

    def _verdict(self) -> dict[str, Any]:
        """Return what the model's rule says of the image, where it says anything."""
        labels = self.prediction_set
        found = {
            "unsure": self.unsure,
            "unlike": self.unlike,
            "prediction_set": None if labels is None else [str(label) for label in labels],
            "parent": self.parent,
        }
        return {name: value for name, value in found.items() if value}
