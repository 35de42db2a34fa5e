"""How many bytes tensors may become."""

from itertools import repeat

import pytest

from headstart.foreign.sizes import check_total, n_values


def test_values_are_counted():
    assert n_values([]) == 1
    assert n_values([2, 3]) == 6
    assert n_values([2, 0, 2**40]) == 0
    for shape in ([-1, 3], [1] * 33, repeat(1)):
        with pytest.raises(ValueError, match="a tensor of the shape"):
            n_values(shape)


def test_all_together_are_not_much_more_than_the_files():
    check_total([2**26, 2**10], 2**10)
    with pytest.raises(ValueError, match="where the files have 1,024"):
        check_total([2**26, 2**12], 2**10)
    endless = iter(lambda: 2**20, None)
    with pytest.raises(ValueError, match="tensors of more than"):
        check_total(endless, 0)
