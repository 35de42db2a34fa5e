"""What `Embedder` and `ImageClassifier` share."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator

from headstart.backbones.spec import NetworkSpec
from headstart.features.settings import FeatureSettings

if TYPE_CHECKING:
    from sklearn.utils import Tags


class ImageEstimator(BaseEstimator):
    """An estimator of images whose parameters are those of a network and of its features.

    scikit-learn wants every parameter flat, in the signature of the class itself. Behind them
    stand one `NetworkSpec` and one `FeatureSettings`.
    """

    @property
    def _spec(self) -> NetworkSpec:
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
