"""Zero-shot classification: classes that are texts, and no training images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np

from headstart.arguments import checked
from headstart.backbones.class_texts import class_vectors, prompts, texts_of
from headstart.backbones.finding import find_network
from headstart.backbones.resolving import ModelFolder, resolve
from headstart.backbones.row import Backbone
from headstart.backbones.spec import NetworkSpec, Variant
from headstart.backbones.weights import find_weights
from headstart.errors import UsageError
from headstart.features.devices import check_device
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import Device, FeatureSettings, PrecisionRule, ResizeRule
from headstart.model.replacing import check_place
from headstart.model.saving import save_model
from headstart.model.training_data import TrainingData
from headstart.networks.network import Network
from headstart.prediction.labels import user_classes
from headstart.prediction.predictor import Predictor
from headstart.prediction.scoring import AffineSoftmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from headstart.images.sources import ImageSource
    from headstart.model import SavedModel
    from headstart.progress import Progress

#: The name of the head of a model that was saved.
HEAD = "zero_shot"
_AUTO = FeatureSettings()


def open_zero_shot(
    spec: NetworkSpec,
    classes: Sequence[str],
    templates: Sequence[str] = (),
    settings: FeatureSettings = _AUTO,
    *,
    images: Sequence[ImageSource] = (),
    progress: Progress | None = None,
) -> Predictor:
    """Return a predictor whose classes are texts, ready to use.

    Its probabilities are the softmax of the similarities of an image's features with the vectors of
    the texts, times the scale that was learnt with them. (SigLIP2 learnt to say of each text alone
    whether it fits; here the texts are alternatives.)

    Parameters
    ----------
    spec : NetworkSpec
        A backbone that was trained on images with their texts.
    classes : sequence of str
        Such as ``["a rickshaw", "a horse cart"]``. They become the labels.
    templates : sequence of str
        See `headstart.backbones.class_texts.class_vectors`.
    settings : FeatureSettings
    images : sequence of ImageSource
        Images that will be predicted; the precision is measured on some of them if it is "auto".
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    UsageError
        If the backbone reads no texts, or classes or templates are none.
    MissingExtra
        If the package tokenizers is not installed, or torch where a GPU is asked for.
    WeightsError, ConversionError
        If it can't be made ready.
    """
    check_device(settings.device)
    row = None if isinstance(spec.backbone, Network) else resolve(spec.backbone)
    if not isinstance(row, Backbone):
        own = ", a saved model, which has classes of its own" * isinstance(row, ModelFolder)
        raise UsageError(
            "Classes that are texts need the name of a backbone that reads texts, such as "
            f"clip_vit_b32 or siglip2_vit_b16. Received: {str(spec.backbone)!r}{own}."
        )
    prompts(classes, tuple(templates) or (texts_of(row).template,))  # before a large download
    spec.refuse(
        ("layer", "pooling", "mirror"),
        "Texts are compared with the features that the backbone was trained for.",
    )
    network = find_network(spec, progress=progress)
    given = None if spec.weights is None else Path(spec.weights)
    weights = find_weights(row, given, progress=progress)
    found = class_vectors(row, weights, classes, templates, progress=progress)
    scorer = AffineSoftmax(
        np.ascontiguousarray(found.scale * found.vectors.T, np.float32),
        np.zeros(len(classes), np.float32),
    )
    extractor = FeatureExtractor.open(network, replace(settings, cache=False), images)
    return Predictor(network.name, extractor, user_classes(classes), scorer)


@checked
def zero_shot(  # noqa: PLR0913 - all are named, and each has a default
    classes: list[str] | tuple[str, ...],
    folder: str | Path,
    backbone: str | Path | NetworkSpec = "clip_vit_b32",
    *,
    templates: list[str] | tuple[str, ...] = (),
    resize: ResizeRule = "auto",
    precision: PrecisionRule = "auto",
    device: Device = "auto",
    overwrite: bool = False,
    progress: Progress | None = None,
    **variant: Unpack[Variant],
) -> SavedModel:
    """Save a model that was not trained: its classes are texts.

    It is a model like any other: `predict`, `evaluate`, `explain` and `export` take it. It needs
    neither texts nor the package tokenizers any more. It was measured on no images, so it has no
    rule that says when it is unsure.

    Parameters
    ----------
    classes : list of str
        Such as ``["a rickshaw", "a horse cart"]``; the labels of the model. An article at the
        beginning is not part of the text that is compared.
    folder : str or Path
        A new or empty folder.
    backbone : str, Path or NetworkSpec, default="clip_vit_b32"
        A backbone that was trained on images with their texts.
    templates : list of str
        Texts with ``{}`` in the place of the class. The default is the published one,
        "a photo of a {}." for CLIP. The vector of a class is the mean of all.
    resize, precision, device
        See `FeatureSettings`.
    overwrite : bool, default=False
        Whether a saved model in the folder may be replaced.
    progress : Progress, optional
        Shows how far it is.
    **variant
        The other fields of `NetworkSpec`, such as ``weights``: a file with both towers.

    Returns
    -------
    SavedModel
        As `headstart.load` returns it.

    Raises
    ------
    UsageError
        If an argument is wrong, or there is something else in the folder.
    MissingExtra
        If the package tokenizers is not installed.
    WeightsError, ConversionError, StorageError
        If it can't be made or saved.
    """
    spec = NetworkSpec.of(backbone, **variant)
    settings = FeatureSettings(resize=resize, precision=precision, device=device)
    check_place(Path(folder), overwrite=overwrite)  # before a download
    predictor = open_zero_shot(spec, classes, templates, settings, progress=progress)
    return save_zero_shot(predictor, Path(folder), overwrite=overwrite)


@checked
def text_start(
    classes: list[str] | tuple[str, ...],
    backbone: str | Path | NetworkSpec = "clip_vit_b32",
    *,
    templates: list[str] | tuple[str, ...] = (),
    progress: Progress | None = None,
    **variant: Unpack[Variant],
) -> dict[str, NDArray[np.float32]]:
    """Return what a logistic head can start with where there are few images: the classes' texts.

    ``ImageClassifier(backbone, head=LogisticHead(start=text_start(classes, backbone)))`` is near
    zero-shot classification with very few images, and near an ordinary head with many.

    Parameters
    ----------
    classes : list of str
        The labels of the images, as texts.
    backbone : str, Path or NetworkSpec, default="clip_vit_b32"
        A backbone that was trained on images with their texts.
    templates, progress, **variant
        See `zero_shot`.

    Returns
    -------
    dict of str to ndarray of float32, shape (n_features,)
        The vector of each class, times the scale that was learnt with it.

    Raises
    ------
    UsageError
        If an argument is wrong, or the backbone reads no texts.
    MissingExtra
        If the package tokenizers is not installed.
    WeightsError, ConversionError
        If it can't be made.
    """
    spec = NetworkSpec.of(backbone, **variant)
    scorer = open_zero_shot(spec, classes, templates, progress=progress).scorer
    assert isinstance(scorer, AffineSoftmax)  # noqa: S101 - as `open_zero_shot` makes it
    return dict(zip(classes, scorer.weights.T, strict=True))


def save_zero_shot(predictor: Predictor, folder: Path, *, overwrite: bool = False) -> SavedModel:
    """Save a predictor that `open_zero_shot` returned, as a model."""
    return save_model(
        folder,
        predictor,
        head=HEAD,
        training=TrainingData((0,) * len(predictor.classes)),
        evaluation={},
        extras={},
        version="1",
        overwrite=overwrite,
    )
