"""Shortcuts: whether something besides the subject tells the classes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.checking.base import Check
from headstart.checking.finding import Finding
from headstart.checking.properties import properties
from headstart.data.splits import stratified_folds
from headstart.display.table import Table
from headstart.display.text import listed_names, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from headstart.checking.evidence import Evidence

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float32]

_FOLDS = 5
_DEPTH = 3
# A result above all of 39 with permuted labels is chance once in 40 times.
_PERMUTATIONS = 39
# What is beyond chance may still be too little to matter: this share of the way from chance to 1.
_MATTERS = 0.2
_AT_MOST = 5_000
_FEWEST = 20
_SHOWN = 5


class Shortcuts(Check):
    """Whether cheap properties of the files tell the classes apart, such as their sizes.

    One decision tree of depth 3 on all properties: size, shape, format, bytes, camera, sharpness,
    colour, border and the pattern of the file name. Its balanced accuracy, cross-validated on one
    image of each group of copies, is compared with that of permuted labels.
    """

    name = "shortcuts"
    question = "Does something besides the subject tell the classes apart?"

    def unmet(self, evidence: Evidence) -> str:
        """Return why shortcuts can't be found."""
        if len(np.unique(evidence.codes)) < 2:
            return "It needs at least 2 classes."
        few = len(_chosen(evidence)) < _FEWEST
        return f"It needs at least {_FEWEST} different images." if few else ""

    def find(self, evidence: Evidence) -> Finding | None:
        """Return how well the properties tell the classes apart, if that is beyond chance."""
        chosen = _chosen(evidence)
        codes = evidence.codes[chosen]
        names, values = properties(evidence)
        values = values[chosen]
        if len(np.unique(codes)) < 2:
            return None
        folds = stratified_folds(codes, _FOLDS, 0, evidence.groups[chosen])
        accuracy = _accuracy(values, codes, folds)
        chance = _permuted(values, codes)
        n_classes = len(np.unique(codes))
        matters = 1 / n_classes + _MATTERS * (1 - 1 / n_classes)
        if accuracy <= max(chance.max(), matters):
            return None
        importance = _importance(names, values, codes)
        return Finding(
            check=self.name,
            severity="warning",
            headline=(
                f"{listed_names(list(importance)[:3])} alone tell the classes apart with a "
                f"balanced accuracy of {percent(accuracy)}; by chance it would be "
                f"{percent(float(chance.mean()))}."
            ),
            advice=(
                "A network may learn this in place of the subject, and fail where it no longer "
                "holds. If the classes come from different sources, mix them or bring them to one "
                "size and format. Colour may also be the subject's own."
            ),
            figures={
                "balanced_accuracy": accuracy,
                "chance": float(chance.mean()),
                "highest_by_chance": float(chance.max()),
            },
            tables=[_table(importance)],
        )


def _chosen(evidence: Evidence) -> Ints:
    """Return one image of each group, at most 5,000."""
    _, first = np.unique(evidence.groups, return_index=True)
    if len(first) > _AT_MOST:
        first = np.random.default_rng(0).choice(first, _AT_MOST, replace=False)
    return np.sort(first)


def _tree(values: Floats, codes: Ints) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=_DEPTH, class_weight="balanced", random_state=0)
    return tree.fit(values, codes)


def _accuracy(values: Floats, codes: Ints, folds: Ints) -> float:
    """Return the balanced accuracy of trees on the images that they have not seen."""
    tested = folds >= 0
    right = np.zeros(len(codes), bool)
    for fold in range(_FOLDS):
        held_out = folds == fold
        if held_out.any():
            tree = _tree(values[~held_out], codes[~held_out])
            right[held_out] = tree.predict(values[held_out]) == codes[held_out]
    recalls = [right[tested & (codes == code)].mean() for code in np.unique(codes[tested])]
    return float(np.mean(recalls))


def _permuted(values: Floats, codes: Ints) -> NDArray[np.float64]:
    """Return the balanced accuracy with permuted labels, once for each permutation."""
    random = np.random.default_rng(0)
    accuracies = np.empty(_PERMUTATIONS)
    for number in range(_PERMUTATIONS):
        permuted = random.permutation(codes)
        accuracies[number] = _accuracy(values, permuted, stratified_folds(permuted, _FOLDS, 0))
    return accuracies


def _importance(names: list[str], values: Floats, codes: Ints) -> dict[str, float]:
    """Return the properties that a tree on all images uses, and their shares, largest first."""
    shares: dict[str, float] = {}
    for name, share in zip(names, _tree(values, codes).feature_importances_, strict=True):
        shares[name] = shares.get(name, 0.0) + float(share)
    used = {name: share for name, share in shares.items() if share > 0}
    return dict(sorted(used.items(), key=lambda item: -item[1]))


def _table(importance: dict[str, float]) -> Table:
    return Table(
        headings=("property", "share of the tree"),
        align="<>",
        rows=[(name, percent(share)) for name, share in list(importance.items())[:_SHOWN]],
    )
