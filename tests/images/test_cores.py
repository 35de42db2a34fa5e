import os

import pytest

from headstart.images import cores
from headstart.images.cores import usable_cores


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Return what writes the files of a container; the process may use six cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    for name in ("_QUOTA", "_OLD_QUOTA", "_OLD_PERIOD"):
        monkeypatch.setattr(cores, name, tmp_path / name)

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / name).write_text(text)

    return write


def test_usable_cores_are_those_of_this_process(files, monkeypatch):
    files()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5, 7}, raising=False)
    assert usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("10000 100000\n", 1),
        ("900000 100000\n", 6),
        ("max 100000\n", 6),
        ("", 6),
        ("200000 0\n", 6),
    ],
)
def test_a_container_may_have_fewer(files, quota, expected):
    files(_QUOTA=quota)
    assert usable_cores() == expected


@pytest.mark.parametrize(("quota", "expected"), [("300000\n", 3), ("-1\n", 6)])
def test_older_containers_say_it_in_two_files(files, quota, expected):
    files(_OLD_QUOTA=quota, _OLD_PERIOD="100000\n")
    assert usable_cores() == expected
