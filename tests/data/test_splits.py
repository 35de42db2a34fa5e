from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.data.splits import folds, stratified_split
from headstart.errors import UsageError

LABELS = st.lists(st.sampled_from(["a", "b", 3, (1, 2)]), min_size=2, max_size=60)


@given(labels=LABELS, test=st.floats(0.01, 0.99), seed=st.integers(0, 2**32))
def test_both_sides_together_are_all_and_every_class_of_two_is_on_both(labels, test, seed):
    if max(Counter(labels).values()) < 2:
        with pytest.raises(UsageError, match="at least 2 images"):
            stratified_split(labels, test, seed)
        return
    train, tested = stratified_split(labels, test, seed)
    assert train.dtype == tested.dtype == np.int64
    assert sorted([*train, *tested]) == list(range(len(labels)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(tested) > 0).all()
    on_test = Counter(labels[i] for i in tested)
    for label, count in Counter(labels).items():
        low, high = (1, count - 1) if count > 1 else (0, 0)
        assert low <= on_test[label] <= high
        assert abs(on_test[label] - count * test) <= 1.5


def test_the_number_asked_for_is_kept_where_classes_allow():
    labels = [i % 3 for i in range(100)]
    assert len(stratified_split(labels, 0.2, 0)[1]) == 20
    assert len(stratified_split(labels, 17, 0)[1]) == 17


def test_the_seed_decides():
    labels = ["a", "b"] * 50
    first, again, other = (stratified_split(labels, 0.3, seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_division_stays_what_it_is():
    # Saved results name their seed; the same seed must go on to mean the same pictures.
    assert stratified_split(list("aabbccaabbcc"), 0.25, 7)[1].tolist() == [0, 4, 9]


def test_a_class_with_one_image_is_learnt_from():
    train, tested = stratified_split(["a", "a", "a", "only"], 0.5, 0)
    assert 3 in train
    assert 1 <= len(tested) <= 2


@pytest.mark.parametrize("test", [0, -1, 10, 11, 0.0, 1.0, 1.5, -0.2])
def test_a_test_part_of_nothing_or_all_is_refused(test):
    with pytest.raises(UsageError, match=f"from 1 to 9, .*Received: {test!r}"):
        stratified_split([0, 1] * 5, test, 0)


@given(labels=LABELS, n=st.integers(2, 7), repeats=st.integers(1, 3), seed=st.integers(0, 99))
def test_every_image_is_tested_once_a_repeat_and_classes_are_shared_out(labels, n, repeats, seed):
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


def test_repeats_differ_and_the_seed_decides():
    labels = [0, 1] * 10
    first = [tested.tolist() for _, tested in folds(labels, 2, 5, repeats=2)]
    assert first == [tested.tolist() for _, tested in folds(labels, 2, 5, repeats=2)]
    assert first[0] != first[2]
    assert first != [tested.tolist() for _, tested in folds(labels, 2, 6, repeats=2)]


@pytest.mark.parametrize(("n", "repeats"), [(1, 1), (0, 1), (5, 1), (2, 0)])
def test_folds_out_of_range_are_refused(n, repeats):
    with pytest.raises(UsageError, match=f"Received: {n} folds, {repeats} repeats"):
        folds([0, 0, 1, 1], n, 0, repeats)
