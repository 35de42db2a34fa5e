"""The `Embedder`: images in, features out, as a scikit-learn transformer."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from headstart.arguments import Positive, check_fields
from headstart.backbones.finding import find_network
from headstart.backbones.spec import NetworkSpec, Size
from headstart.data.inputs import Images, image_sources
from headstart.features.extractor import FeatureExtractor, Output
from headstart.features.settings import Device, FeatureSettings, PrecisionRule, ResizeRule
from headstart.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from headstart.features.precision import PrecisionChoice
    from headstart.images.sources import ImageSource
    from headstart.networks.network import Network
    from headstart.networks.pooling import Pooling
    from headstart.networks.preprocessing import PreprocessingName


@dataclass(eq=False, repr=False)
class ImageEstimator(BaseEstimator):
    """An estimator of images whose parameters are those of a network and of its features.

    scikit-learn wants every parameter flat, in the signature of the class itself, and stored as it
    is: that is what a dataclass does. Behind them stand one `NetworkSpec` and one
    `FeatureSettings`.
    """

    backbone: str | Path | Network = "auto"
    _: KW_ONLY
    weights: str | Path | None = None
    size: Size | None = None
    layer: str | None = None
    pooling: Pooling = "auto"
    mirror: bool = False
    preprocessing: PreprocessingName | None = None
    allow_non_commercial: bool = False
    resize: ResizeRule = "auto"
    precision: PrecisionRule = "auto"
    cache: bool | Path = True
    workers: Positive | None = None
    device: Device = "auto"
    accept_truncated: bool = False

    @property
    def _spec(self) -> NetworkSpec:
        check_fields(self)
        return NetworkSpec(**{each.name: getattr(self, each.name) for each in fields(NetworkSpec)})

    @property
    def _settings(self) -> FeatureSettings:
        values = {each.name: getattr(self, each.name) for each in fields(FeatureSettings)}
        return FeatureSettings(**values)

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn that the input is images, not numbers."""
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags


@dataclass(kw_only=True, eq=False, repr=False)
class Embedder(TransformerMixin, ImageEstimator):
    """Turn images into the features of a pre-trained network.

    Features are kept on disk, so an image goes through the same network only once: a second
    cross-validation takes milliseconds.

    Parameters
    ----------
    backbone : str, Path or Network, default="auto"
        The name or folder of a backbone, or a converted network or its folder. See `NetworkSpec`.
    output : {"features", "probabilities"}, default="features"
        The output of the network that is returned.
    weights : str or Path, optional
        A weights file for the backbone.
    size : int or tuple of int, optional
        Height and width of the images in pixels, instead of those the backbone was trained on. One
        number is both.
    layer : str, optional
        The layer whose output becomes the features, instead of the backbone's own choice.
        `headstart models NAME` lists the layers. The means of a feature map become the
        features.
    pooling : {"auto", "avg", "max", "flatten"}, default="auto"
        How the feature map becomes features. See `NetworkSpec`.
    mirror : bool, default=False
        Whether the network also sees each image mirrored and returns the mean of both, in twice the
        time. See `NetworkSpec`.
    preprocessing : str, optional
        What happens to the pixels before the first layer of a network in a file that does not say
        it, such as "tf" or "torch". See `NetworkSpec`.
    allow_non_commercial : bool, default=False
        Whether a network may be used whose licence forbids commercial use. See `NetworkSpec`.
    resize : {"auto", "crop", "squash", "pad", "keras"}, default="auto"
        How an image is brought to that size. "auto" is the backbone's own rule.
    precision : {"auto", "f32", "bf16"}, default="auto"
        What the network computes in. "auto" measures bfloat16 on some of the images that `fit`
        gets, or `transform` without `fit`, and uses it only if it agrees with float32.
    cache : bool or Path, default=True
        Whether to keep features on disk, or the folder to keep them in.
    workers : int, optional
        Threads that read images. The default is one for each processor core.
    device : {"auto", "cpu", "gpu"}, default="auto"
        What computes: the processor or a GPU. See `FeatureSettings`.
    accept_truncated : bool, default=False
        Whether to read JPEGs that lack at most a tenth of their rows. See `FeatureSettings`.

    Attributes
    ----------
    extractor_ : FeatureExtractor
        After `fit`: what computes the features, with everything decided that was "auto".
    n_features_out_ : int
        After `fit`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(Embedder("mobilenet_v2"), LogisticRegression())
    >>> model.fit(paths, labels)  # doctest: +SKIP
    """

    output: Output = "features"

    def fit(self, X: Images, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's
        """Find the network and choose the precision; no features are computed.

        Parameters
        ----------
        X : list, array or folder
            Images, as `transform` takes them.
        y : ignored

        Returns
        -------
        Embedder
            Itself.
        """
        self.extractor_ = self._open(image_sources(X))
        self.n_features_out_ = self.network_.outputs[self.output][0]
        return self

    @property
    def network_(self) -> Network:
        """After `fit`: the network that computes the features."""
        return self.extractor_.network

    @property
    def precision_(self) -> PrecisionChoice:
        """After `fit`: the precision, why, and what was measured."""
        return self.extractor_.precision

    def transform(self, X: Images) -> NDArray[np.float32]:
        """Return the features of images. `fit` need not be called before.

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
            For the first image that can't be read. A row of made-up values would go unnoticed; find
            the unreadable images with ``headstart predict``.
        """
        sources = image_sources(X)
        return self._opened(sources).extract_all(sources, progress=NoProgress()).features

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's
        """Return ``mobilenet_v2_0``, ``mobilenet_v2_1``, ...: the network's name and a number."""
        network = self._opened().network
        length = network.outputs[self.output][0]
        return np.array([f"{network.name}_{i}" for i in range(length)], dtype=object)

    def _opened(self, sources: Sequence[ImageSource] = ()) -> FeatureExtractor:
        return getattr(self, "extractor_", None) or self._open(sources)

    def _open(self, sources: Sequence[ImageSource]) -> FeatureExtractor:
        network = find_network(self._spec)
        return FeatureExtractor.open(network, self._settings, sources, output=self.output)

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn that `fit` need not be called, and that features are float32."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
