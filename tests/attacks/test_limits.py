"""What tries mutants notices everything that must not happen."""

import os
import random
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.attacks import limits
from tests.attacks.fuzzing import attack
from tests.attacks.limits import Trial, Tries
from tests.attacks.mutations import mutate

from headstart.errors import DamagedModel


class Misbehave(Trial):
    """Do what a file says."""

    def answer(self, path):
        return getattr(self, path.read_text())()

    def right(self):
        return "right"

    def wrong(self):
        return "wrong"

    def refuse(self):
        raise DamagedModel("no")

    def quote(self):
        raise DamagedModel("no" * 10_000)

    def raise_another(self):
        raise IndexError("list index out of range")

    def warn(self):
        warnings.warn("overflow", RuntimeWarning, stacklevel=1)

    def crash(self):
        os._exit(11)

    def fill_memory(self):
        return np.ones(300_000_000, np.uint8).sum()

    def compute_for_ever(self):
        while True:
            pass

    def wait_for_ever(self):
        time.sleep(3600)


@pytest.fixture
def try_it(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "SECONDS", 0.3)
    monkeypatch.setattr(limits, "MEMORY", 2**27)

    def tried(*kinds):
        original = tmp_path / "right"
        original.write_text("right")
        for kind in kinds:
            (tmp_path / kind).write_text(kind)
        with Tries(Misbehave()) as tries:
            return [tries(tmp_path / kind, original) for kind in kinds]

    return tried


def test_verdicts(try_it):
    found = try_it("right", "wrong", "refuse", "quote", "raise_another", "warn")
    verdicts = [outcome.verdict for outcome in found]
    assert verdicts == ["same", "other", "refused", "failed", "failed", "failed"]
    assert "IndexError in test_limits.py" in found[4].said


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("kind", "waiting", "says"),
    [
        ("crash", 60, "ended with 11"),
        ("fill_memory", 60, "MiB"),
        ("compute_for_ever", 60, "of the processor"),
        ("wait_for_ever", 1, "did not end"),
    ],
)
def test_what_takes_too_much_fails_and_the_next_is_tried(try_it, monkeypatch, kind, waiting, says):
    monkeypatch.setattr(limits, "SECONDS_WAITING", waiting)
    if kind == "fill_memory":
        monkeypatch.setattr(limits, "SECONDS", 10)  # it takes some time to fill
    failed, after = try_it(kind, "right")
    assert failed.verdict == "failed"
    assert says in failed.said
    assert after.verdict == "same"


def test_what_failed_is_told_and_kept(tmp_path):
    original = tmp_path / "right"
    original.write_text("right")
    place, counts = tmp_path / "mutants", []
    place.mkdir()
    with pytest.raises(AssertionError, match=r"AttributeError in test_limits.py") as failure:
        attack(
            *("files", Misbehave(), [original]),
            n=5,
            seed=0,
            place=place,
            attacked=lambda *count: counts.append(count),
        )
    assert counts == [("files: failed", 5)]
    assert len(list(place.iterdir())) == 3
    assert all(str(path) in str(failure.value) for path in place.iterdir())


@pytest.mark.parametrize("forge", [False, True])
@pytest.mark.parametrize("data", [b"", b"x", b'{"a": [1, "b"]}\n', bytes(range(256)) * 9])
def test_every_mutant_differs_and_can_be_made_again(data, forge):
    for number in range(50):
        how, changed = mutate(data, random.Random(number), forge=forge)
        assert changed != data
        assert mutate(data, random.Random(number), forge=forge) == (how, changed)


def test_the_members_of_a_forged_archive_are_whole(tmp_path):
    np.savez(tmp_path / "arrays.npz", a=np.arange(9), b=np.ones((2, 3)))
    data = (tmp_path / "arrays.npz").read_bytes()
    whole = 0
    for number in range(100):
        how, changed = mutate(data, random.Random(number), forge=True)
        (tmp_path / "changed.npz").write_bytes(changed)
        if how.startswith("archive: "):
            with zipfile.ZipFile(tmp_path / "changed.npz") as file:
                assert file.testzip() is None
            whole += 1
    assert whole > 25
