"""The features of the pictures a model is trained on, and the pictures that have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.data.sources import UnreadableImage
from headstart.features.extract import Extracted, extract, network_resize
from headstart.features.precision import PrecisionChoice, choose_precision
from headstart.progress import track

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.data.resizing import Resize
    from headstart.data.sources import ImageSource
    from headstart.features.cache import FeatureCache
    from headstart.features.engine import Device
    from headstart.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class ExtractedFeatures:
    """Features of those pictures that can be read.

    Attributes
    ----------
    features : ndarray of float32, shape (n_read, n_features)
    places : ndarray of int64, shape (n_read,)
        Which of the pictures they belong to.
    broken : tuple of UnreadableImage
        The others.
    contents : tuple of str, length n_read
        Hash of the content of each image's file.
    """

    features: NDArray[np.float32]
    places: NDArray[np.int64]
    broken: tuple[UnreadableImage, ...]
    contents: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureExtractor:
    """A network, how pictures are brought to it, and where features are kept."""

    network: Network
    resize: Resize
    precision: PrecisionChoice
    cache: FeatureCache | None = None
    workers: int | None = None
    device: Device = "auto"
    output: str = "features"

    @classmethod
    def settle(
        cls,
        network: Network,
        sources: Sequence[ImageSource],
        *,
        resize: str,
        precision: Any,  # noqa: ANN401 - "auto", "f32" or "bf16"; anything else is refused below
        cache: FeatureCache | None,
        workers: int | None,
        device: Device,
        output: str = "features",
    ) -> FeatureExtractor:
        """Settle what 'auto' stands for, on the pictures at hand."""
        rule = network_resize(network, resize)
        choice = choose_precision(
            precision, network, sources, resize=rule, cache=cache, device=device
        )
        return cls(network, rule, choice, cache, workers, device, output)

    def extract_all(
        self,
        sources: Sequence[ImageSource],
        *,
        skip_unreadable: bool = False,
        progress: Progress | None = None,
    ) -> ExtractedFeatures:
        """Return the features of `sources`.

        Raises
        ------
        ImageError
            For the first picture that can't be read, unless `skip_unreadable`.
        """
        features = np.empty((len(sources), *self.network.outputs[self.output]), np.float32)
        read: list[int] = []
        broken: list[UnreadableImage] = []
        contents: list[str] = []
        stream = self._stream(sources, self.workers, hash_content=True)
        for item in track(progress, stream, "computing features", len(sources)):
            if item.error is not None and skip_unreadable:
                broken.append(UnreadableImage(item.source, item.error))
                continue
            features[len(read)] = item.required()[self.output]
            read.append(item.index)
            contents.append(item.content or "")
        places = np.array(read, np.int64)
        return ExtractedFeatures(features[: len(read)], places, tuple(broken), tuple(contents))

    def stream(
        self, sources: Iterable[ImageSource], workers: int | None = None
    ) -> Iterator[Extracted]:
        """Yield the features of each picture, in order, a few at a time."""
        return self._stream(sources, workers or self.workers, hash_content=False)

    def _stream(
        self, sources: Iterable[ImageSource], workers: int | None, *, hash_content: bool
    ) -> Iterator[Extracted]:
        return extract(
            sources,
            self.network,
            resize=self.resize,
            precision=self.precision.precision,
            outputs=(self.output,),
            cache=self.cache,
            workers=workers,
            device=self.device,
            hash_content=hash_content,
        )
