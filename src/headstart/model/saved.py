"""A saved model: checked, and ready to predict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from headstart.features.extractor import FeatureExtractor
from headstart.prediction.labels import class_array, user_classes
from headstart.prediction.predictor import Predictor

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.data.inputs import Images, Labels
    from headstart.features.precision import PrecisionChoice
    from headstart.model.description import Description
    from headstart.prediction.scoring import Scorer

_LABELS_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SavedModel:
    """A classifier of images, read from its folder by `headstart.load`.

    It predicts as the `ImageClassifier` did that saved it. It needs neither the weights of the
    backbone nor Keras nor scikit-learn, and can't be trained further.

    Attributes
    ----------
    description : Description
        Everything that ``model.json`` says.
    predictor : Predictor
        Answers images. It computes as in training, but in float32 where the processor has no
        bfloat16.
    """

    description: Description
    predictor: Predictor

    @classmethod
    def of(cls, description: Description, scorer: Scorer) -> Self:
        """Make a model of what is known about it and of its fitted head."""
        precision = _precision_here(description.precision)
        extractor = FeatureExtractor(
            description.network, description.resize, precision, device="openvino"
        )
        name = f"a saved model on {description.network.name}"
        return cls(
            description, Predictor(name, extractor, user_classes(description.classes), scorer)
        )

    def __repr__(self) -> str:
        """Return the folder, the version, the classes and what the model is made of."""
        shown = [str(label) for label in self.labels[:_LABELS_SHOWN]]
        more = ["..."] if len(self.labels) > _LABELS_SHOWN else []
        accuracy = self.evaluation.get("accuracy")
        return (
            f"<SavedModel {str(self.folder)!r}, version {self.description.version}: "
            f"{self.description.head} head on {self.network.name}, "
            f"{len(self.labels)} classes ({', '.join(shown + more)})"
            + (f", accuracy {accuracy:.1%}>" if isinstance(accuracy, float) else ">")
        )

    @property
    def folder(self) -> Path:
        """Where the model is."""
        return self.network.folder

    @property
    def network(self) -> Network:
        """The graph of the model; any program with OpenVINO can run it."""
        return self.description.network

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """The labels, in the order of the probabilities."""
        return self.description.classes

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels as an array (k,)."""
        return class_array(self.labels)

    @property
    def evaluation(self) -> dict[str, Any]:
        """What was known about the accuracy when the model was saved."""
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
        """Return the label of the most probable class for each image, as an array (n,)."""
        return self.predictor.predict(X)

    def score(self, X: Images, y: Labels) -> float:
        """Return the accuracy on images with labels `y`, from 0 to 1."""
        return self.predictor.score(X, y)


def _precision_here(choice: PrecisionChoice) -> PrecisionChoice:
    from headstart.features.openvino_engine import has_bf16

    if choice.precision == "f32" or has_bf16():
        return choice
    return replace(choice, precision="f32", reason="this processor has no bfloat16")
