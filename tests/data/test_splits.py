from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.data.splits import (
    ALWAYS_TRAINS,
    Units,
    can_split,
    folds,
    stratified_folds,
    stratified_sample,
    stratified_split,
)
from headstart.errors import UsageError

LABELS = st.lists(st.sampled_from(["a", "b", 3, (1, 2)]), min_size=2, max_size=60)


@given(labels=LABELS, test=st.floats(0.01, 0.99), seed=st.integers(0, 2**32))
def test_each_image_is_in_one_set_and_each_larger_class_in_both(labels, test, seed):
    if max(Counter(labels).values()) < 2:
        with pytest.raises(UsageError, match="at least 2 images"):
            stratified_split(labels, test, seed)
        return
    train, tested = stratified_split(labels, test, seed)
    assert train.dtype == tested.dtype == np.int64
    assert sorted([*train, *tested]) == list(range(len(labels)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(tested) > 0).all()
    in_test = Counter(labels[i] for i in tested)
    for label, count in Counter(labels).items():
        low, high = (1, count - 1) if count > 1 else (0, 0)
        assert low <= in_test[label] <= high
        assert abs(in_test[label] - count * test) <= 1.5


def test_the_test_set_has_the_given_size():
    labels = [i % 3 for i in range(100)]
    assert len(stratified_split(labels, 0.2, 0)[1]) == 20
    assert len(stratified_split(labels, 17, 0)[1]) == 17


def test_the_seed_decides_the_split():
    labels = ["a", "b"] * 50
    first, again, other = (stratified_split(labels, 0.3, seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_split_of_a_seed_stays_the_same():
    # Saved results name their seed, which must go on to mean the same images.
    assert stratified_split(list("aabbccaabbcc"), 0.25, 7)[1].tolist() == [0, 4, 9]


def test_a_class_with_one_image_is_in_the_training_set():
    train, tested = stratified_split(["a", "a", "a", "only"], 0.5, 0)
    assert 3 in train
    assert 1 <= len(tested) <= 2


@pytest.mark.parametrize("test", [0, -1, 10, 11, 0.0, 1.0, 1.5, -0.2, np.nan, np.inf, True, "0.2"])
def test_an_empty_set_is_an_error(test):
    with pytest.raises(UsageError, match=f"from 1 to 9, .*Received: {test!r}\\."):
        stratified_split([0, 1] * 5, test, 0)


@pytest.mark.parametrize("test", [2, np.int64(2), 0.2, np.float32(0.2)])
def test_a_size_is_any_whole_number_or_fraction(test):
    assert len(stratified_split([0, 1] * 5, test, 0)[1]) == 2


@given(labels=LABELS, n=st.integers(2, 7), repeats=st.integers(1, 3), seed=st.integers(0, 99))
def test_every_image_is_tested_once_in_each_repeat(labels, n, repeats, seed):
    if n > len(labels):
        with pytest.raises(UsageError, match=f"Received: {n} folds"):
            folds(labels, n, seed, repeats)
        return
    made = list(folds(labels, n, seed, repeats))
    assert len(made) == n * repeats
    for start in range(0, len(made), n):
        one = made[start : start + n]
        assert sorted(i for _, tested in one for i in tested) == list(range(len(labels)))
        sizes = [len(tested) for _, tested in one]
        assert max(sizes) - min(sizes) <= 1
        for label in set(labels):
            counts = [sum(labels[i] == label for i in tested) for _, tested in one]
            assert max(counts) - min(counts) <= 1
    for train, tested in made:
        assert sorted([*train, *tested]) == list(range(len(labels)))


def test_repeats_differ_and_the_seed_decides_the_folds():
    labels = [0, 1] * 10
    first = [tested.tolist() for _, tested in folds(labels, 2, 5, repeats=2)]
    assert first == [tested.tolist() for _, tested in folds(labels, 2, 5, repeats=2)]
    assert first[0] != first[2]
    assert first != [tested.tolist() for _, tested in folds(labels, 2, 6, repeats=2)]


@pytest.mark.parametrize(("n", "repeats"), [(1, 1), (0, 1), (5, 1), (2, 0)])
def test_folds_out_of_range_are_an_error(n, repeats):
    with pytest.raises(UsageError, match=f"Received: {n} folds, {repeats} repeats"):
        folds([0, 0, 1, 1], n, 0, repeats)


COUNTS = st.lists(st.integers(1, 30), min_size=2, max_size=6)


def codes_of(counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


@given(COUNTS, st.integers(2, 10), st.integers(0, 5))
def test_no_class_is_untrained(counts, n_folds, seed):
    codes = codes_of(counts)
    folds = stratified_folds(codes, n_folds, seed)
    assert all(set(codes[folds != fold]) == set(codes) for fold in range(n_folds))


@given(COUNTS, st.integers(2, 10))
def test_each_class_is_spread_evenly(counts, n_folds):
    codes = codes_of(counts)
    folds = stratified_folds(codes, n_folds, 0)
    for code, count in enumerate(counts):
        sizes = np.bincount(folds[(codes == code) & (folds != ALWAYS_TRAINS)], minlength=n_folds)
        assert sizes.sum() == (count if count > 1 else 0)
        assert count == 1 or sizes.max() - sizes.min() <= 1


def test_the_seed_decides_the_fold_numbers():
    codes = codes_of([30, 30])
    assert np.array_equal(stratified_folds(codes, 5, 1), stratified_folds(codes, 5, 1))
    assert not np.array_equal(stratified_folds(codes, 5, 1), stratified_folds(codes, 5, 2))


def test_a_sample_keeps_the_share_of_each_class():
    codes = np.repeat([0, 1, 2], [900, 97, 3])
    rows = stratified_sample(codes, 100, 0)
    assert np.bincount(codes[rows]).tolist() == [90, 10, 2]
    assert np.array_equal(rows, np.unique(rows))
    assert stratified_sample(codes, 1000, 0).tolist() == list(range(1000))


GROUPED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=4, max_size=60)


def columns(pairs):
    codes, groups = np.array(pairs).T
    return np.unique(codes, return_inverse=True)[1].astype(np.int64), groups


@given(GROUPED, st.integers(2, 6), st.integers(0, 5))
def test_a_group_is_in_one_fold_and_no_class_is_untrained(pairs, n_folds, seed):
    codes, groups = columns(pairs)
    fold = stratified_folds(codes, n_folds, seed, groups)
    assert all(len(set(fold[groups == group])) == 1 for group in groups)
    assert all(set(codes[fold != number]) == set(codes) for number in range(n_folds))


@given(GROUPED, st.integers(0, 5))
def test_a_group_is_on_one_side(pairs, seed):
    codes, groups = columns(pairs)
    if not can_split(codes.tolist(), groups):
        with pytest.raises(UsageError, match=r"at least 2 (images|groups)"):
            stratified_split(codes.tolist(), 0.3, seed, groups)
        return
    train, test = stratified_split(codes.tolist(), 0.3, seed, groups)
    assert sorted([*train, *test]) == list(range(len(codes)))
    assert not set(groups[train]) & set(groups[test])
    assert set(codes[train]) == set(codes)


@given(GROUPED, st.integers(0, 5))
def test_every_group_is_tested_once(pairs, seed):
    codes, groups = columns(pairs)
    n = min(3, len(set(groups)))
    if n < 2:
        return
    made = list(folds(codes.tolist(), n, seed, groups=groups))
    assert sorted(i for _, test in made for i in test) == list(range(len(codes)))
    assert all(not set(groups[train]) & set(groups[test]) for train, test in made)


def test_groups_of_one_sample_are_dealt_as_samples_are():
    codes, names = codes_of([20, 9, 4]), np.random.default_rng(0).permutation(33)
    assert np.array_equal(stratified_folds(codes, 5, 1), stratified_folds(codes, 5, 1, names))
    for one, other in zip(
        stratified_split(codes.tolist(), 0.2, 1),
        stratified_split(codes.tolist(), 0.2, 1, names),
        strict=True,
    ):
        assert np.array_equal(one, other)


def test_folds_of_groups_have_nearly_equal_shares_of_each_class():
    random = np.random.default_rng(0)
    groups = random.integers(0, 400, 1000)
    codes = (groups % 3).astype(np.int64)
    fold = stratified_folds(codes, 5, 0, groups)
    for code in range(3):
        sizes = np.bincount(fold[codes == code], minlength=5)
        assert sizes.max() - sizes.min() <= 6


def test_a_group_counts_for_the_class_that_most_of_its_samples_have():
    units = Units.of(np.array([0, 1, 1, 2, 2, 0]), np.array([7, 7, 7, 3, 9, 9]))
    assert units.unit_of.tolist() == [0, 0, 0, 1, 2, 2]
    assert units.codes.tolist() == [1, 2, 0]
    assert units.sizes.tolist() == [3, 1, 2]
    assert not units.are_single


def test_there_must_be_a_group_for_each_image():
    with pytest.raises(UsageError, match="one group for each image"):
        stratified_folds(np.array([0, 1]), 2, 0, np.array([0]))
