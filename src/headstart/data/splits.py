"""Split labelled samples into training and test sets, folds and samples, class by class.

Samples of one group stay together: copies of an image, images of one patient. A group counts for
the class that most of its samples have. A class whose samples are all in one group is in training
sets only, as a class with one sample is: no other could have taught it.
"""

import heapq
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headstart.display.text import counted
from headstart.errors import UsageError

Ints = NDArray[np.int64]

#: The fold number of a sample that is never held out.
ALWAYS_TRAINS = -1


def stratified_split(
    labels: Sequence[Hashable], test: float, seed: int, groups: Ints | None = None
) -> tuple[Ints, Ints]:
    """Split into a training and a test set, each with its share of every class.

    Parameters
    ----------
    labels : sequence of hashable, length n
        The class of each image.
    test : float or int
        Size of the test set: a fraction between 0 and 1, or a number of images.
    seed : int
        The same seed, labels and groups give the same split.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are in the same set. The default is that each image is its own group.

    Returns
    -------
    train, test : ndarray of int64
        Indices into `labels`, sorted. Each image is in one of them. A class with one group is in
        `train` only. Every other class is in both, so the size of `test` may differ a little from
        what was asked for; with large groups, by half of a group of each class.

    Raises
    ------
    UsageError
        `test` leaves one of the sets empty, or no class has two groups.
    """
    wanted = _test_size(test, len(labels))
    codes = _codes(labels)
    units = Units.of(codes, groups)
    classes = [units.of_class(code) for code in range(units.n_classes)]
    if all(len(each) < 2 for each in classes):
        what = "image" if units.are_single else "group"
        raise UsageError(
            f"A class must have at least 2 {what}s, so that one can be used for testing. "
            f"Received: {counted(len(labels), 'image')} in {counted(len(units.sizes), what)} of "
            f"{counted(units.n_classes, 'class', 'classes')}."
        )
    random = np.random.default_rng(seed)
    in_test = np.zeros(len(units.sizes), dtype=bool)
    images = np.array([units.sizes[each].sum() for each in classes])
    needed = units.needed(codes)
    for each, n_test in zip(classes, _class_shares(images, wanted, len(labels)), strict=True):
        order = random.permutation(each)
        free = order[~needed[order]]
        # A class keeps a unit to train on.
        most = min(len(free), len(order) - 1)
        in_test[_first(free, units.sizes, n_test, most)] = True
    held_out = np.where(in_test, 0, ALWAYS_TRAINS)
    tested = _leaving_every_class(held_out, units, codes)[units.unit_of] != ALWAYS_TRAINS
    return np.flatnonzero(~tested), np.flatnonzero(tested)


def can_split(labels: Sequence[Hashable], groups: Ints | None = None) -> bool:
    """Tell whether a class has two groups, of which one can be held out.

    See `stratified_split` for the parameters.
    """
    units = Units.of(_codes(labels), groups)
    return bool(np.bincount(units.codes).max() > 1)


def folds(
    labels: Sequence[Hashable],
    n: int,
    seed: int,
    repeats: int = 1,
    groups: Ints | None = None,
) -> Iterator[tuple[Ints, Ints]]:
    """Split for repeated stratified cross-validation, in which every image is tested.

    Parameters
    ----------
    labels : sequence of hashable
        The class of each image.
    n : int
        Number of folds, from 2 to the number of groups.
    seed : int
        The same seed, labels and groups give the same folds.
    repeats : int
        How often to split anew.
    groups : ndarray of int64, shape (n,), optional
        Images of a group are in the same fold. The default is that each image is its own group.

    Yields
    ------
    train, test : ndarray of int64
        Indices into `labels`, sorted. In each repeat every image is tested exactly once. Without
        groups, the sizes of the folds differ by at most 1, and so does the number of images of each
        class in them.

    Raises
    ------
    UsageError
        `n` or `repeats` is out of range.
    """
    units = Units.of(_codes(labels), groups)
    if not 2 <= n <= len(units.sizes) or repeats < 1:
        raise UsageError(
            f"There must be 2 to {len(units.sizes)} folds (the number of "
            f"{'images' if units.are_single else 'groups'}) and at least 1 repeat. "
            f"Received: {n} folds, {repeats} repeats."
        )
    return _folds(units, n, seed, repeats)


def stratified_folds(codes: Ints, n: int, seed: int | None, groups: Ints | None = None) -> Ints:
    """Return the fold in which each sample is held out. Every class stays in every training set.

    The samples of each class are spread evenly over the folds, from a random fold on. A class may
    have fewer samples than there are folds. The only group of a class is never held out.

    Parameters
    ----------
    codes : ndarray of int64, shape (n_samples,)
        The class of each sample, from 0.
    n : int
        Number of folds.
    seed : int or None
        The same seed, codes and groups give the same folds; None gives others each time.
    groups : ndarray of int64, shape (n_samples,), optional
        Samples of a group are in the same fold. The default is that each sample is its own group.

    Returns
    -------
    ndarray of int64, shape (n_samples,)
        0 to n - 1, or `ALWAYS_TRAINS`.
    """
    random = np.random.default_rng(seed)
    units = Units.of(codes, groups)
    fold = np.full(len(units.sizes), ALWAYS_TRAINS, np.int64)
    for rows in _shuffled(units.codes, random):
        if len(rows) > 1:
            fold[rows] = _dealt(units.sizes[rows], n, int(random.integers(n)))
    return _leaving_every_class(fold, units, codes)[units.unit_of]


def stratified_sample(codes: Ints, size: int, seed: int | None) -> Ints:
    """Return a random sample with the same share of each class, and at least two of each.

    Parameters
    ----------
    codes : ndarray of int64, shape (n_samples,)
        The class of each sample, from 0.
    size : int
        Size of the sample, which may differ a little.
    seed : int or None
        The same seed and codes give the same sample; None gives another each time.

    Returns
    -------
    ndarray of int64
        Indices into `codes`, sorted; all of them if there are no more than `size`.
    """
    if len(codes) <= size:
        return np.arange(len(codes))
    classes = _shuffled(codes, np.random.default_rng(seed))
    kept = [rows[: max(2, round(len(rows) * size / len(codes)))] for rows in classes]
    return np.sort(np.concatenate(kept))


def _shuffled(codes: Ints, random: np.random.Generator) -> Iterator[Ints]:
    for code in range(codes.max() + 1):
        yield random.permutation(np.flatnonzero(codes == code))


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is dealt as a whole: the groups of samples, or each sample by itself.

    Attributes
    ----------
    unit_of : ndarray of int64, shape (n_samples,)
        The unit of each sample, from 0.
    codes : ndarray of int64, shape (n_units,)
        The class that most samples of each unit have; of several, the first.
    sizes : ndarray of int64, shape (n_units,)
        Number of samples in each unit.
    """

    unit_of: Ints
    codes: Ints
    sizes: Ints

    @classmethod
    def of(cls, codes: Ints, groups: Ints | None) -> Self:
        """Return the units of samples with these classes (n,) and groups (n,)."""
        places = np.arange(len(codes))
        if groups is None:
            return cls(places, codes, np.ones(len(codes), np.int64))
        if len(groups) != len(codes):
            raise UsageError(
                "There must be one group for each image. Received: "
                f"{counted(len(codes), 'image')} and {len(groups):,} groups."
            )
        first, unit_of = np.unique(groups, return_index=True, return_inverse=True)[1:]
        # In the order of their first samples: groups of one sample each are dealt as samples are.
        rank = np.argsort(np.argsort(first))
        unit_of = rank[unit_of].astype(np.int64)
        n_classes = int(codes.max()) + 1
        pairs, counts = np.unique(unit_of * n_classes + codes, return_counts=True)
        # The last of equal keys wins in an assignment: the largest count, and then the first class.
        order = np.lexsort((-pairs, counts))
        majority = np.empty(len(first), np.int64)
        majority[pairs[order] // n_classes] = pairs[order] % n_classes
        return cls(unit_of, majority, np.bincount(unit_of))

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.codes.max()) + 1

    @property
    def are_single(self) -> bool:
        """Whether each unit is one sample."""
        return bool((self.sizes == 1).all())

    def needed(self, codes: Ints) -> NDArray[np.bool_]:
        """Tell which units hold all samples of a class: that class would be untrained."""
        found = np.zeros(len(self.sizes), bool)
        pairs = np.unique(codes * len(self.sizes) + self.unit_of)
        lonely = np.flatnonzero(np.bincount(pairs // len(self.sizes)) == 1)
        found[pairs[np.isin(pairs // len(self.sizes), lonely)] % len(self.sizes)] = True
        return found

    def of_class(self, code: int) -> Ints:
        """Return the units of one class, in order."""
        return np.flatnonzero(self.codes == code)


def _dealt(sizes: Ints, n: int, first: int) -> Ints:
    """Return the fold of each unit, so that the folds get nearly equal numbers of samples.

    Units of one sample are dealt in turn, from the fold `first` on.
    """
    if (sizes == 1).all():
        return (first + np.arange(len(sizes))) % n
    order = np.argsort(-sizes, kind="stable")
    fold = np.empty(len(sizes), np.int64)
    # The emptiest fold is the next; of several, the first after `first`.
    folds_ = [(0, turn) for turn in range(n)]
    for unit in order:
        filled, turn = heapq.heappop(folds_)
        fold[unit] = (first + turn) % n
        heapq.heappush(folds_, (filled + int(sizes[unit]), turn))
    return fold


def _leaving_every_class(fold: Ints, units: Units, codes: Ints) -> Ints:
    """Return the fold of each unit, such that no class is held out as a whole.

    A class may be the smaller part of every group that it is in: then it is dealt with others.
    """
    if units.are_single:
        return fold
    fold = fold.copy()
    for code in range(int(codes.max()) + 1):
        own = units.unit_of[codes == code]
        if len(own) and fold[own[0]] != ALWAYS_TRAINS and (fold[own] == fold[own[0]]).all():
            fold[own[0]] = ALWAYS_TRAINS
    return fold


def _folds(units: Units, n: int, seed: int, repeats: int) -> Iterator[tuple[Ints, Ints]]:
    random = np.random.default_rng(seed)
    for _ in range(repeats):
        # The units are dealt like cards, class after class, so every fold gets a share of each.
        order = np.concatenate(
            [random.permutation(units.of_class(code)) for code in range(units.n_classes)]
        )
        fold = np.empty(len(order), dtype=np.int64)
        fold[order] = _dealt_in_turn(units, order, n)
        tested = fold[units.unit_of]
        for number in range(n):
            yield np.flatnonzero(tested != number), np.flatnonzero(tested == number)


def _dealt_in_turn(units: Units, order: Ints, n: int) -> Ints:
    """Return the fold of each unit in `order`: class after class, each from the next fold on."""
    dealt: list[Ints] = []
    begin = 0
    for code in range(units.n_classes):
        sizes = units.sizes[order[units.codes[order] == code]]
        dealt.append(_dealt(sizes, n, begin % n))
        begin += len(sizes)
    return np.concatenate(dealt)


def _first(order: Ints, sizes: Ints, wanted: int, most: int) -> Ints:
    """Return the first units, `most` at most, that hold about `wanted` samples."""
    if not most or not wanted:
        return order[:0]
    filled = np.cumsum(sizes[order])
    count = 1 + int(np.abs(filled - wanted).argmin())
    return order[: min(count, most)]


def _codes(labels: Sequence[Hashable]) -> Ints:
    """Return the class of each label, in the order in which labels appear."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(label, len(known)) for label in labels], np.int64)


def _test_size(test: object, n: int) -> int:
    if isinstance(test, int | np.integer):
        # True is a number for Python.
        size = 0 if isinstance(test, bool) else int(test)
    elif isinstance(test, Real) and 0 < float(test) < 1 < n:
        # A small fraction of few images still asks for one image.
        size = min(max(round(float(test) * n), 1), n - 1)
    else:
        size = 0
    if 0 < size < n:
        return size
    raise UsageError(
        "test must be a fraction between 0 and 1, both excluded, or a number of images from 1 to "
        f"{n - 1}, one less than there are. Received: {test!r}."
    )


def _class_shares(sizes: Ints, wanted: int, n: int) -> list[int]:
    # Largest remainders: round down in every class, then add one where most was lost.
    exact = sizes * wanted / n
    shares = np.floor(exact).astype(np.int64)
    shares[np.argsort(shares - exact, kind="stable")[: wanted - shares.sum()]] += 1
    lowest = np.where(sizes > 1, 1, 0)
    return [int(share) for share in shares.clip(lowest, np.maximum(sizes - 1, 0))]
