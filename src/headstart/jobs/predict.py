"""Predict: the most probable classes of images, by a pre-trained network or a trained model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from headstart.backbones.network import Network
from headstart.backbones.networks import find_network
from headstart.backbones.resolving import ModelFolder, resolve
from headstart.backbones.spec import NetworkSpec
from headstart.data.inputs import image_sources
from headstart.errors import UsageError
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.model import SavedModel, load
from headstart.prediction.predictor import Predictor
from headstart.progress import track

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.data.inputs import Images
    from headstart.data.sources import ImageSource
    from headstart.features.settings import PrecisionRule, ResizeRule
    from headstart.prediction.answer import Answer, Prediction
    from headstart.progress import Progress


class Fitted(Protocol):
    """A fitted `ImageClassifier`."""

    @property
    def predictor_(self) -> Predictor:
        """What answers images."""


#: What `open_predictor` takes.
Named = str | Path | Network | NetworkSpec | SavedModel | Fitted | Predictor


def open_predictor(
    named: Named,
    *,
    weights: str | Path | None = None,
    resize: ResizeRule = "auto",
    precision: PrecisionRule = "auto",
    sample: Sequence[ImageSource] = (),
    progress: Progress | None = None,
) -> Predictor:
    """Make ready whatever answers images.

    Parameters
    ----------
    named : str, Path, Network, NetworkSpec, SavedModel, ImageClassifier or Predictor
        The name or folder of a backbone, or the folder of a saved model; or what these are once
        they are loaded; or a fitted classifier. 'auto' chooses a backbone, see `NetworkSpec`.
    weights : str or Path, optional
        A weights file for the backbone; a `NetworkSpec` names its own.
    resize : {"auto", "crop", "squash", "pad", "keras"}
        'auto' is the model's own rule; a trained model takes no other.
    precision : {"auto", "f32", "bf16"}
        'auto' is a trained model's own precision; for a backbone it is measured on some images of
        `sample`.
    sample : sequence of ImageSource
        The images that will be predicted.
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    UsageError
        If an argument is wrong, or the network has no classes of its own.
    WeightsError, ConversionError, SavedModelError
        If it can't be made ready.
    """
    model = _open(named, weights, progress)
    if isinstance(model, Predictor):
        return _as_trained(model, weights, resize, precision)
    return _with_own_classes(model, resize, precision, sample)


def _open(
    named: Named, weights: str | Path | None, progress: Progress | None
) -> Predictor | Network:
    if isinstance(named, Predictor):
        return named
    if isinstance(named, SavedModel):
        return named.predictor
    if isinstance(named, NetworkSpec):
        return find_network(named, progress=progress)
    if not isinstance(named, str | Path | Network):
        return _fitted(named)
    meant = resolve(named) if isinstance(named, str | Path) else named
    if isinstance(meant, ModelFolder):
        return load(meant.path).predictor
    return find_network(NetworkSpec(named, weights=weights), progress=progress)


def _fitted(classifier: Fitted) -> Predictor:
    if not hasattr(classifier, "predictor_"):
        raise UsageError(
            "What answers images must be the name or folder of a backbone or of a saved model, or "
            f"a fitted ImageClassifier. Received: {classifier!r}."
        )
    return classifier.predictor_


def _as_trained(
    model: Predictor,
    weights: str | Path | None,
    resize: ResizeRule,
    precision: PrecisionRule,
) -> Predictor:
    """Return a trained model, which prepares images as in training whatever is asked for."""
    if weights is not None:
        raise UsageError("A trained model has its weights inside. Leave out the weights.")
    if resize not in ("auto", model.resize.rule):
        raise UsageError(
            f"A trained model resizes images as in training, by '{model.resize.rule}'. "
            f"Received: '{resize}'. Leave it out, or train again with it."
        )
    if precision == "auto":
        return model
    return replace(model, extractor=model.extractor.computed_in(precision))


def _with_own_classes(
    network: Network, resize: ResizeRule, precision: PrecisionRule, sample: Sequence[ImageSource]
) -> Predictor:
    """Return a pre-trained network that answers with the classes it was trained on."""
    if network.classes is None:
        raise UsageError(
            f"To predict with {network.name}, its weights must include the classes. Received: "
            "weights without them. Train a head on it: headstart train FOLDER --out DIR"
        )
    settings = FeatureSettings(resize=resize, precision=precision, cache=False)
    extractor = FeatureExtractor.open(network, settings, sample, output="probabilities")
    return Predictor(network.name, extractor, network.classes)


def predict(  # noqa: PLR0913 - all are named, and each has a default
    images: Images,
    backbone: str | Path | Network = "auto",
    *,
    model: str | Path | SavedModel | Fitted | Predictor | None = None,
    top: int = 5,
    weights: str | Path | None = None,
    resize: ResizeRule = "auto",
    precision: PrecisionRule = "auto",
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[list[Prediction]]:
    """Return the most probable classes of images.

    Parameters
    ----------
    images : str, Path, list or array
        The path of an image or a folder, or a glob; or a list of paths, bytes of image files, uint8
        arrays of shape (height, width, 3) RGB or (height, width) grey, or PIL images.
    backbone : str, Path or Network, default="auto"
        The name or folder of a pre-trained network (see `headstart.backbones`). 'auto' takes the
        best quick network whose weights are at hand, else downloads mobilenet_v2, else warns and
        takes mini.
    model : str, Path, SavedModel, ImageClassifier or Predictor, optional
        A trained model or its folder, instead of a pre-trained network.
    top : int, default=5
        How many classes to return for each image.
    weights, resize, precision
        See `open_predictor`.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    list of list of Prediction
        One list for each image, the most probable class first.

    Raises
    ------
    ImageError
        For the first image that can't be read. `Predictor.stream` and ``headstart predict`` answer
        the other images all the same.
    UsageError, WeightsError, ConversionError, SavedModelError
        See `open_predictor`.

    Examples
    --------
    >>> import headstart as hs
    >>> hs.predict("tiger.jpg", backbone="resnet50", top=1)  # doctest: +SKIP
    [[Prediction(id='n02129604', label='tiger', probability=0.83)]]
    """
    if top < 1:
        raise UsageError(f"top must be at least 1. Received: {top}")
    if model is not None and backbone != "auto":
        raise UsageError(
            f"Either a backbone or a model answers. Received: backbone={backbone!r} and "
            f"model={model!r}."
        )
    sources = image_sources(images)
    predictor = open_predictor(
        backbone if model is None else model,
        weights=weights,
        resize=resize,
        precision=precision,
        sample=sources,
        progress=progress,
    )
    answers = predictor.stream(sources, workers)
    return [
        list(_readable(answer).predictions(top))
        for answer in track(progress, answers, "predicting", len(sources))
    ]


def _readable(answer: Answer) -> Answer:
    if answer.error is not None:
        raise answer.error
    return answer
