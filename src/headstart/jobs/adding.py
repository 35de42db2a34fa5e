"""Add a network from a file as a backbone, under a name of the user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from headstart.arguments import checked
from headstart.backbones.catalogue import look_up
from headstart.backbones.finding import find_network
from headstart.backbones.resolving import resolve
from headstart.backbones.spec import NetworkSpec, Size
from headstart.data.settings import DatasetSettings
from headstart.errors import UsageError
from headstart.foreign.added import AddedBackbone, Figures, add, check_free, check_name
from headstart.foreign.contents import files_of, hashes_of
from headstart.foreign.facts import Facts
from headstart.foreign.files import ForeignFile
from headstart.foreign.labels import imagenet_with_background, read_label_file
from headstart.foreign.measuring import ALPHA, MeasuredPreprocessing
from headstart.foreign.metadata import together
from headstart.hub.handles import Handle
from headstart.jobs.foreign_files import foreign_file
from headstart.jobs.measuring import classes_of, measure_on
from headstart.networks.classes import imagenet_classes
from headstart.networks.layers import count_parameters
from headstart.networks.preprocessing import USUAL, PreprocessingName
from headstart.progress import NoProgress

if TYPE_CHECKING:
    from headstart.data.inputs import Dataset
    from headstart.foreign.metadata import Source
    from headstart.networks.classes import ClassName
    from headstart.networks.network import Network
    from headstart.networks.preprocessing import Preprocessing
    from headstart.progress import Progress

_AS_SAID = "as said"
#: Stands for ImageNet's 1,000 classes; with "background" before them for a network with 1,001.
IMAGENET = "imagenet"


@checked
def add_backbone(  # noqa: PLR0913 - all are named, and each has a default
    file: str | Path,
    name: str,
    *,
    images: Dataset | None = None,
    preprocessing: PreprocessingName | None = None,
    labels: str | Path | None = None,
    size: Size | None = None,
    allow_non_commercial: bool = False,
    dataset: DatasetSettings = DatasetSettings(),
    progress: Progress | None = None,
) -> AddedBackbone:
    """Keep a network from a file as a backbone, under a name that is accepted like all others.

    The files are copied into the folder in ``$HEADSTART_BACKBONES``, or the platform's folder for
    what programs keep.

    Parameters
    ----------
    file : str or Path
        A network in a file of another program, the folder of a SavedModel, or a handle of a hub.
    name : str
        Small letters, digits, '.', '_' and '-'. No backbone of the catalogue may have it.
    images : str, Path, LabelledImages, DataFrame or tuple, optional
        Labelled images of the network's own classes. Its preprocessing is measured on them; see
        `measure_preprocessing`.
    preprocessing : str, optional
        What happens to the pixels before the first layer. See `NetworkSpec`. The default is what
        the file says, or else what is measured.
    labels : str or Path, optional
        The classes of the network, in the order of its outputs: "imagenet", or a file with a name
        on each line. The default is what the file says, or what is measured.
    size : int or tuple of int, optional
        Height and width of the images in pixels, for a network that takes any.
    allow_non_commercial : bool
        Whether a network of a hub may have a licence that forbids commercial use.
    dataset : DatasetSettings
        How `images` is read, where that can't be seen from it.
    progress : Progress, optional
        Shows how far it is.

    Returns
    -------
    AddedBackbone

    Raises
    ------
    UsageError
        If the name is taken, the preprocessing is unknown and the images don't decide it, or they
        show that another one than is said fits.
    UnknownBackbone, ConversionError, DatasetError, StorageError
    """
    check_name(name)
    row = look_up(name)
    if row is not None:
        raise UsageError(
            f"The name of an added backbone must be none of the catalogue. Received: {name!r}, "
            f"which is {row.name} there."
        )
    wanted = NetworkSpec(
        file,
        size=size,
        preprocessing=preprocessing,
        allow_non_commercial=allow_non_commercial,
    )
    classes = None if labels is None else _classes(labels)
    found, sources = _file_of(file, allow_non_commercial=allow_non_commercial, progress=progress)
    said = together(sources).preprocessing if preprocessing is None else USUAL[preprocessing]
    check_free(name, hashes_of(found))
    measured = None
    if images is not None:
        raw = find_network(replace(wanted, preprocessing="inside"))
        classes = classes_of(replace(raw, classes=_fitting(classes, raw) or raw.classes))
        raw = replace(raw, classes=classes)
        also = {} if said is None else {_AS_SAID: said}
        measured = measure_on(raw, images, dataset=dataset, also=also, progress=progress)
        (progress or NoProgress()).say(str(measured))
        best = _decided(measured, said)
        wanted = replace(wanted, preprocessing=preprocessing or best)
    network = find_network(wanted)
    return add(
        found,
        name,
        replace(_facts_of(network), classes=_fitting(classes, network) or network.classes),
        files_of(found),
        _figures_of(network),
        None if measured is None else measured.to_dict(),
    )


def _file_of(
    named: str | Path, *, allow_non_commercial: bool, progress: Progress | None
) -> tuple[ForeignFile, tuple[Source, ...]]:
    """Return the file of a network of another program, and what is said of it."""
    meant = resolve(named)
    if not isinstance(meant, ForeignFile | Handle):
        raise UsageError(
            "Only a network of another program can be added: its file, its SavedModel's folder, or "
            f"its handle on a hub. Received: {named}."
        )
    return foreign_file(meant, allow_non_commercial=allow_non_commercial, progress=progress)


def _classes(labels: str | Path) -> tuple[ClassName, ...]:
    """Return the classes that a user names."""
    if labels == IMAGENET:
        return imagenet_classes()
    try:
        return read_label_file(Path(labels))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"labels must be 'imagenet', or a file with the name of a class on each line. "
            f"Received: {labels}: {why}."
        ) from error


def _fitting(
    classes: tuple[ClassName, ...] | None, network: Network
) -> tuple[ClassName, ...] | None:
    """Return the classes that were named, if the network has so many."""
    outputs = network.outputs.get("probabilities", (0,))[0]
    if classes is None or len(classes) == outputs:
        return classes
    if classes == imagenet_classes() and len(imagenet_with_background()) == outputs:
        return imagenet_with_background()
    raise UsageError(
        f"{network.name} must have as many classes as outputs, {outputs:,}. Received: the names of "
        f"{len(classes):,} classes."
    )


def _facts_of(network: Network) -> Facts:
    """Return all that is known of a network that was converted."""
    rule: Any = network.resize
    return Facts(
        preprocessing=network.preprocessing,
        size=network.size,
        resize=rule,
        crop_fraction=network.crop_fraction,
        interpolation=network.interpolation,
        antialias=network.antialias,
        license=network.license,
        source=network.source,
        feature_layer=network.layer,
    )


def _figures_of(network: Network) -> Figures:
    return Figures(
        size=network.size,
        n_features=network.outputs["features"][0],
        n_classes=next(iter(network.outputs.get("probabilities", ())), None),
        parameters=count_parameters(network),
        macs=network.macs,
    )


def _decided(
    measured: MeasuredPreprocessing, said: Preprocessing | None
) -> PreprocessingName | None:
    """Return what was measured; None if something else is said that fits as well.

    Raises
    ------
    UsageError
        If the images don't decide, or speak against what is said.
    """
    best = measured.best.preprocessing
    if said is None or not measured.beats_chance:
        if measured.doubt:
            raise UsageError(
                f"The images must decide which preprocessing fits. Received: {measured.doubt}. "
                "Give more images, or name it: --preprocessing NAME."
            )
        return cast("PreprocessingName", best)
    result = next(each for each in measured.results if each.preprocessing == _AS_SAID)
    if result is not measured.best and result.p_value < ALPHA:
        raise UsageError(
            "The images must agree with the preprocessing that is said, "
            f"{said.in_words()}. Received: {best!r} fits better (p = {result.p_value:.2g}). If "
            f"the labels are right, name it: --preprocessing {best}"
        )
    return None
