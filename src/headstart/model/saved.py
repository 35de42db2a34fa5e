"""A saved model: checked, and ready to predict."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from headstart.data.inputs import Images, Labels
from headstart.display.displayed import Displayed
from headstart.display.table import Table
from headstart.display.text import percent
from headstart.errors import UsageError
from headstart.features.compiling import has_bf16
from headstart.features.extractor import FeatureExtractor
from headstart.features.precision import PrecisionChoice
from headstart.features.settings import Device
from headstart.model.description import Description
from headstart.model.facts import class_table, fact_table, listed_classes
from headstart.networks.network import Network
from headstart.prediction.decision import Decision
from headstart.prediction.labels import class_array, user_classes
from headstart.prediction.predictor import Predictor
from headstart.prediction.scoring import Scorer
from headstart.prediction.training_hashes import TrainingHashes

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from headstart.exporting.export import ExportPrecision, ExportSummary


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SavedModel(Displayed):
    """A classifier of images, read from its folder by `headstart.load`.

    It predicts as the `ImageClassifier` did that saved it. It needs neither the weights of the
    backbone nor Keras nor scikit-learn, and can't be trained further.

    To scikit-learn it is a fitted classifier: metrics, displays and
    ``CalibratedClassifierCV(FrozenEstimator(model))`` take it. Its copy by ``clone`` is itself.

    Attributes
    ----------
    description : Description
        Everything that ``model.json`` says.
    predictor : Predictor
        Answers images. It computes as in training, but in float32 where that was bfloat16 and the
        processor has none.
    """

    description: Description
    predictor: Predictor

    @classmethod
    def of(
        cls,
        description: Description,
        scorer: Scorer,
        threads: int | None = None,
        device: Device = "auto",
        decision: Decision | None = None,
        training_hashes: TrainingHashes | None = None,
    ) -> Self:
        """Make a model of what is known about it, of its fitted head and its further parts.

        `threads` limits the threads that read images and run the network on the processor.
        """
        precision = _precision_here(description.precision)
        extractor = FeatureExtractor(
            description.network,
            description.resize,
            precision,
            workers=threads,
            device=device,
            threads=threads,
        )
        name = f"a saved model on {description.network.name}"
        classes = user_classes(description.classes)
        predictor = Predictor(
            name,
            extractor,
            classes,
            scorer,
            decision=decision,
            training_hashes=training_hashes,
        )
        return cls(description, predictor)

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
        """What was known about the accuracy when the model was saved.

        With more than 500 classes, ``confusion_cells`` takes the place of ``confusion``: ``rows``,
        ``columns`` and ``counts`` of the cells of the confusion matrix that are not zero.
        """
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

    def export(
        self,
        to: str,
        out: str | Path,
        *,
        precision: "ExportPrecision" = "auto",
        overwrite: bool = False,
    ) -> "ExportSummary":
        """Write the model in the format of another program, once it predicts the same there.

        Parameters
        ----------
        to, out, precision, overwrite
            See `headstart.export`.

        Returns
        -------
        ExportSummary

        Raises
        ------
        UsageError, MissingExtra, ConversionError, StorageError
            See `headstart.export`.
        """
        from headstart.exporting.export import export

        return export(self.predictor, to, out, precision=precision, overwrite=overwrite)

    def score(self, X: Images, y: Labels, sample_weight: Sequence[float] | None = None) -> float:
        """Return the accuracy on images with labels `y`, from 0 to 1."""
        return self.predictor.score(X, y, sample_weight)

    def fit(self, X: Images, y: Labels | None = None) -> NoReturn:  # noqa: ARG002 - scikit-learn's
        """Refuse: a saved model can't be trained further.

        Raises
        ------
        UsageError
        """
        raise UsageError(
            "A saved model is fitted for good. To calibrate it, or to use it in scikit-learn where "
            "estimators are fitted, wrap it: sklearn.frozen.FrozenEstimator(model). To learn other "
            "images, fit a new ImageClassifier."
        )

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn asks for it
        """Return no parameters: nothing about a saved model can be set."""
        return {}

    def __sklearn_tags__(self) -> "Tags":
        """Tell scikit-learn that this is a classifier, and its input images."""
        from headstart.heads.classifier_tags import fitted_classifier_tags

        return fitted_classifier_tags()

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn that this is fitted."""
        return True

    def __sklearn_clone__(self) -> Self:
        """Return itself: it never changes."""
        return self


def _precision_here(choice: PrecisionChoice) -> PrecisionChoice:
    if choice.precision != "bf16" or has_bf16("openvino"):
        return choice
    return replace(choice, precision="f32", reason="this processor has no bfloat16")
