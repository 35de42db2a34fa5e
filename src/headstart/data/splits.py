"""Split labelled samples into training and test sets, folds and samples, class by class."""

from collections.abc import Hashable, Iterator, Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from headstart.display.text import counted
from headstart.errors import UsageError

Ints = NDArray[np.int64]

#: The fold number of a sample that is never held out.
ALWAYS_TRAINS = -1


def stratified_split(labels: Sequence[Hashable], test: float, seed: int) -> tuple[Ints, Ints]:
    """Split into a training and a test set, each with its share of every class.

    Parameters
    ----------
    labels : sequence of hashable, length n
        The class of each image.
    test : float or int
        Size of the test set: a fraction between 0 and 1, or a number of images.
    seed : int
        The same seed and labels give the same split.

    Returns
    -------
    train, test : ndarray of int64
        Indices into `labels`, sorted. Each image is in one of them. A class with one image is in
        `train` only. Every other class is in both, so the size of `test` may differ a little from
        what was asked for.

    Raises
    ------
    UsageError
        `test` leaves one of the sets empty, or no class has two images.
    """
    groups = _groups(labels)
    wanted = _test_size(test, len(labels))
    if all(len(group) < 2 for group in groups):
        raise UsageError(
            "A class must have at least 2 images, so that one can be used for testing. "
            f"Received: {counted(len(labels), 'image')} of "
            f"{counted(len(groups), 'class', 'classes')}."
        )
    random = np.random.default_rng(seed)
    in_test = np.zeros(len(labels), dtype=bool)
    for group, n_test in zip(groups, _class_shares(groups, wanted, len(labels)), strict=True):
        in_test[random.permutation(group)[:n_test]] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def folds(
    labels: Sequence[Hashable], n: int, seed: int, repeats: int = 1
) -> Iterator[tuple[Ints, Ints]]:
    """Split for repeated stratified cross-validation, in which every image is tested.

    Parameters
    ----------
    labels : sequence of hashable
        The class of each image.
    n : int
        Number of folds, from 2 to the number of images.
    seed : int
        The same seed and labels give the same folds.
    repeats : int
        How often to split anew.

    Yields
    ------
    train, test : ndarray of int64
        Indices into `labels`, sorted. In each repeat every image is tested exactly once. The sizes
        of the folds differ by at most 1, and so does the number of images of each class in them.

    Raises
    ------
    UsageError
        `n` or `repeats` is out of range.
    """
    if not 2 <= n <= len(labels) or repeats < 1:
        raise UsageError(
            f"There must be 2 to {len(labels)} folds (the number of images) and at least 1 repeat. "
            f"Received: {n} folds, {repeats} repeats."
        )
    return _folds(_groups(labels), n, seed, repeats)


def stratified_folds(codes: Ints, n: int, seed: int | None) -> Ints:
    """Return the fold in which each sample is held out. Every class stays in every training set.

    The samples of each class are spread evenly over the folds, from a random fold on. A class may
    have fewer samples than there are folds. The only sample of a class is never held out.

    Parameters
    ----------
    codes : ndarray of int64, shape (n_samples,)
        The class of each sample, from 0.
    n : int
        Number of folds.
    seed : int or None
        The same seed and codes give the same folds; None gives others each time.

    Returns
    -------
    ndarray of int64, shape (n_samples,)
        0 to n - 1, or `ALWAYS_TRAINS`.
    """
    random = np.random.default_rng(seed)
    fold = np.full(len(codes), ALWAYS_TRAINS, np.int64)
    for rows in _shuffled(codes, random):
        if len(rows) > 1:
            fold[rows] = (random.integers(n) + np.arange(len(rows))) % n
    return fold


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


def _folds(groups: list[Ints], n: int, seed: int, repeats: int) -> Iterator[tuple[Ints, Ints]]:
    random = np.random.default_rng(seed)
    for _ in range(repeats):
        # The images are dealt like cards, class after class, so every fold gets a share of each.
        order = np.concatenate([random.permutation(group) for group in groups])
        fold = np.empty(len(order), dtype=np.int64)
        fold[order] = np.arange(len(order)) % n
        for number in range(n):
            yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _groups(labels: Sequence[Hashable]) -> list[Ints]:
    members: dict[Hashable, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    return [np.array(indices, dtype=np.int64) for indices in members.values()]


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


def _class_shares(groups: list[Ints], wanted: int, n: int) -> list[int]:
    # Largest remainders: round down in every class, then add one where most was lost.
    sizes = np.array([len(group) for group in groups])
    exact = sizes * wanted / n
    shares = np.floor(exact).astype(np.int64)
    shares[np.argsort(shares - exact, kind="stable")[: wanted - shares.sum()]] += 1
    lowest = np.where(sizes > 1, 1, 0)
    return [int(share) for share in shares.clip(lowest, np.maximum(sizes - 1, 0))]
