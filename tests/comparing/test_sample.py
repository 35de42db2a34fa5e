import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headstart.comparing.sample import stratified_order


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 99))
def test_every_sample_comes_once(codes, seed):
    codes = np.unique(codes, return_inverse=True)[1]
    order = stratified_order(codes, seed)
    assert sorted(order) == list(range(len(codes)))


def test_each_beginning_has_its_share_of_each_class():
    codes = np.repeat([0, 1, 2], [600, 300, 100])
    order = stratified_order(codes, 0)
    for size in (50, 100, 500):
        shares = np.bincount(codes[order[:size]]) / size
        assert np.abs(shares - [0.6, 0.3, 0.1]).max() < 0.05


def test_two_of_each_class_come_first():
    codes = np.repeat(np.arange(50), [1000, *[2] * 49])
    first = codes[stratified_order(codes, 0)[:100]]
    assert np.bincount(first).tolist() == [2] * 50


def test_the_seed_decides():
    codes = np.repeat([0, 1], 50)
    assert stratified_order(codes, 1).tolist() == stratified_order(codes, 1).tolist()
    assert stratified_order(codes, 1).tolist() != stratified_order(codes, 2).tolist()
