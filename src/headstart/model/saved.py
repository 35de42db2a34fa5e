"""A saved model: checked, and ready to predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.data.inputs import image_sources
from headstart.features.extract import extract
from headstart.prediction.accuracy import agreement

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.data.resizing import Resize
    from headstart.data.sources import ImageSource
    from headstart.features.cache import FeatureCache
    from headstart.features.engine import Precision, Values
    from headstart.features.extract import Extracted
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
    def labels(self) -> tuple[Hashable, ...]:
        """The classes, in the order of the probabilities."""
        return self.description.classes

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes as an array (k,)."""
        kinds = {type(label) for label in self.labels}
        if len(kinds) == 1 and kinds <= {str, int, float, bool}:
            return np.array(self.labels)
        array = np.empty(len(self.labels), object)
        array[:] = self.labels
        return array

    @property
    def resize(self) -> Resize:
        """How a picture is brought to the network's size."""
        return self.description.resize

    @property
    def evaluation(self) -> dict[str, Any]:
        """What was known about its accuracy when it was saved."""
        return dict(self.description.evaluation)

    @property
    def outputs(self) -> tuple[str, ...]:
        """What of the network to compute for `probabilities`."""
        return ("features",)

    def probabilities(self, values: Values) -> NDArray[np.float32]:
        """Return the probabilities (k,) of one picture for which the network gave `values`."""
        return self.scorer.probabilities(values["features"][None])[0].astype(np.float32)

    def stream(
        self,
        sources: Iterable[ImageSource],
        *,
        cache: FeatureCache | None = None,
        workers: int | None = None,
    ) -> Iterator[tuple[Extracted, NDArray[np.float32] | None]]:
        """Yield each picture with its probabilities (k,), or None where it can't be read.

        In order, a few at a time, however many there are.
        """
        for item in extract(
            sources,
            self.network,
            resize=self.resize,
            precision=self.precision,
            outputs=self.outputs,
            cache=cache,
            workers=workers,
            device="openvino",
        ):
            yield item, None if item.values is None else self.probabilities(item.values)

    def predict_proba(self, X: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """Return probabilities (n, k), in the order of ``classes_``.

        Parameters
        ----------
        X : list, array or folder
            Pictures, as `Embedder.transform` takes them.

        Raises
        ------
        ImageError
            For the first picture that can't be read.
        """
        found = []
        for item, probabilities in self.stream(image_sources(X)):
            item.required()
            found.append(probabilities)
        return np.array(found, np.float32).reshape(len(found), len(self.labels))

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: ANN401
        """Return the most probable label of each picture: array (n,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def score(self, X: Any, y: Sequence[Hashable]) -> float:  # noqa: ANN401
        """Return the accuracy on pictures with labels `y`."""
        return agreement(self.predict(X).tolist(), list(y))
