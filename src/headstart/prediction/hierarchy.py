"""Classes above classes: a lorry and a car are both vehicles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchy:
    """The parents of the classes, and which classes are below each.

    Attributes
    ----------
    names : tuple of str
        The parents, those with the fewest classes first.
    members : ndarray of bool, shape (n_parents, n_classes)
        Whether a class is below a parent, at any depth.
    """

    names: tuple[str, ...]
    members: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Check that names and members fit together."""
        if self.members.dtype != bool or self.members.shape[:1] != (len(self.names),):
            raise ValueError(
                "members must be bool, with a row for each parent. Received: "
                f"{self.members.dtype} {self.members.shape} for {len(self.names)} parents"
            )

    @classmethod
    def of(cls, parents: Mapping[str, str], classes: Sequence[Hashable]) -> Self:
        """Make a hierarchy of the parent of each class, and of the parents of these.

        Parameters
        ----------
        parents : mapping of str to str
            The parent of each class or parent. Who has none is not listed.
        classes : sequence of hashable
            The labels, in the order of the probabilities.

        Raises
        ------
        UsageError
            If no class has a parent, a class or parent is above itself, or the name of a parent is
            that of a class.
        """
        labels = [str(label) for label in classes]
        below: dict[str, NDArray[np.bool_]] = {}
        for place, label in enumerate(labels):
            for parent in _above(label, parents):
                below.setdefault(parent, np.zeros(len(labels), bool))[place] = True
        if not below or set(below) & set(labels):
            both = sorted(set(below) & set(labels))
            raise UsageError(
                "parents must name the parent of at least one class, and a parent must not have "
                f"the name of a class. Received: {both or sorted(parents.items())[:5]} for the "
                f"classes {labels[:10]}."
            )
        order = sorted(below, key=lambda name: (int(below[name].sum()), name))
        return cls(tuple(order), np.array([below[name] for name in order]))

    def parent(self, probabilities: NDArray[np.float32], least: float) -> str | None:
        """Return the smallest parent of the most probable class that is probable enough.

        Parameters
        ----------
        probabilities : ndarray of float32, shape (n_classes,)
        least : float
            The least sum of the probabilities of its classes.

        Returns
        -------
        str or None
            None if there is no such parent.
        """
        sums = self.members @ probabilities.astype(np.float64)
        fits = self.members[:, probabilities.argmax()] & (sums >= least)
        return self.names[int(fits.argmax())] if fits.any() else None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return ``names`` and ``members``."""
        return {"names": np.array(self.names), "members": self.members}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make a hierarchy from what `arrays` returned."""
        return cls(tuple(map(str, arrays["names"].tolist())), arrays["members"])


def _above(label: str, parents: Mapping[str, str]) -> list[str]:
    """Return the parent of a class, its parent, and so on."""
    found: list[str] = []
    while (parent := parents.get(found[-1] if found else label)) is not None:
        if parent == label or parent in found:
            raise UsageError(
                f"No class or parent may be above itself. Received: {parent!r}, which is above "
                f"{label!r} and above itself."
            )
        found.append(parent)
    return found
