"""A saved model: checked, and ready to predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart.features.extractor import FeatureExtractor
from headstart.features.precision import PrecisionChoice
from headstart.prediction.labels import class_array, user_classes
from headstart.prediction.predictor import Predictor

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.data.inputs import Images, Labels
    from headstart.data.resizing import Resize
    from headstart.features.engine import Precision
    from headstart.model.description import Description
    from headstart.prediction.scoring import Scorer


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """A classifier of pictures, read from its folder. `headstart.load` makes one.

    It predicts as the `ImageClassifier` did that saved it, needs neither the backbone's weights nor
    Keras nor scikit-learn, and can't be trained further.

    Attributes
    ----------
    folder : Path
    description : Description
        Everything that ``model.json`` says.
    network : Network
        The graph, ready to be compiled: outputs ``features``, ``feature_map`` and, unless the head
        is k nearest neighbours, ``probabilities``.
    scorer : Scorer
        What makes probabilities of features.
    precision : {"f32", "bf16"}
        What it computes in: as in training, but float32 where the processor has no bfloat16.
    """

    folder: Path
    description: Description
    network: Network
    scorer: Scorer
    precision: Precision

    @property
    def predictor(self) -> Predictor:
        """What answers images, as the `ImageClassifier` did that was saved."""
        precision = PrecisionChoice(self.precision, self.description.precision.reason)
        return Predictor(
            name=f"a saved model on {self.network.name}",
            extractor=FeatureExtractor(self.network, self.resize, precision, device="openvino"),
            classes=user_classes(self.labels),
            scorer=self.scorer,
        )

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """The classes, in the order of the probabilities."""
        return self.description.classes

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes as an array (k,)."""
        return class_array(self.labels)

    @property
    def resize(self) -> Resize:
        """How an image is brought to the network's size."""
        return self.description.resize

    @property
    def evaluation(self) -> dict[str, Any]:
        """What was known about its accuracy when it was saved."""
        return dict(self.description.evaluation)

    def predict_proba(self, X: Images) -> NDArray[np.float32]:
        """Return probabilities (n, k), in the order of ``classes_``.

        Parameters
        ----------
        X : list, array or folder
            Images, as `Embedder.transform` takes them.

        Raises
        ------
        ImageError
            For the first image that can't be read.
        """
        return self.predictor.predict_proba(X)

    def predict(self, X: Images) -> NDArray[Any]:
        """Return the most probable label of each image: array (n,)."""
        return self.predictor.predict(X)

    def score(self, X: Images, y: Labels) -> float:
        """Return the accuracy on images with labels `y`."""
        return self.predictor.score(X, y)
