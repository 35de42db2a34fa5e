import json

import numpy as np
import pytest

from headstart.finetuning.comparison import Comparison
from headstart.training.validation import Outcomes


def compared(only_frozen, only_tuned, both=10, gains=0.0):
    """Compare networks of which the tuned one has losses that are lower by `gains`."""
    n = only_frozen + only_tuned + both
    frozen = np.arange(n) >= only_tuned
    tuned = (np.arange(n) < only_tuned) | (np.arange(n) >= only_tuned + only_frozen)
    losses = np.full(n, 2.0, np.float32)
    return Comparison.of(
        Outcomes(losses, frozen), Outcomes((losses - gains).astype(np.float32), tuned)
    )


@pytest.mark.parametrize(
    ("only_frozen", "only_tuned", "p_value"),
    # Two-sided binomial test by hand: 2 * sum of C(n, k) / 2**n over the smaller tail.
    [(0, 5, 2 / 32), (1, 9, 2 * 11 / 1024), (3, 3, 1.0), (0, 0, 1.0), (6, 0, 2 / 64)],
)
def test_the_images_on_which_the_networks_differ_are_counted(only_frozen, only_tuned, p_value):
    found = compared(only_frozen, only_tuned)
    assert (found.only_frozen, found.only_tuned) == (only_frozen, only_tuned)
    assert found.p_value == pytest.approx(p_value)
    assert found.n == 10 + only_frozen + only_tuned
    assert found.tuned - found.frozen == pytest.approx((only_tuned - only_frozen) / found.n)


def test_the_error_of_the_loss_is_that_of_the_paired_differences():
    gains = np.array([0.1, 0.3, 0.2, 0.4])
    found = compared(0, 0, both=4, gains=gains)
    assert found.loss_gain == pytest.approx(0.25, rel=1e-5)
    assert found.loss_error == pytest.approx(gains.std(ddof=1) / 2, rel=1e-5)


# 100 images: a standard error of 0.01.
SPREAD = 0.1 * np.sqrt(99 / 100) * np.tile([1, -1], 50)


@pytest.mark.parametrize(
    ("only_frozen", "only_tuned", "gain", "kept", "why"),
    [
        (5, 5, 0.017, True, "better beyond chance"),
        (5, 6, 0.016, False, "may be chance"),
        (6, 5, 0.5, False, "better in one of the two only"),
        (2, 10, 0.001, True, "better beyond chance"),  # one-sided p = 0.02
        (2, 10, -0.001, False, "better in one of the two only"),
        (3, 8, 0.001, False, "may be chance"),  # one-sided p = 0.11
        (4, 4, -0.5, False, "is not better"),
        (0, 0, 0.0, False, "is not better"),
        (1, 2, -0.03, False, "better in one of the two only"),
    ],
)
def test_the_tuned_network_is_kept_only_if_it_is_better_beyond_chance(
    only_frozen, only_tuned, gain, kept, why
):
    both = 100 - only_frozen - only_tuned
    found = compared(only_frozen, only_tuned, both, gain + SPREAD)
    assert found.loss_error == pytest.approx(0.01, rel=1e-3)
    assert found.keeps_tuned == kept
    assert found.to_dict()["kept"] == ("tuned" if kept else "frozen")
    network = "fine-tuned" if kept else "frozen"
    assert f"Kept: the {network} network" in str(found)
    assert str(found).endswith(f"{why}.")


def test_less_than_the_images_can_show_is_no_gain():
    assert compared(0, 0, both=100, gains=0.011).keeps_tuned
    assert not compared(0, 0, both=100, gains=0.009).keeps_tuned


def test_a_single_image_says_nothing():
    found = compared(0, 1, both=0, gains=1.0)
    assert not found.keeps_tuned
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["loss_error"] is None


def test_the_text_gives_both_measures_and_how_sure_they_are():
    text = str(compared(1, 9, gains=0.25))
    assert "On 20 validation images" in text
    assert (
        "an accuracy of 95.0 % and a log loss of 1.750, the frozen one of 55.0 % and 2.000" in text
    )
    assert "right on 9, only the frozen one on 1 (p = 0.021, McNemar)" in text
    assert "differ by 0.250, with a standard error of 0.000" in text
