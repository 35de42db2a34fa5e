"""Images whose label is probably wrong."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import numpy as np

from headstart.checking.base import NO_NETWORK, Check
from headstart.checking.finding import Finding
from headstart.display.text import counted, whole_percent
from headstart.errors import MissingExtra
from headstart.escaping import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from headstart.checking.evidence import Evidence
    from headstart.checking.finding import Suspect
    from headstart.heads.out_of_fold import OutOfFold

# A list of the dataset changes a label only where the head is this sure of another one.
_SURE, _DENIED = 0.9, 0.05


class WrongLabels(Check):
    """Which images look like another class to a head that has not learned from them.

    Confident learning [1]_ on probabilities out of fold: an image is named where its label is
    improbable, compared with how probable that label is for the images that carry it. The folds
    keep copies together, so that no copy vouches for a wrong label of another one.

    References
    ----------
    .. [1] Northcutt, Jiang and Chuang (2021): Confident Learning: Estimating Uncertainty in Dataset
       Labels. JAIR 70. The implementation is that of cleanlab.
    """

    name = "wrong-labels"
    question = "Do images look like another class than their label says?"

    def unmet(self, evidence: Evidence) -> str:
        """Return why labels can't be checked."""
        if len(evidence.dataset.classes) < 2:
            return "It needs at least 2 classes."
        if evidence.out_of_fold is None:
            return NO_NETWORK
        if importlib.util.find_spec("cleanlab") is None:
            return str(MissingExtra("Finding wrong labels", "check"))
        return ""

    def find(self, evidence: Evidence) -> Finding | None:
        """Return the images whose label is probably wrong, the most suspicious first."""
        found = evidence.out_of_fold
        assert found is not None  # noqa: S101 - `unmet` has said so
        tested = found.tested
        issues = tested[_ranked_issues(found.codes[tested], found.probabilities[tested])]
        if not len(issues):
            return None
        suspects = [_suspect(evidence, found, number) for number in issues.tolist()]
        return Finding(
            check=self.name,
            severity="warning",
            headline=f"{counted(len(issues), 'label is', 'labels are')} probably wrong.",
            advice=(
                "A head that has not learned from these images sees another class in them. Look at "
                "each one: unusual images of the right class are among them."
            ),
            suspects=suspects,
            figures={"n": len(issues), "share": len(issues) / len(evidence)},
        )


def _suspect(evidence: Evidence, found: OutOfFold, number: int) -> Suspect:
    probabilities = found.probabilities[number]
    best = int(probabilities.argmax())
    own = int(found.codes[number])
    label = found.classes.tolist()[best]
    sure = best != own and probabilities[best] >= _SURE and probabilities[own] <= _DENIED
    return evidence.suspect(
        number,
        f"looks like {printable(str(label))} ({whole_percent(float(probabilities[best]))})",
        suggested=label,
        action="relabel" if sure else "keep",
    )


def _ranked_issues(
    codes: NDArray[np.int64], probabilities: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the places of images that are probably labelled wrong, the worst first."""
    from cleanlab.filter import find_label_issues

    # A class that no tested image has: cleanlab wants those that there are, counted from 0.
    there, dense = np.unique(codes, return_inverse=True)
    if len(there) < 2:
        return np.zeros(0, np.int64)
    shares = probabilities[:, there].astype(np.float64)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    issues = find_label_issues(
        dense,
        shares,
        return_indices_ranked_by="normalized_margin",
        # Of the seven rules, it found most planted labels on the vehicles (docs/check.md).
        filter_by="prune_by_class",
        n_jobs=1,
    )
    return np.asarray(issues, np.int64)
