"""Bench: how long backbones take for an image on this machine, beside what is published of them."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, replace
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any, Unpack

from headstart import records
from headstart.arguments import checked
from headstart.backbones.choosing import backbones_at_hand
from headstart.backbones.finding import find_network
from headstart.backbones.resolving import resolve
from headstart.backbones.row import Backbone
from headstart.backbones.spec import NetworkSpec, Variant, network_specs
from headstart.data.inputs import image_sources
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import counted, percent
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.features.speed import best_of, seconds_an_image
from headstart.foreign.added import AddedBackbone, added_backbones
from headstart.images.cores import usable_cores
from headstart.images.sources import FileSource
from headstart.networks.network import Network
from headstart.progress import NoProgress, track

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from headstart.arguments import Positive
    from headstart.features.settings import Device, FloatPrecisionRule
    from headstart.images.sources import ImageSource
    from headstart.progress import Progress

# Images that go through the whole pipeline, and how often.
_IMAGES, _ROUNDS = 64, 3
# That of the demo.
_PHOTO = ("demo_images", "coffee.jpg")


@dataclass(frozen=True, slots=True)
class BackboneTiming:
    """How long a backbone takes for an image, and what is published of it.

    Attributes
    ----------
    backbone : str
    size : tuple of int
        Height and width of its images in pixels.
    n_features : int
    milliseconds : float
        What the network takes for an image of a batch, without decoding.
    pipeline_milliseconds : float
        What an image takes from its file to its features, when all cores are busy.
    precision : str
        What the network computed in.
    top1 : float or None
        Published accuracy, 0 to 1, on the validation images of what it was trained on.
    trained_on : str or None
    parameters : int or None
    macs : int
        Multiply-accumulates for one image.
    license : str or None
    """

    backbone: str
    size: tuple[int, int]
    n_features: int
    milliseconds: float
    pipeline_milliseconds: float
    precision: str
    top1: float | None
    trained_on: str | None
    parameters: int | None
    macs: int
    license: str | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Benchmark(Displayed):
    """How long backbones take for an image on this machine.

    ``print(benchmark)`` gives a table to read, a notebook shows the same as HTML, and `to_dict`
    returns everything for programs.

    Attributes
    ----------
    timings : tuple of BackboneTiming
        The fastest pipeline first.
    n : int
        Images that went through the whole pipeline, each time.
    images : str
        What they were.
    cores : int
        Processor cores that this process may use.
    versions : dict of str to str
        Versions of Python, headstart and OpenVINO.
    """

    timings: tuple[BackboneTiming, ...]
    n: int
    images: str
    cores: int
    versions: dict[str, str]

    def display_parts(self) -> Iterator[str | Table]:
        """Yield the headline and the table."""
        n = len(self.timings)
        yield f"{counted(n, 'backbone')} on {counted(self.cores, 'core')} ({_machine()})."
        yield Table(
            headings=(
                *("backbone", "input", "ms", "ms with reading", "precision", "top-1"),
                *("trained on", "M params", "G MACs", "licence"),
            ),
            align="<>>><><>><",
            rows=[_row(each) for each in self.timings],
            notes=(
                "ms: what the network takes for an image of a batch, all cores busy; best of 3.",
                f"ms with reading: from the file to the features; {self.images}, {self.n} at once.",
                "top-1: published accuracy. Compare only backbones trained on the same dataset.",
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in JSON's types."""
        return records.to_json(self)


@checked
def bench(
    backbones: Sequence[str | Path | Network | NetworkSpec] | None = None,
    *,
    images: str | Path | None = None,
    precision: FloatPrecisionRule = "f32",
    workers: Positive | None = None,
    device: Device = "cpu",
    progress: Progress | None = None,
    **variant: Unpack[Variant],
) -> Benchmark:
    """Measure how long backbones take for an image on this machine.

    Features are computed anew: the feature cache is neither read nor written.

    Parameters
    ----------
    backbones : sequence of str, Path, Network or NetworkSpec, optional
        Names, files, handles or folders of backbones. The default is those whose weights are on
        this computer, and those that were added.
    images : str or Path, optional
        An image or a folder of images; the first 64 go through the whole pipeline. The default is
        the photo of the demo, 64 times.
    precision : {"f32", "bf16", "auto"}, default="f32"
        What the networks compute in; those of 8 bits stay at these. "auto" measures bfloat16 on the
        images.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    device : {"cpu", "gpu", "auto"}, default="cpu"
        What the pipeline runs the network on. The time of the network alone is that of the
        processor.
    progress : Progress, optional
        Shows how far it is.
    **variant
        Of all backbones, the other fields of `NetworkSpec`, such as ``size``.

    Returns
    -------
    Benchmark

    Raises
    ------
    UsageError
        If an argument is wrong.
    ImageError
        If there is no image, or one can't be read.
    UnknownBackbone, WeightsError
        If a backbone that is named can't be had.

    Examples
    --------
    >>> import headstart as hs
    >>> print(hs.bench(["mini"]))  # doctest: +SKIP
    """
    how = FeatureSettings(precision=precision, workers=workers, device=device, cache=False)
    specs = network_specs(_at_hand() if backbones is None else backbones, **variant)
    sources, what = _images(images)
    shown = progress or NoProgress()
    timings = [
        timing(find_network(spec), _meant(spec), how, sources, own_weights=spec.weights is not None)
        for spec in track(shown, specs, "measuring", len(specs))
    ]
    timings.sort(key=lambda each: each.pipeline_milliseconds)
    versions = {name: metadata.version(name) for name in ("headstart", "openvino")}
    versions = {"python": platform.python_version(), **versions}
    return Benchmark(tuple(timings), len(sources), what, usable_cores(), versions)


def _meant(spec: NetworkSpec) -> object:
    return spec.backbone if isinstance(spec.backbone, Network) else resolve(spec.backbone)


def _at_hand() -> list[str]:
    added = (each.name for each in added_backbones() if isinstance(each, AddedBackbone))
    return [*(row.name for row in backbones_at_hand()), *added]


def _images(named: str | Path | None) -> tuple[Sequence[ImageSource], str]:
    """Return the images to read, and what they are."""
    if named is None:
        return photos(), "the photo of the demo"
    found = image_sources(named)
    found[0].read()  # before any work: there may be none
    return (found * -(-_IMAGES // len(found)))[:_IMAGES], f"{named}"


def photos() -> Sequence[ImageSource]:
    """Return the photo of the demo, as often as images go through the pipeline."""
    photo: Any = resources.files("headstart").joinpath(*_PHOTO)
    return [FileSource(os.fspath(photo))] * _IMAGES


def timing(
    network: Network,
    meant: object,
    settings: FeatureSettings,
    sources: Sequence[ImageSource],
    *,
    own_weights: bool = False,
) -> BackboneTiming:
    """Measure how long a network takes for an image.

    Parameters
    ----------
    network : Network
    meant : object
        What it was converted from, as `headstart.backbones.resolving.resolve` returns it. A row of
        the catalogue and an added backbone say more of it, as long as it is no variant of theirs.
    settings : FeatureSettings
        Without a cache.
    sources : sequence of ImageSource
        The images that go through the whole pipeline.
    own_weights : bool
        Whether the weights are the user's, and not those that accuracy was published for.
    """
    row = meant if isinstance(meant, Backbone) else None
    published = row if row is not None and _is_plain(network, row) and not own_weights else None
    figures = meant.figures if isinstance(meant, AddedBackbone) else row
    if network.quantised:  # it computes in nothing else than its 8 bits
        settings = replace(settings, precision="auto")
    extractor = FeatureExtractor.open(network, settings, sources)
    milliseconds = 1000 * seconds_an_image(extractor)
    extractor.extract_all(sources[:1], progress=NoProgress())  # compiles it
    seconds = best_of(_ROUNDS, lambda: extractor.extract_all(sources, progress=NoProgress()))
    return BackboneTiming(
        backbone=network.name,
        size=network.size,
        n_features=network.outputs["features"][0],
        milliseconds=milliseconds,
        pipeline_milliseconds=1000 * seconds / len(sources),
        precision=extractor.precision.precision,
        top1=None if published is None else published.top1,
        trained_on=None if row is None or own_weights else row.trained_on,
        parameters=None if figures is None or network.layer else figures.parameters,
        macs=network.macs,
        license=network.license,
    )


def _is_plain(network: Network, row: Backbone) -> bool:
    """Whether the published accuracy of a backbone is that of this network, if its weights are."""
    variant = (network.layer, network.pooling, network.mirror)
    return network.size == row.size and variant == (None, "auto", False)


def _machine() -> str:
    return f"{platform.machine()}, {platform.system()}"


def _row(found: BackboneTiming) -> tuple[str, ...]:
    return (
        found.backbone,
        "x".join(map(str, found.size)),
        f"{found.milliseconds:.1f}",
        f"{found.pipeline_milliseconds:.1f}",
        found.precision,
        "" if found.top1 is None else percent(found.top1),
        found.trained_on or "",
        "" if found.parameters is None else f"{found.parameters / 1e6:.1f}",
        f"{found.macs / 1e9:.2f}",
        found.license or "unknown",
    )
