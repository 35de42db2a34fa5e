"""A model as it is exported: one graph from pixels to probabilities, and images to check it by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from headstart.escaping import printable
from headstart.exporting.graph import exported_graph
from headstart.images.reader import load
from headstart.images.sources import as_source
from headstart.prediction.activation_map import activation_maps
from headstart.prediction.drawn_images import OFF_WITH_8_BITS, drawn_images

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from openvino import Model

    from headstart.features.extractor import FeatureExtractor
    from headstart.images.resizing import Resize
    from headstart.networks.network import Network
    from headstart.prediction.activation_map import ActivationMaps
    from headstart.prediction.predictor import Predictor
    from headstart.prediction.scoring import Scorer

# How far a probability may be off, as a share of the largest: of many classes, all are small.
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExportedModel:
    """What a writer of a format is given.

    Attributes
    ----------
    graph : openvino.Model
        Takes ``image``: uint8, RGB, ``[?, height, width, 3]``. Returns ``probabilities`` (k,),
        ``feature_vector`` (d,) and, if `maps` is not None, ``saliency_map`` (k, rows, columns), all
        float32 with the batch as first axis. The maps sum to the scores before the softmax, less
        the bias.
    network : Network
        The backbone, for formats that are not made of the graph.
    scorer : Scorer or None
        The head; None if the network computes the probabilities itself.
    maps : ActivationMaps or None
        What the saliency maps are made of.
    labels : tuple of str
        The label of each class, as text that can be shown.
    resize : Resize
        How an image is brought to the size of the network. It is not in the graph.
    images : ndarray of uint8, shape (n, height, width, 3)
        Images of the network's size, RGB.
    probabilities : ndarray of float32, shape (n, k)
        Those of the images.
    tolerance : float
        How far a probability of the exported file may be off.
    bf16_change : float or None
        How far those of the images are off where the model itself computes in bfloat16; None if it
        does not.
    """

    graph: Model
    network: Network
    scorer: Scorer | None
    maps: ActivationMaps | None
    labels: tuple[str, ...]
    resize: Resize
    images: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    tolerance: float
    bf16_change: float | None = None

    @classmethod
    def of(cls, predictor: Predictor) -> Self:
        """Return a predictor as it is exported: in 8 bits if it has them, else in float32."""
        images = list(drawn_images())
        extractor = replace(predictor.extractor, cache=None, workers=None, device="cpu")
        as_it_is = replace(predictor, extractor=extractor)
        if not predictor.network.quantised:
            extractor = extractor.computed_in("f32")
        predictor = replace(predictor, extractor=extractor)
        probabilities, change = predictor.predict_proba(images), None
        if as_it_is.precision == "bf16":
            change = float(np.abs(as_it_is.predict_proba(images) - probabilities).max())
        maps = activation_maps(predictor)
        if maps is not None and maps.pooling != "avg":
            maps = None  # maxima belong to the place where they are, which few formats can say
        return cls(
            graph=exported_graph(predictor, maps),
            network=predictor.network,
            scorer=predictor.scorer,
            maps=maps,
            labels=tuple(printable(str(label)) for label in predictor.labels),
            resize=predictor.resize,
            images=_pixels(images, extractor),
            probabilities=probabilities,
            tolerance=OFF_WITH_8_BITS
            if predictor.network.quantised
            else _TOLERANCE * float(probabilities.max()),
            bf16_change=change,
        )


def _pixels(images: list[NDArray[np.uint8]], extractor: FeatureExtractor) -> NDArray[np.uint8]:
    """Return images as the network sees them."""
    loaded = (
        load(index, as_source(image, index), extractor.resize, lambda _: False)
        for index, image in enumerate(images)
    )
    return np.stack([each.pixels for each in loaded if each.pixels is not None])
