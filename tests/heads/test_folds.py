import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headstart.heads.folds import ALWAYS_TRAINS, stratified_folds, stratified_sample

counts = st.lists(st.integers(1, 30), min_size=2, max_size=6)


def codes_of(counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


@given(counts, st.integers(2, 10), st.integers(0, 5))
def test_every_class_is_in_training_whatever_fold_is_held_out(counts, n_folds, seed):
    codes = codes_of(counts)
    folds = stratified_folds(codes, n_folds, seed)
    assert all(set(codes[folds != fold]) == set(codes) for fold in range(n_folds))


@given(counts, st.integers(2, 10))
def test_folds_hold_each_class_evenly(counts, n_folds):
    codes = codes_of(counts)
    folds = stratified_folds(codes, n_folds, 0)
    for code, count in enumerate(counts):
        sizes = np.bincount(folds[(codes == code) & (folds != ALWAYS_TRAINS)], minlength=n_folds)
        assert sizes.sum() == (count if count > 1 else 0)
        assert count == 1 or sizes.max() - sizes.min() <= 1


def test_the_seed_decides():
    codes = codes_of([30, 30])
    assert np.array_equal(stratified_folds(codes, 5, 1), stratified_folds(codes, 5, 1))
    assert not np.array_equal(stratified_folds(codes, 5, 1), stratified_folds(codes, 5, 2))


def test_a_sample_keeps_the_shares_and_every_class():
    codes = np.repeat([0, 1, 2], [900, 97, 3])
    rows = stratified_sample(codes, 100, 0)
    assert np.bincount(codes[rows]).tolist() == [90, 10, 2]
    assert np.array_equal(rows, np.unique(rows))
    assert stratified_sample(codes, 1000, 0).tolist() == list(range(1000))
