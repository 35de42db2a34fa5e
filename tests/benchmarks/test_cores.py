"""``benchmarks/cores.py``: which cores are used, and in which order."""

import os
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="only Linux lets a process choose its cores"
)


@pytest.fixture
def cores(module):
    return module("cores")


@pytest.mark.parametrize(
    ("n", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (16, [1, 2, 4, 8, 16])]
)
def test_the_numbers_double_up_to_all(cores, n, counts):
    assert cores._doubled(n) == counts


@pytest.mark.parametrize(
    ("text", "numbers"), [("0", [0]), ("0,8\n", [0, 8]), ("0-2,7", [0, 1, 2, 7])]
)
def test_lists_of_linux(cores, text, numbers):
    assert cores._listed(text) == numbers


def test_each_physical_core_comes_before_any_comes_twice(cores, monkeypatch):
    """Here 0 and 1 are one core, and 2 and 3 another."""

    class Topology:
        def __init__(self, path):
            self._core = int(path.split("/cpu/cpu")[1].split("/")[0])

        def exists(self):
            return True

        def read_text(self):
            return f"{self._core // 2 * 2}-{self._core // 2 * 2 + 1}\n"

    monkeypatch.setattr(cores, "Path", Topology)
    assert cores._in_order({0, 1, 2, 3}) == [0, 2, 1, 3]


def test_what_runs_inside_has_only_some_cores(cores):
    before = os.sched_getaffinity(0)
    one = min(before)
    with cores._only([one]):
        assert os.sched_getaffinity(0) == {one}
    assert os.sched_getaffinity(0) == before


def test_cores_that_are_not_there_are_refused(cores, monkeypatch, tmp_path):
    words = ["cores.py", "--photos", str(tmp_path), "--weights", "w", "--cores", "100000"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit, match=r"--cores must be from 1 to .*100000"):
        cores.main()
