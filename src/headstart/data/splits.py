"""Divide labelled pictures into those to learn from and those to test on."""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from headstart.errors import UsageError

Indices = npt.NDArray[np.int64]


def stratified_split(labels: Sequence[Hashable], test: float, seed: int) -> tuple[Indices, Indices]:
    """Divide so that every class has its share on both sides.

    Parameters
    ----------
    labels : sequence of hashable, length n
        The class of each picture.
    test : float or int
        The part to test on: a fraction between 0 and 1, or a number of pictures.
    seed : int
        The same seed and labels give the same division.

    Returns
    -------
    train, test : ndarray of int64
        Indices into `labels`, rising; together each once. A class with one picture is in `train`
        only, every other class is in both, so `test` may differ from what was asked for by as
        much as that takes.

    Raises
    ------
    UsageError
        `test` leaves no picture on one side, or no class has two.
    """
    groups = _groups(labels)
    wanted = _number_to_test(test, len(labels))
    if all(len(group) < 2 for group in groups):
        raise UsageError(
            "Some class must have at least 2 images, one of them to test on. "
            f"Received: {len(labels)} images of {len(groups)} classes."
        )
    random = np.random.default_rng(seed)
    tested = np.zeros(len(labels), dtype=bool)
    for group, n_test in zip(groups, _shares(groups, wanted, len(labels)), strict=True):
        tested[random.permutation(group)[:n_test]] = True
    return np.flatnonzero(~tested), np.flatnonzero(tested)


def folds(
    labels: Sequence[Hashable], n: int, seed: int, repeats: int = 1
) -> Iterator[tuple[Indices, Indices]]:
    """Divide for repeated stratified cross-validation.

    Parameters
    ----------
    labels : sequence of hashable
        The class of each picture.
    n : int
        Folds: 2 to the number of pictures.
    seed : int
        The same seed and labels give the same folds.
    repeats : int
        How often to divide anew.

    Yields
    ------
    train, test : ndarray of int64
        Indices into `labels`, rising. In each repeat every picture is tested exactly once; the
        folds' sizes differ by at most 1, and so do each class's numbers in them.

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


def _folds(
    groups: list[Indices], n: int, seed: int, repeats: int
) -> Iterator[tuple[Indices, Indices]]:
    random = np.random.default_rng(seed)
    for _ in range(repeats):
        # Dealt like cards, class after class, so that every fold gets its share of each.
        order = np.concatenate([random.permutation(group) for group in groups])
        fold = np.empty(len(order), dtype=np.int64)
        fold[order] = np.arange(len(order)) % n
        for number in range(n):
            yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _groups(labels: Sequence[Hashable]) -> list[Indices]:
    members: dict[Hashable, list[int]] = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    return [np.array(indices, dtype=np.int64) for indices in members.values()]


def _number_to_test(test: float, n: int) -> int:
    wanted = round(test * n) if isinstance(test, float) else int(test)
    # A fraction as small as one image in a hundred of ten still asks for one.
    if isinstance(test, float) and 0 < test < 1:
        wanted = min(max(wanted, 1), n - 1)
    if not 0 < wanted < n or (isinstance(test, float) and test >= 1):
        raise UsageError(
            f"test must be a fraction between 0 and 1, or a number from 1 to {n - 1}, one less "
            f"than there are images. Received: {test!r}."
        )
    return wanted


def _shares(groups: list[Indices], wanted: int, n: int) -> list[int]:
    # Largest remainders: round every class down, then give what is left to those cut most.
    sizes = np.array([len(group) for group in groups])
    exact = sizes * wanted / n
    shares = np.floor(exact).astype(np.int64)
    for index in np.argsort(shares - exact, kind="stable")[: wanted - shares.sum()]:
        shares[index] += 1
    lowest = np.where(sizes > 1, 1, 0)
    return [int(share) for share in shares.clip(lowest, np.maximum(sizes - 1, 0))]
