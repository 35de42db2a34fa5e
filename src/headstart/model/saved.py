"""A saved model: checked, and ready to predict."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.network import Network
from headstart.data.inputs import Images, Labels
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import percent
from headstart.features.compiling import has_bf16
from headstart.features.extractor import FeatureExtractor
from headstart.features.precision import PrecisionChoice
from headstart.model.description import Description
from headstart.model.facts import class_table, fact_table, listed_classes
from headstart.prediction.labels import class_array, user_classes
from headstart.prediction.predictor import Predictor
from headstart.prediction.scoring import Scorer


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SavedModel(Displayed):
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
    def of(cls, description: Description, scorer: Scorer, threads: int | None = None) -> Self:
        """Make a model of what is known about it and of its fitted head.

        `threads` limits the threads that read images and run the network.
        """
        precision = _precision_here(description.precision)
        extractor = FeatureExtractor(
            description.network, description.resize, precision, workers=threads, threads=threads
        )
        name = f"a saved model on {description.network.name}"
        return cls(
            description, Predictor(name, extractor, user_classes(description.classes), scorer)
        )

    def display_parts(self) -> Iterator[str | Table]:
        """Yield where the model is and what it is made of, then its classes."""
        described, accuracy = self.description, self.evaluation.get("accuracy")
        measured = f", accuracy {percent(accuracy)}" if isinstance(accuracy, float) else ""
        yield (
            f"{str(self.folder)!r}, version {described.version}: {described.head} head on "
            f"{self.network.name}, {listed_classes(self.labels)}{measured}"
        )
        further = [("saved", described.created)] if described.created else []
        yield fact_table(self.predictor, described.head, described.training, further)
        yield class_table(self.labels, described.training)

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
    if choice.precision == "f32" or has_bf16("openvino"):
        return choice
    return replace(choice, precision="f32", reason="this processor has no bfloat16")
