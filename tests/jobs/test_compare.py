import numpy as np
import pytest

from headstart.backbones.spec import NetworkSpec
from headstart.comparing.comparison import Comparison
from headstart.data.labelled_images import LabelledImages
from headstart.errors import UsageError
from headstart.jobs.compare import compare, networks_to_compare


def test_all_candidates_are_judged_on_the_training_images(labelled, network_folder):
    comparison = compare(labelled, [network_folder], heads=("ridge", "knn"), resizes=("crop",))
    assert isinstance(comparison, Comparison)
    assert {(result.backbone, result.resize, result.head) for result in comparison.results} == {
        ("tiny", "crop", "ridge"),
        ("tiny", "crop", "knn"),
    }
    assert comparison.best.n == 24
    assert comparison.best.milliseconds > 0


def test_test_images_have_no_part(labelled, network_folder):
    split = ["train", "test"] * 12
    images = LabelledImages(labelled.sources, labelled.labels, [0, 1], split)
    comparison = compare(images, [network_folder], heads=("knn",), resizes=("crop",))
    assert comparison.best.n == 12


def test_rules_that_do_the_same_are_judged_once(network_folder):
    square = list(np.random.default_rng(0).integers(0, 256, (24, 40, 40, 3), np.uint8))
    comparison = compare((square, [0, 1] * 12), [network_folder], heads=("knn",))
    assert {result.resize for result in comparison.results} == {"squash", "crop"}
    (name, why), *others = comparison.left_out
    assert name == "tiny, resize 'pad'"
    assert "squash" in why
    assert not others


def test_images_that_can_not_be_read_are_counted(images, network_folder):
    broken = [b"no image", *images[0]]
    comparison = compare((broken, [0, *images[1]]), [network_folder], heads=("knn",))
    assert comparison.n_unreadable == 1
    assert comparison.best.n == 24


def test_the_same_seed_makes_the_same_choice(labelled, network_folder):
    first, again = (compare(labelled, [network_folder], seed=3).results for _ in range(2))
    assert [np.round(result.log_loss, 6) for result in first] == [
        np.round(result.log_loss, 6) for result in again
    ]


def test_networks_at_hand_are_compared_unless_others_are_named(offline):  # noqa: ARG001
    assert [spec.backbone for spec in networks_to_compare()] == ["mini"]
    assert [spec.backbone for spec in networks_to_compare(["b", "a", "b"])] == ["b", "a"]


def test_the_variant_is_that_of_all_backbones(labelled, network_folder):
    assert networks_to_compare(["a", "b"], mirror=True) == [
        NetworkSpec("a", mirror=True),
        NetworkSpec("b", mirror=True),
    ]
    with pytest.raises(UsageError, match=r"its own size \(32, 32\). Received: size \(8, 8\)"):
        compare(labelled, [network_folder], size=8)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"backbones": []}, "at least one"),
        ({"precision": "int8"}, "int8"),
        ({"heads": ("svm",)}, "svm"),
        ({"budget": -1.0}, "budget"),
        ({"backbones": ["a", "b"], "weights": "w.h5"}, "one backbone"),
    ],
)
def test_what_is_wrong_is_refused_before_images_are_read(wrong, named):
    with pytest.raises(UsageError, match=named):
        compare("no-such-folder", **wrong)
