"""The `FeatureExtractor`: from images to features, with every setting decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np

from headstart.data.resizing import Resize
from headstart.data.sources import UnreadableImage
from headstart.errors import UsageError
from headstart.features.cache import FeatureCache
from headstart.features.compiling import check_request, choose_runtime, compile_network, has_bf16
from headstart.features.extract import Extracted, extract
from headstart.features.precision import MIN_IMAGES, SAMPLE, PrecisionChoice, judge
from headstart.features.settings import FeatureSettings, PrecisionRule
from headstart.features.space import Space
from headstart.features.write_buffer import WriteBuffer
from headstart.progress import NoProgress, track

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.data.sources import ImageSource
    from headstart.features.engine import Engine, Runtime
    from headstart.progress import Progress

Output = Literal["features", "probabilities"]

_FLOAT32 = PrecisionChoice("f32", "as asked for")


@dataclass(frozen=True, slots=True, eq=False)
class ExtractedFeatures:
    """The features of those images that could be read.

    Attributes
    ----------
    features : ndarray of float32, shape (n_read, n_features)
    places : ndarray of int64, shape (n_read,)
        The positions of the images that were read, counted from 0.
    unreadable : tuple of UnreadableImage
        The other images.
    contents : tuple of str, length n_read
        Hash of the content of each image's file; empty strings if nothing needed the hashes.
    """

    features: NDArray[np.float32]
    places: NDArray[np.int64]
    unreadable: tuple[UnreadableImage, ...]
    contents: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureExtractor:
    """A network and how images are brought to it. `open` makes one from settings.

    Attributes
    ----------
    network : Network
    resize : Resize
        How an image is brought to the network's size.
    precision : PrecisionChoice
        What the network computes in.
    cache : FeatureCache or None
        Where features are looked up and kept.
    workers : int or None
        Threads that read images; None for one for each processor core.
    runtime : {"openvino", "keras"}
        What runs the network.
    output : {"features", "probabilities"}
        The output of the network that is computed.
    """

    network: Network
    resize: Resize
    precision: PrecisionChoice = _FLOAT32
    cache: FeatureCache | None = None
    workers: int | None = None
    runtime: Runtime = "openvino"
    output: Output = "features"

    @classmethod
    def open(
        cls,
        network: Network,
        settings: FeatureSettings,
        images: Sequence[ImageSource] = (),
        *,
        output: Output = "features",
    ) -> Self:
        """Return an extractor, with everything decided that is "auto" in the settings.

        Parameters
        ----------
        network : Network
        settings : FeatureSettings
        images : sequence of ImageSource
            The images it will be used on. The precision is measured on some of them, if it is
            "auto".
        output : {"features", "probabilities"}

        Raises
        ------
        UsageError
            If a setting has no such value, or the network has no such output.
        """
        check_request(network, "f32", (output,))
        extractor = cls(
            network,
            network_resize(network, settings.resize),
            cache=open_cache(settings.cache),
            workers=settings.workers,
            runtime=choose_runtime(settings.device, network),
            output=output,
        )
        return extractor.computed_in(settings.precision, images)

    def computed_in(self, rule: PrecisionRule, images: Sequence[ImageSource] = ()) -> Self:
        """Return the same extractor in another precision; "auto" is measured on some images."""
        return replace(self, precision=self._choose_precision(rule, images))

    def extract_all(
        self,
        sources: Sequence[ImageSource],
        *,
        skip_unreadable: bool = False,
        hash_content: bool = False,
        progress: Progress | None = None,
    ) -> ExtractedFeatures:
        """Return the features of all images.

        Parameters
        ----------
        sources : sequence of ImageSource
        skip_unreadable : bool
            Whether to leave out images that can't be read, and list them.
        hash_content : bool
            Whether to return the hashes of the files' content even without a cache.
        progress : Progress, optional
            Shows how far it is.

        Raises
        ------
        ImageError
            For the first image that can't be read, unless `skip_unreadable`.
        """
        features = np.empty((len(sources), *self.network.outputs[self.output]), np.float32)
        read: list[int] = []
        unreadable: list[UnreadableImage] = []
        contents: list[str] = []
        stream = self.stream(sources, hash_content=hash_content)
        for item in track(progress, stream, "computing features", len(sources)):
            if item.error is not None and skip_unreadable:
                unreadable.append(UnreadableImage(item.source, item.error))
                continue
            features[len(read)] = item.required()
            read.append(item.index)
            contents.append(item.content or "")
        places = np.array(read, np.int64)
        return ExtractedFeatures(features[: len(read)], places, tuple(unreadable), tuple(contents))

    def stream(
        self,
        sources: Iterable[ImageSource],
        workers: int | None = None,
        *,
        hash_content: bool = False,
    ) -> Iterator[Extracted]:
        """Yield the features of each image, in order, with only a few images in memory at a time.

        Parameters
        ----------
        sources : iterable of ImageSource
            May be endless.
        workers : int, optional
            Threads that read images, instead of the extractor's own number.
        hash_content : bool
            Whether to hash the content of each file even without a cache.

        Yields
        ------
        Extracted
            One for each source. An image that can't be read has an ``error``.
        """
        precision = self.precision.precision
        space = Space.of(self.network, self.resize, precision, self.runtime, self.output)
        return extract(
            sources,
            self.resize,
            WriteBuffer(self.cache, space),
            self._start,
            workers=self.workers if workers is None else workers,
            hash_content=hash_content,
        )

    def _start(self) -> Engine:
        return compile_network(
            self.network,
            precision=self.precision.precision,
            outputs=(self.output,),
            runtime=self.runtime,
        )

    def _choose_precision(
        self, rule: PrecisionRule, images: Sequence[ImageSource]
    ) -> PrecisionChoice:
        if rule not in get_args(PrecisionRule):
            known = ", ".join(get_args(PrecisionRule))
            raise UsageError(f"The precision must be one of {known}. Received: {rule!r}.")
        if rule != "auto":
            return PrecisionChoice(rule, "as asked for")
        if len(images) < MIN_IMAGES:
            reason = f"fewer than {MIN_IMAGES} images: nothing to gain from bfloat16"
            return PrecisionChoice("f32", reason)
        if not has_bf16(self.runtime):
            return PrecisionChoice("f32", "the processor has no bfloat16 instructions")
        places = np.linspace(0, len(images) - 1, SAMPLE).round().astype(int)
        sample = [images[place] for place in places]
        exact, fast = (
            replace(self, precision=PrecisionChoice(each, "to be measured"), output="features")
            .extract_all(sample, skip_unreadable=True, progress=NoProgress())
            .features
            for each in ("f32", "bf16")
        )
        return judge(exact, fast)


def network_resize(network: Network, rule: str = "auto") -> Resize:
    """Return how images are brought to the network's size; "auto" is the network's own rule."""
    height, width = network.size
    chosen: Any = network.resize if rule == "auto" else rule
    return Resize(
        chosen, height, width, network.crop_fraction, network.interpolation, network.antialias
    )


def open_cache(cache: bool | Path) -> FeatureCache | None:
    """Return the feature cache of settings: the user's own, one in a folder, or none."""
    if cache is False:
        return None
    return FeatureCache(None if cache is True else Path(cache))
