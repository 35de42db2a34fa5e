"""Recognise: the most probable classes of pictures, by a pre-trained network or a saved model."""

from __future__ import annotations

import abc
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbones.catalogue import backbones
from headstart.backbones.choosing import settle
from headstart.backbones.folders import is_backbone_folder
from headstart.backbones.network import DESCRIPTION, Network
from headstart.backbones.networks import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.inputs import image_sources
from headstart.errors import ImageError, UsageError
from headstart.features.extract import extract, network_resize
from headstart.features.precision import choose_precision
from headstart.model import SavedModel, load

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.data.resizing import Resize
    from headstart.data.sources import ImageSource
    from headstart.features.engine import Precision
    from headstart.features.extract import Extracted
    from headstart.progress import Progress

    Stream = Iterator[tuple[Extracted, NDArray[np.float32] | None]]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One class a picture may show.

    Attributes
    ----------
    id : str
        The class's identifier: a WordNet id such as ``n02129604`` for ImageNet's classes, the
        label as text for a user's own.
    label : hashable
        Its name, or the user's own label as it was given.
    probability : float
        Between 0 and 1.
    """

    id: str
    label: Hashable
    probability: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found in one picture, or why it was refused.

    Attributes
    ----------
    source : ImageSource
        The picture.
    predictions : tuple of Prediction
        The most probable first; empty if it was refused.
    error : ImageError or None
        Why it was refused.
    notes : tuple of str
        What was done to read it, where that is worth knowing: "animated: first frame of 12".
    """

    source: ImageSource
    predictions: tuple[Prediction, ...] = ()
    error: ImageError | None = None
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """What the picture is called."""
        return self.source.name

    def to_record(self) -> dict[str, Any]:
        """Return what ``predict --json`` prints for the picture."""
        if self.error is not None:
            failure = {"type": type(self.error).__name__, "message": str(self.error)}
            return {"path": self.path, "error": failure}
        predictions = [
            {"id": found.id, "label": found.label, "probability": found.probability}
            for found in self.predictions
        ]
        notes = {"notes": list(self.notes)} if self.notes else {}
        return {"path": self.path, "predictions": predictions, **notes}


class Recogniser(abc.ABC):
    """Something that is ready to answer. `open_recogniser` makes one."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """What answers, for people."""

    @property
    @abc.abstractmethod
    def computes_in(self) -> Precision:
        """What the network computes in."""

    @property
    @abc.abstractmethod
    def classes(self) -> Sequence[tuple[str, Hashable]]:
        """Identifier and label of each class, in the order of the probabilities."""

    @abc.abstractmethod
    def stream(self, sources: Iterable[ImageSource], workers: int | None = None) -> Stream:
        """Yield each picture, in order, with its probabilities (k,), None where it is refused."""

    def answers(
        self, sources: Iterable[ImageSource], *, top: int = 5, workers: int | None = None
    ) -> Iterator[Answer]:
        """Yield what is in each picture, in order, a few at a time, however many there are.

        Parameters
        ----------
        sources : iterable of ImageSource
            The pictures; may be endless.
        top : int
            Classes to tell of each, at most.
        workers : int, optional
            Threads that read pictures; one a core if not given.
        """
        classes = self.classes
        for item, probabilities in self.stream(sources, workers):
            predictions = (
                () if probabilities is None else _most_probable(probabilities, classes, top)
            )
            yield Answer(item.source, predictions, item.error, item.notes)


@dataclass(frozen=True, slots=True, eq=False)
class PretrainedRecogniser(Recogniser):
    """A pre-trained network with the classes it came with."""

    network: Network
    resize: Resize
    precision: Precision

    @property
    def name(self) -> str:
        """The network's name."""
        return self.network.name

    @property
    def computes_in(self) -> Precision:
        """What the network computes in."""
        return self.precision

    @property
    def classes(self) -> Sequence[tuple[str, Hashable]]:
        """Identifier and label of each class."""
        return [(name.id, name.label) for name in self.network.classes or ()]

    def stream(self, sources: Iterable[ImageSource], workers: int | None = None) -> Stream:
        """Yield each picture with its probabilities."""
        for item in extract(
            sources,
            self.network,
            resize=self.resize,
            precision=self.precision,
            outputs=("probabilities",),
            workers=workers,
        ):
            yield item, None if item.values is None else item.values["probabilities"]


@dataclass(frozen=True, slots=True, eq=False)
class SavedRecogniser(Recogniser):
    """A saved model with the user's own classes."""

    model: SavedModel

    @property
    def name(self) -> str:
        """What the model was built on."""
        return f"a saved model on {self.model.network.name}"

    @property
    def computes_in(self) -> Precision:
        """What the network computes in."""
        return self.model.precision

    @property
    def classes(self) -> Sequence[tuple[str, Hashable]]:
        """Identifier and label of each class."""
        return [(str(label), label) for label in self.model.labels]

    def stream(self, sources: Iterable[ImageSource], workers: int | None = None) -> Stream:
        """Yield each picture with its probabilities."""
        return self.model.stream(sources, workers=workers)


def open_recogniser(
    model: str | Path | Network | SavedModel,
    *,
    weights: str | Path | None = None,
    resize: str = "auto",
    precision: Any = "auto",  # noqa: ANN401 - a user's word; anything but the three is refused
    sample: Sequence[ImageSource] = (),
    progress: Progress | None = None,
) -> Recogniser:
    """Make ready a pre-trained network or a saved model.

    Parameters
    ----------
    model : str, Path, Network or SavedModel
        A backbone's name or folder, or the folder of a saved model; 'auto': see
        `headstart.backbones.choosing.choose_backbone`.
    weights : str or Path, optional
        A weights file for the backbone.
    resize : {"auto", "crop", "squash", "pad", "keras"}
        'auto' is the model's own rule; a saved model takes no other.
    precision : {"auto", "f32", "bf16"}
        'auto' is a saved model's own; for a backbone it is measured on some of `sample`.
    sample : sequence of ImageSource
        The pictures it will be used on.
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    UsageError
        If an argument is wrong, or the network has no classes of its own.
    WeightsError, ConversionError, SavedModelError
        If it can't be made ready.
    """
    if isinstance(model, SavedModel):
        return _saved(model, weights, resize, precision)
    named = settle(model, weights, progress=progress)
    if isinstance(named, str | Path) and _means_a_saved_model(named):
        return _saved(load(named), weights, resize, precision)
    network = find_network(NetworkSpec(named, weights=weights), progress=progress)
    if network.classes is None:
        raise UsageError(
            f"To recognise with {network.name}, its weights must include the classes. Received: "
            "weights without them. Train a head on it: headstart train FOLDER --out DIR"
        )
    rule = network_resize(network, resize)
    choice = choose_precision(precision, network, sample, resize=rule)
    return PretrainedRecogniser(network, rule, choice.precision)


def predict(
    images: Any,  # noqa: ANN401
    backbone: str | Path | Network | SavedModel = "auto",
    *,
    top: int = 5,
    weights: str | Path | None = None,
    resize: str = "auto",
    precision: str = "auto",
    workers: int | None = None,
) -> list[list[Prediction]]:
    """Say what is in pictures.

    Parameters
    ----------
    images : str, Path, list or array
        A picture, folder or glob; or a list of paths, bytes of image files, uint8 arrays of shape
        (height, width, 3) RGB or (height, width) grey, or PIL images.
    backbone : str, Path, Network or SavedModel
        A pre-trained network's name (see `headstart.backbones`) or a backbone's folder; or a saved
        model. 'auto' takes the best pre-trained network at hand, else downloads MobileNetV2, else
        warns and takes mini.
    top : int
        Classes to tell of each picture, at most.
    weights, resize, precision
        See `open_recogniser`.
    workers : int, optional
        Threads that read pictures; one a core if not given.

    Returns
    -------
    list of list of Prediction
        One list for each picture, the most probable class first.

    Raises
    ------
    ImageError
        For the first picture that can't be read. To have the others answered all the same, use
        `Recogniser.answers` or ``headstart predict``.
    UsageError, WeightsError, ConversionError, SavedModelError
        See `open_recogniser`.

    Examples
    --------
    >>> import headstart as hs
    >>> hs.predict("tiger.jpg", backbone="resnet50", top=1)  # doctest: +SKIP
    [[Prediction(id='n02129604', label='tiger', probability=0.83)]]
    """
    if top < 1:
        raise UsageError(f"top must be at least 1. Received: {top}")
    sources = image_sources(images)
    recogniser = open_recogniser(
        backbone, weights=weights, resize=resize, precision=precision, sample=sources
    )
    answers = recogniser.answers(sources, top=top, workers=workers)
    return [list(_required(answer).predictions) for answer in answers]


def _means_a_saved_model(model: str | Path) -> bool:
    # A folder that happens to be called like a backbone is meant by './resnet50' only.
    if isinstance(model, str) and model in {row.name for row in backbones()}:
        return False
    if is_backbone_folder(model):
        return False
    return Path(model).is_dir() and not DESCRIPTION.is_in(model)


def _saved(
    model: SavedModel,
    weights: str | Path | None,
    resize: str,
    precision: Any,  # noqa: ANN401
) -> SavedRecogniser:
    if weights is not None:
        raise UsageError("A saved model has its weights inside. Leave out the weights.")
    if resize not in ("auto", model.resize.rule):
        raise UsageError(
            f"A saved model brings pictures to size as in training, by '{model.resize.rule}'. "
            f"Received: '{resize}'. Leave it out, or train again with it."
        )
    choice = choose_precision(precision, model.network, (), resize=model.resize)
    chosen = model.precision if precision == "auto" else choice.precision
    return SavedRecogniser(replace(model, precision=chosen))


def _most_probable(
    probabilities: NDArray[np.float32], classes: Sequence[tuple[str, Hashable]], top: int
) -> tuple[Prediction, ...]:
    # Stable, so that the first of equally probable classes comes first on every machine.
    order = np.argsort(-probabilities, kind="stable")[:top]
    return tuple(
        Prediction(identity, label, float(probabilities[place]))
        for place in order
        for identity, label in [classes[place]]
    )


def _required(answer: Answer) -> Answer:
    if answer.error is not None:
        raise answer.error
    return answer
