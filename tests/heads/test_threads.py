import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from headstart.heads import threads
from headstart.heads.threads import suitable_threads


def blas_threads():
    np.ones((2, 2)) @ np.ones((2, 2))
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


@pytest.fixture(autouse=True)
def two_threads():
    # Other tests of this process may have loaded one more library since it was made.
    threads._controller.cache_clear()
    controller = threads._controller()
    with controller.limit(limits=2, user_api="blas"):
        if set(blas_threads()) != {2}:
            pytest.skip("the linear algebra of this NumPy can't be given two threads")
        yield


def test_small_products_get_one_thread_and_the_rest_is_restored():
    before = blas_threads()
    with suitable_threads(1e6):
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_large_products_keep_their_threads():
    before = blas_threads()
    with suitable_threads(1e12):
        assert blas_threads() == before


def test_an_error_restores_the_threads():
    before = blas_threads()
    with pytest.raises(ValueError, match="inside"), suitable_threads(1):
        raise ValueError("inside")
    assert blas_threads() == before


def test_heads_that_are_fitted_at_the_same_time_restore_the_threads():
    before = blas_threads()
    entered, leave = threading.Event(), threading.Event()

    def other():
        with suitable_threads(1):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with suitable_threads(1):
        thread.start()
        assert entered.wait(10)
        assert set(blas_threads()) == {1}
    assert blas_threads() == before  # though the other is still inside
    leave.set()
    thread.join(10)
    assert blas_threads() == before


def test_a_part_of_a_fit_keeps_the_threads_of_the_whole():
    before = blas_threads()
    with suitable_threads(1):
        with suitable_threads(1):
            pass
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
