"""The `Embedder`: pictures in, features out, as a scikit-learn transformer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from headstart.backbones.networks import find_network
from headstart.backbones.spec import NetworkSpec
from headstart.data.inputs import image_sources
from headstart.errors import UsageError
from headstart.features.cache import FeatureCache
from headstart.features.extract import extract, network_resize
from headstart.features.precision import PrecisionChoice, choose_precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from headstart.backbones.network import Network
    from headstart.backbones.pooling import Pooling
    from headstart.data.sources import ImageSource
    from headstart.features.engine import Device

OUTPUTS = ("features", "probabilities")


class Embedder(TransformerMixin, BaseEstimator):
    """Turn pictures into the features of a pre-trained network.

    Features are kept on disk, so a picture goes through the same network only once: the second
    cross-validation takes milliseconds.

    Parameters
    ----------
    model : str, Path or Network, default="auto"
        A backbone's name or folder, or the folder of a converted network; 'auto': see
        `choose_backbone`.
    output : {"features", "probabilities"}, default="features"
        What to return of each picture.
    weights : str or Path, optional
        A weights file for the backbone.
    size : tuple of int, optional
        Height and width in pixels, instead of what the backbone was trained on.
    layer : str, optional
        The Keras layer that the features come from, instead of the backbone's own choice; of a map
        its means. `headstart models NAME` lists them.
    pooling : {"auto", "avg", "max", "flatten"}, default="auto"
        What the features are: 'auto', those that the backbone was trained with; else the feature
        map's means, its maxima or all of its numbers. See `NetworkSpec`.
    mirror : bool, default=False
        Whether it looks at each picture's mirror image, too, and returns the mean of both, in twice
        the time. See `NetworkSpec`.
    resize : {"auto", "crop", "squash", "pad", "keras"}, default="auto"
        How a picture is brought to that size; 'auto' is the backbone's own rule.
    precision : {"auto", "f32", "bf16"}, default="auto"
        What the network computes in. 'auto' is settled by `fit`, see `choose_precision`; without
        `fit`, by the pictures at hand.
    cache : bool or Path, default=True
        Whether to keep features on disk, or the folder to keep them in.
    workers : int, optional
        Threads that read and decode; one a core if not given.
    device : {"auto", "openvino", "keras"}, default="auto"
        See `compile_network`.

    Attributes
    ----------
    network_ : Network
        After `fit`.
    precision_ : PrecisionChoice
        After `fit`: the precision, why, and what was measured.
    n_features_out_ : int
        After `fit`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(Embedder("mobilenet_v2"), LogisticRegression())
    >>> model.fit(paths, labels)  # doctest: +SKIP
    """

    def __init__(  # noqa: PLR0913 - scikit-learn's way: every setting is an argument
        self,
        model: str | Path | Network = "auto",
        *,
        output: str = "features",
        weights: str | Path | None = None,
        size: tuple[int, int] | None = None,
        layer: str | None = None,
        pooling: Pooling = "auto",
        mirror: bool = False,
        resize: str = "auto",
        precision: Literal["auto", "f32", "bf16"] = "auto",
        cache: bool | Path = True,
        workers: int | None = None,
        device: Device = "auto",
    ) -> None:
        self.model = model
        self.output = output
        self.weights = weights
        self.size = size
        self.layer = layer
        self.pooling = pooling
        self.mirror = mirror
        self.resize = resize
        self.precision = precision
        self.cache = cache
        self.workers = workers
        self.device = device

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: ANN401, ARG002
        """Find the network and settle the precision; no features are computed.

        Parameters
        ----------
        X : list, array or folder
            Pictures, as `transform` takes them.
        y : ignored

        Returns
        -------
        Embedder
            Itself.
        """
        network = self._network()
        self.precision_ = self._choose_precision(network, image_sources(X))
        self.n_features_out_ = network.outputs[self.output][0]
        self.network_ = network
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Return the features of pictures. `fit` need not be called before.

        Parameters
        ----------
        X : list, array or folder
            Paths, bytes of image files, uint8 arrays of shape (height, width, 3) RGB or (height,
            width) grey, PIL images; or one uint8 array of shape (n, height, width, 3); or the path
            of a folder, file or glob, read in the order of `find_images`.

        Returns
        -------
        ndarray of float32, shape (n_images, n_features)

        Raises
        ------
        ImageError
            The first picture that can't be read, by name. A row of made-up values would go
            unnoticed; find the broken pictures with ``headstart predict``.
        """
        sources = image_sources(X)
        network = getattr(self, "network_", None) or self._network()
        choice = getattr(self, "precision_", None) or self._choose_precision(network, sources)
        values = np.empty((len(sources), network.outputs[self.output][0]), np.float32)
        stream = extract(
            sources,
            network,
            resize=network_resize(network, self.resize),
            precision=choice.precision,
            outputs=(self.output,),
            cache=self._cache(),
            workers=self.workers,
            device=self.device,
        )
        for item in stream:
            values[item.index] = item.required()[self.output]
        return values

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Return ``mobilenet_v2_0``, ``mobilenet_v2_1``, ...: the network's name and a number."""
        network = getattr(self, "network_", None) or self._network()
        length = network.outputs[self.output][0]
        return np.array([f"{network.name}_{i}" for i in range(length)], dtype=object)

    def _network(self) -> Network:
        network = find_network(
            NetworkSpec(
                self.model,
                weights=self.weights,
                size=self.size,
                layer=self.layer,
                pooling=self.pooling,
                mirror=self.mirror,
            )
        )
        known = [name for name in OUTPUTS if name in network.outputs]
        if self.output not in known:
            raise UsageError(
                f"The output of {network.name} must be one of {', '.join(known)}. "
                f"Received: {self.output!r}."
            )
        return network

    def _choose_precision(
        self, network: Network, sources: Sequence[ImageSource]
    ) -> PrecisionChoice:
        return choose_precision(
            self.precision,
            network,
            sources,
            resize=network_resize(network, self.resize),
            cache=self._cache(),
            device=self.device,
        )

    def _cache(self) -> FeatureCache | None:
        if self.cache is False:
            return None
        return FeatureCache(None if self.cache is True else Path(self.cache))

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn that the input is pictures, not numbers."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
