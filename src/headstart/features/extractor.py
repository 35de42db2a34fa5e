"""The `FeatureExtractor`: from images to features, with every setting decided."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sized
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np

from headstart.arguments import check, check_known
from headstart.errors import UsageError
from headstart.escaping import printable
from headstart.features.cache import CachedFeatures, FeatureCache
from headstart.features.compiling import choose_runtime, compile_network, has_bf16
from headstart.features.devices import check_device
from headstart.features.precision import MIN_IMAGES, SAMPLE, PrecisionChoice, judge
from headstart.features.settings import FeatureSettings, PrecisionRule
from headstart.features.store import Space
from headstart.images.notes import NoteCounter
from headstart.images.reader import Loaded, load, read_images
from headstart.images.resizing import Resize
from headstart.images.sources import ImageSource, UnreadableImage
from headstart.progress import NoProgress, track

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.errors import ImageError
    from headstart.features.engine import Runtime
    from headstart.features.settings import Device
    from headstart.features.store import Kept
    from headstart.images.notes import NoteCount
    from headstart.networks.network import Network
    from headstart.progress import Progress

    Array = NDArray[np.float32]
    # An image with what the cache holds of it.
    Item = tuple[Loaded, Kept | None]

Output = Literal["features", "probabilities"]

_logger = logging.getLogger("headstart")

_FLOAT32 = PrecisionChoice("f32", "as asked for")


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """The features of one image, or why it could not be read.

    Attributes
    ----------
    index : int
        The position of the image among the sources, counted from 0.
    source : ImageSource
    values : ndarray of float32 or None
        One output of the network, without a batch axis; None if the image could not be read.
    error : ImageError or None
    notes : tuple of str
        What was done to read the image, for example "animated: first frame; 12 in all".
    cached : bool
        Whether the values come from the cache.
    content : str or None
        Hash of the file's content; None if it could not be read, or nothing needed the hash.
    """

    index: int
    source: ImageSource
    values: Array | None
    error: ImageError | None
    notes: tuple[str, ...]
    cached: bool
    content: str | None = None

    def required(self) -> Array:
        """Return `values`, or raise `error`."""
        if self.values is None:
            raise self.error or AssertionError("an image has values or an error")
        return self.values


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
    notes : tuple of NoteCount
        How many images were read by a rule that may surprise, for each rule.
    """

    features: NDArray[np.float32]
    places: NDArray[np.int64]
    unreadable: tuple[UnreadableImage, ...]
    contents: tuple[str, ...]
    notes: tuple[NoteCount, ...] = ()


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
    device : {"auto", "cpu", "gpu"}
        What the network runs on. See `choose_runtime`.
    output : {"features", "probabilities"}
        The output of the network that is computed.
    threads : int or None
        Processor threads that the network runs on; None for one for each processor core.
    accept_truncated : bool
        Whether to read JPEGs that lack at most a tenth of their rows; see `decode`.
    """

    network: Network
    resize: Resize
    precision: PrecisionChoice = _FLOAT32
    cache: FeatureCache | None = None
    workers: int | None = None
    device: Device = "auto"
    output: Output = "features"
    threads: int | None = None
    accept_truncated: bool = False

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
        MissingExtra
            If a GPU is asked for, and torch is not installed.
        """
        check_device(settings.device)
        known = [name for name in get_args(Output) if name in network.outputs]
        check_known(f"The output of {network.name}", output, known)
        extractor = cls(
            network,
            network_resize(network, settings.resize),
            cache=open_cache(settings.cache),
            workers=settings.workers,
            device=settings.device,
            output=output,
            accept_truncated=settings.accept_truncated,
        )
        return extractor.computed_in(settings.precision, images)

    def computed_in(self, rule: PrecisionRule, images: Sequence[ImageSource] = ()) -> Self:
        """Return the same extractor in another precision; "auto" is measured on some images."""
        return replace(self, precision=self._choose_precision(rule, images))

    def resized_by(self, rule: str) -> Self:
        """Return the same extractor with another resize rule."""
        return replace(self, resize=network_resize(self.network, rule))

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
            Whether to go on without images that can't be read, and list them.
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
        notes = NoteCounter()
        stream = self.stream(sources, hash_content=hash_content)
        for item in track(progress, stream, "computing features", len(sources)):
            if item.error is not None and skip_unreadable:
                unreadable.append(UnreadableImage(item.source, item.error))
                continue
            features[len(read)] = item.required()
            read.append(item.index)
            notes.add(item.source.name, item.notes)
            contents.append(item.content or "")
        places = np.array(read, np.int64)
        return ExtractedFeatures(
            features[: len(read)], places, tuple(unreadable), tuple(contents), notes.counts()
        )

    def stream(
        self,
        sources: Iterable[ImageSource],
        workers: int | None = None,
        *,
        hash_content: bool = False,
        n_images: int | None = None,
    ) -> Generator[Extracted]:
        """Yield the features of each image, in order; compute only what the cache does not hold.

        Images are read and decoded on threads while the network runs, so that every core is busy,
        and only a few of them are in memory at any time.

        Parameters
        ----------
        sources : iterable of ImageSource
            May be endless.
        workers : int, optional
            Threads that read images, instead of the extractor's own number.
        hash_content : bool
            Whether to hash the content of each file even without a cache.
        n_images : int, optional
            How many images there will be, where `sources` does not tell by its length. Many of them
            are worth a GPU, or processes that decode.

        Yields
        ------
        Extracted
            One for each source. An image that can't be read has an ``error``.
        """
        precision = self.precision.precision
        n_images = len(sources) if isinstance(sources, Sized) else n_images
        runtime = self._runtime(n_images)
        space = Space.of(self.network, self.resize, precision, runtime, self.output)
        found = [0, 0]
        with contextlib.ExitStack() as stack:
            cache = None
            # Hashing takes a twentieth of the time of decoding, so it is only done where needed.
            skip: Callable[[str], bool] | None = _skip_none if hash_content else None
            if self.cache is not None:
                cache = stack.enter_context(contextlib.closing(self.cache.open(space)))
                skip = cache.fetch
            threads = self.workers if workers is None else workers
            loaded = read_images(
                sources,
                self.resize,
                workers=threads,
                skip=skip,
                accept_truncated=self.accept_truncated,
                n_images=n_images,
            )
            stack.enter_context(contextlib.closing(loaded))
            stream = stack.enter_context(
                contextlib.closing(self._run(self._look_up(loaded, cache), runtime))
            )
            for (image, kept), computed in stream:
                if cache is not None and computed is not None and image.content is not None:
                    cache.put(image.content, computed, image.notes)
                if image.error is None:
                    found[kept is not None] += 1
                yield Extracted(
                    index=image.index,
                    source=image.source,
                    values=computed if kept is None else kept.values,
                    error=image.error,
                    notes=image.notes if kept is None else kept.notes,
                    cached=kept is not None,
                    content=image.content,
                )
        name = printable(self.network.name)
        _logger.debug("%s: %d images computed, %d from the cache", name, *found)

    def _runtime(self, n_images: int | None) -> Runtime:
        return choose_runtime(self.device, self.network, n_images, (self.output,))

    def _look_up(self, loaded: Iterable[Loaded], cache: CachedFeatures | None) -> Iterator[Item]:
        for image in loaded:
            was_skipped = image.error is None and image.pixels is None
            kept = cache.take(image.content) if cache and image.content and was_skipped else None
            if was_skipped and kept is None:
                # The cache held it a moment ago. Another process that needed the room removed it.
                again = load(
                    image.index,
                    image.source,
                    self.resize,
                    _skip_none,
                    accept_truncated=self.accept_truncated,
                )
                yield again, None
            else:
                yield image, kept

    def _run(self, items: Iterator[Item], runtime: Runtime) -> Generator[tuple[Item, Array | None]]:
        """Yield each item with its features; compile at the first image that needs the network."""
        for item in items:
            if item[0].pixels is None:
                yield item, None
                continue
            engine = compile_network(
                self.network,
                precision=self.precision.precision,
                outputs=(self.output,),
                runtime=runtime,
                threads=self.threads,
            )
            tagged = ((tag, tag[0].pixels) for tag in chain([item], items))
            for tag, values in engine.stream(tagged):
                yield tag, values.get(self.output)

    def _choose_precision(
        self, rule: PrecisionRule, images: Sequence[ImageSource]
    ) -> PrecisionChoice:
        check("The precision", rule, PrecisionRule)
        if self.network.quantised or rule == "int8":
            return self._of_8_bits(rule)
        if rule != "auto":
            return PrecisionChoice(rule, "as asked for")
        if len(images) < MIN_IMAGES:
            reason = f"fewer than {MIN_IMAGES} images: nothing to gain from bfloat16"
            return PrecisionChoice("f32", reason)
        runtime = self._runtime(len(images))
        if not has_bf16(runtime):
            what = "GPU" if runtime == "torch" else "processor"
            return PrecisionChoice("f32", f"the {what} has no bfloat16 instructions")
        places = np.linspace(0, len(images) - 1, SAMPLE).round().astype(int)
        sample = [images[place] for place in places]
        # So few images would not be run where all of them will be.
        there = replace(self, device="gpu" if runtime == "torch" else "cpu", output="features")
        exact, fast = (
            replace(there, precision=PrecisionChoice(each, "to be measured"))
            .extract_all(sample, skip_unreadable=True, progress=NoProgress())
            .features
            for each in ("f32", "bf16")
        )
        return judge(exact, fast)

    def _of_8_bits(self, rule: PrecisionRule) -> PrecisionChoice:
        if not self.network.quantised:
            raise UsageError(
                "A network computes in int8 only if it was trained for that: labelled images must "
                f"show that its accuracy stays the same. Received: {self.network.name} with "
                "precision='int8'. Train with it first: headstart train FOLDER --out DIR "
                "--precision int8"
            )
        if rule not in ("auto", "int8"):
            raise UsageError(
                "A network with 8 bits computes in int8; its other bits are gone. Received: "
                f"precision={rule!r}. Leave it out, or train a model without precision='int8'."
            )
        if self.precision.precision == "int8":
            return self.precision
        return PrecisionChoice("int8", "the network has 8 bits")


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


def _skip_none(_content: str) -> bool:
    """Skip no image: each is hashed and decoded all the same."""
    return False
