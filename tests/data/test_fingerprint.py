import subprocess
import sys

import pytest

from headstart.data.fingerprint import fingerprint

IMAGES, LABELS = ["a.jpg", "b.jpg", "c.jpg"], ["cat", "dog", "cat"]


def test_the_same_images_and_labels_have_the_same_fingerprint():
    assert fingerprint(IMAGES, LABELS) == fingerprint(tuple(IMAGES), iter(LABELS))
    assert len(fingerprint(IMAGES, LABELS)) == 64


def test_the_order_counts_only_where_it_is_asked_for():
    backwards = IMAGES[::-1], LABELS[::-1]
    assert fingerprint(*backwards) == fingerprint(IMAGES, LABELS)
    assert fingerprint(*backwards, ordered=True) != fingerprint(IMAGES, LABELS, ordered=True)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (["a.jpg", "b.jpg", "d.jpg"], LABELS),
        (IMAGES, ["cat", "dog", "dog"]),
        (IMAGES[:2], LABELS[:2]),
        ([*IMAGES, "c.jpg"], [*LABELS, "cat"]),
    ],
)
@pytest.mark.parametrize("ordered", [True, False])
def test_other_images_or_labels_have_another_fingerprint(images, labels, ordered):
    assert fingerprint(images, labels, ordered=ordered) != fingerprint(
        IMAGES, LABELS, ordered=ordered
    )


def test_the_kind_of_a_label_counts():
    assert fingerprint(["a"], [1]) != fingerprint(["a"], ["1"])


def test_every_image_has_a_label():
    with pytest.raises(ValueError, match="shorter"):
        fingerprint(IMAGES, LABELS[:2])


def test_sets_as_labels_have_the_same_fingerprint_in_every_process():
    code = (
        "from headstart.data.fingerprint import fingerprint\n"
        "print(fingerprint(['a'], [frozenset('abcdefgh')]))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
