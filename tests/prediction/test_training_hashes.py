import numpy as np
import pytest

from headstart.images.sources import content_hash
from headstart.prediction.training_hashes import TrainingHashes

CONTENTS = [content_hash(bytes([number])) for number in range(50)]


def test_what_was_learnt_from_is_recognised_and_nothing_else():
    known = TrainingHashes.of(CONTENTS[:40])
    assert [known.has(content) for content in CONTENTS] == [True] * 40 + [False] * 10
    assert not TrainingHashes.of([]).has(CONTENTS[0])
    # Also at both ends of the range.
    ends = ["0" * 32, "f" * 32]
    assert [TrainingHashes.of(ends).has(end) for end in ends] == [True, True]
    assert not TrainingHashes.of(["0" * 32]).has("f" * 32)


def test_order_and_copies_tell_nothing_and_an_image_takes_8_bytes():
    one = TrainingHashes.of(CONTENTS)
    other = TrainingHashes.of([*CONTENTS[::-1], *CONTENTS[:7]])
    np.testing.assert_array_equal(one.hashes, other.hashes)
    assert (np.diff(one.hashes) > 0).all()
    assert one.hashes.nbytes == 8 * len(CONTENTS)


def test_arrays_bring_them_back():
    known = TrainingHashes.of(CONTENTS)
    again = TrainingHashes.from_arrays(known.arrays())
    np.testing.assert_array_equal(again.hashes, known.hashes)


@pytest.mark.parametrize(
    "hashes",
    [
        np.array([2, 1], np.uint64),
        np.array([1, 1], np.uint64),
        np.array([1, 2], np.int64),
        np.array([[1, 2]], np.uint64),
        np.array(1, np.uint64),
        np.array(["a", "b"]),
    ],
    ids=["order", "twice", "signed", "shape", "one number", "text"],
)
def test_anything_else_is_refused(hashes):
    with pytest.raises(ValueError, match="ascending numbers of 64 bits"):
        TrainingHashes.from_arrays({"hashes": hashes})
    with pytest.raises(KeyError):
        TrainingHashes.from_arrays({"others": hashes})
