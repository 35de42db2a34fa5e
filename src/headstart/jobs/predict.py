"""Predict: the most probable classes of images, by a pre-trained network or a trained model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from headstart.arguments import Positive, checked
from headstart.backbones.catalogue import look_up
from headstart.backbones.finding import find_network
from headstart.backbones.resolving import ModelFolder, resolve
from headstart.backbones.spec import NetworkSpec, Variant
from headstart.data.inputs import image_sources
from headstart.errors import UsageError
from headstart.features.devices import check_device
from headstart.features.settings import Device, FeatureSettings, PrecisionRule, ResizeRule
from headstart.jobs.zero_shot import open_zero_shot
from headstart.model import SavedModel, load
from headstart.networks.network import Network
from headstart.prediction.predictor import Predictor
from headstart.progress import track

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.classifier import ImageClassifier
    from headstart.data.inputs import Images
    from headstart.errors import ImageError
    from headstart.images.sources import ImageSource
    from headstart.prediction.answer import Prediction
    from headstart.progress import Progress

    #: What is ready to answer images.
    Trained = SavedModel | ImageClassifier | Predictor
    #: What `open_predictor` takes.
    Named = str | Path | Network | NetworkSpec | Trained


OnError = Literal["raise", "return"]
_AUTO = FeatureSettings()


def open_predictor(
    named: Named,
    settings: FeatureSettings = _AUTO,
    *,
    images: Sequence[ImageSource] = (),
    progress: Progress | None = None,
) -> Predictor:
    """Return a predictor for a backbone or a trained model, ready to use.

    Parameters
    ----------
    named : str, Path, Network, NetworkSpec, SavedModel, ImageClassifier or Predictor
        The name or folder of a backbone, the folder of a saved model, or what these are once they
        are loaded; or a fitted classifier.
    settings : FeatureSettings
        A trained model resizes images as in training, and takes no other rule. Nothing is cached
        for a pre-trained network: its probabilities are seldom asked for twice.
    images : sequence of ImageSource
        The images that will be predicted. For a pre-trained network, the precision is measured on
        some of them if it is "auto".
    progress : Progress, optional
        Shows how far it is.

    Raises
    ------
    UsageError
        If an argument is wrong, the network has no classes of its own, or there is no such GPU.
    MissingExtra
        If a GPU is asked for, and torch is not installed.
    WeightsError, ConversionError, SavedModelError
        If it can't be made ready.
    """
    check_device(settings.device)  # before anything is downloaded or converted
    trained = named.predictor if isinstance(named, SavedModel) else named
    trained = getattr(trained, "predictor_", trained)  # of a fitted ImageClassifier
    if isinstance(trained, Predictor):
        return trained.with_settings(settings)
    if not isinstance(trained, str | Path | Network | NetworkSpec):
        raise UsageError(
            "The model must be the name or folder of a backbone or of a saved model, or a fitted "
            f"ImageClassifier. Received: {named!r}."
        )
    spec = NetworkSpec.of(trained)
    folder = model_folder(spec)
    if folder is not None:
        return load(folder).predictor.with_settings(settings)
    _check_classes(spec)
    network = find_network(spec, progress=progress)
    return Predictor.pretrained(network, replace(settings, cache=False), images)


def _check_classes(spec: NetworkSpec) -> None:
    """Refuse features that a network has no classes for, and a backbone that asks for texts."""
    spec.refuse(
        ("layer", "pooling"),
        "A network computes its classes from its own features; on others, train a head.",
    )
    row = look_up(spec.backbone) if isinstance(spec.backbone, str) else None
    if row is not None and row.texts is not None:
        raise UsageError(
            f"{row.name} has no classes of its own. Received: no classes. Give them as texts: "
            "--classes TEXT TEXT (classes=[...] in Python)."
        )


def model_folder(spec: NetworkSpec) -> Path | None:
    """Return the folder of the saved model that is meant; None if a network is meant.

    Raises
    ------
    UsageError
        If another variant of its network is wanted.
    """
    meant = None if isinstance(spec.backbone, Network) else resolve(spec.backbone)
    if not isinstance(meant, ModelFolder):
        return None
    changes = spec.asked.keys() - {"allow_non_commercial"}  # that is a permission
    spec.refuse(changes, "A saved model has its weights inside, and its network can't be changed.")
    return meant.path


@overload
def predict(
    images: Images,
    backbone: str | Path | Network | NetworkSpec | Trained = "auto",
    *,
    model: str | Path | Trained | None = None,
    classes: list[str] | tuple[str, ...] | None = None,
    templates: list[str] | tuple[str, ...] = (),
    top: int = 5,
    resize: ResizeRule = "auto",
    precision: PrecisionRule = "auto",
    workers: int | None = None,
    device: Device = "auto",
    accept_truncated: bool = False,
    on_error: Literal["raise"] = "raise",
    progress: Progress | None = None,
    **variant: Unpack[Variant],
) -> list[list[Prediction]]: ...


@overload
def predict(
    images: Images,
    backbone: str | Path | Network | NetworkSpec | Trained = "auto",
    *,
    model: str | Path | Trained | None = None,
    classes: list[str] | tuple[str, ...] | None = None,
    templates: list[str] | tuple[str, ...] = (),
    top: int = 5,
    resize: ResizeRule = "auto",
    precision: PrecisionRule = "auto",
    workers: int | None = None,
    device: Device = "auto",
    accept_truncated: bool = False,
    on_error: Literal["return"],
    progress: Progress | None = None,
    **variant: Unpack[Variant],
) -> list[list[Prediction] | ImageError]: ...


@checked
def predict(  # noqa: PLR0913 - all are named, and each has a default
    images: Images,
    backbone: str | Path | Network | NetworkSpec | Trained = "auto",
    *,
    model: str | Path | Trained | None = None,
    classes: list[str] | tuple[str, ...] | None = None,
    templates: list[str] | tuple[str, ...] = (),
    top: Positive = 5,
    resize: ResizeRule = "auto",
    precision: PrecisionRule = "auto",
    workers: Positive | None = None,
    device: Device = "auto",
    accept_truncated: bool = False,
    on_error: OnError = "raise",
    progress: Progress | None = None,
    **variant: Unpack[Variant],
) -> list[list[Prediction]] | list[list[Prediction] | ImageError]:
    """Return the most probable classes of images.

    Parameters
    ----------
    images : str, Path, list or array
        The path of an image or a folder, or a glob; or a list of paths, bytes of image files, uint8
        arrays of shape (height, width, 3) RGB or (height, width) grey, or PIL images.
    backbone : str, Path, Network or NetworkSpec, default="auto"
        The name or folder of a pre-trained network (see `headstart.backbones`). "auto" takes the
        best quick network whose weights are on this machine, else downloads mobilenet_v2, else
        takes mini and warns. A trained model is taken as well, as if it were given as `model`.
    model : str, Path, SavedModel, ImageClassifier or Predictor, optional
        A trained model or its folder, instead of a pre-trained network.
    classes : list of str, optional
        Texts such as ``["a rickshaw", "a horse cart"]``, instead of the network's own classes. The
        backbone must read texts: clip_vit_b32 or siglip2_vit_b16.
    templates : list of str
        For `classes`: texts with ``{}`` in the place of the class, instead of the published one.
    top : int, default=5
        How many classes to return for each image.
    resize : {"auto", "crop", "squash", "pad", "keras"}, default="auto"
        How an image is brought to the network's size. "auto" is the rule of the network or model.
    precision : {"auto", "f32", "bf16"}, default="auto"
        What the network computes in. "auto" is the precision of the model; for a pre-trained
        network, bfloat16 is measured on some of the images and used only if it agrees with float32.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What computes: the processor or a GPU. See `FeatureSettings`.
    accept_truncated : bool, default=False
        Whether to read JPEGs that are cut short, if at most a tenth of their rows are missing.
    on_error : {"raise", "return"}, default="raise"
        What becomes of an image that can't be read: its `ImageError` is raised, or returned in the
        place of its predictions, so that one bad image does not fail the others.
    progress : Progress, optional
        Shows how far it is.
    **variant
        The other fields of `NetworkSpec`, such as ``weights``, ``size`` or ``mirror``. Without
        ``layer`` and ``pooling``: a network computes its classes from its own features.

    Returns
    -------
    list of list of Prediction
        One list for each image, the most probable class first. With ``on_error="return"``, an
        `ImageError` for each image that can't be read.

    Raises
    ------
    ImageError
        For the first image that can't be read, unless ``on_error="return"``.
    UsageError, WeightsError, ConversionError, SavedModelError
        See `open_predictor`.

    Examples
    --------
    >>> import headstart as hs
    >>> hs.predict("tiger.jpg", backbone="resnet50", top=1)  # doctest: +SKIP
    [[Prediction(id='n02129604', label='tiger', probability=0.83)]]
    """
    named = _named(backbone, model, variant)
    if templates and classes is None:
        raise UsageError(f"Templates need classes that are texts. Received: {templates!r} alone.")
    sources = image_sources(images)
    settings = FeatureSettings(
        resize=resize,
        precision=precision,
        workers=workers,
        device=device,
        accept_truncated=accept_truncated,
    )
    if classes is None:
        predictor = open_predictor(named, settings, images=sources, progress=progress)
    else:
        options: dict[str, Any] = {"images": sources, "progress": progress}
        predictor = open_zero_shot(_spec(named), classes, templates, settings, **options)
    found: list[list[Prediction] | ImageError] = []
    for answer in track(progress, predictor.stream(sources), "predicting", len(sources)):
        if answer.error is not None and on_error == "raise":
            raise answer.error
        found.append(answer.error or list(answer.predictions(top)))
    return found


def _spec(named: Named) -> NetworkSpec:
    """Return the backbone that is to read classes that are texts."""
    if isinstance(named, NetworkSpec):
        return named
    raise UsageError(
        "A trained model has classes of its own, and takes no texts. Received: "
        f"model={named!r} with classes. Leave out one of them."
    )


def _named(
    backbone: str | Path | Network | NetworkSpec | Trained,
    model: str | Path | Trained | None,
    variant: Variant,
) -> Named:
    """Return what `predict` is asked to predict with: a variant of a backbone, or a model."""
    if model is None:
        if isinstance(backbone, str | Path | Network | NetworkSpec):
            return NetworkSpec.of(backbone, **variant)
        backbone, model = "auto", backbone
    why = "Give either a backbone or a model; weights and other changes belong to a backbone."
    NetworkSpec.of("auto", **variant).refuse(variant, why)
    if backbone != "auto":
        raise UsageError(f"{why} Received: backbone={backbone!r} and model={model!r}.")
    return model
