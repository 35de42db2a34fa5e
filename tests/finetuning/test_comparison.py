import numpy as np
import pytest

from headstart.finetuning.comparison import Comparison


def predictions(right, labels):
    """Return probabilities that are right where `right` is true."""
    found = np.full((len(labels), 3), 0.1, np.float32)
    for row, (is_right, label) in enumerate(zip(right, labels, strict=True)):
        found[row, label if is_right else (label + 1) % 3] = 0.8
    return found


def compared(only_frozen, only_tuned, both=10):
    n = only_frozen + only_tuned + both
    labels = np.arange(n) % 3
    frozen = np.arange(n) >= only_tuned
    tuned = (np.arange(n) < only_tuned) | (np.arange(n) >= only_tuned + only_frozen)
    return Comparison.of(predictions(frozen, labels), predictions(tuned, labels), labels)


@pytest.mark.parametrize(
    ("only_frozen", "only_tuned", "p_value"),
    # Two-sided binomial test by hand: 2 * sum of C(n, k) / 2**n over the smaller tail.
    [(0, 5, 2 / 32), (1, 9, 2 * 11 / 1024), (3, 3, 1.0), (0, 0, 1.0), (6, 0, 2 / 64)],
)
def test_the_images_on_which_the_networks_differ_decide(only_frozen, only_tuned, p_value):
    found = compared(only_frozen, only_tuned)
    assert (found.only_frozen, found.only_tuned) == (only_frozen, only_tuned)
    assert found.p_value == pytest.approx(p_value)
    assert found.keeps_tuned == (only_tuned > only_frozen)
    assert found.n == 10 + only_frozen + only_tuned
    assert found.tuned - found.frozen == pytest.approx((only_tuned - only_frozen) / found.n)


def test_the_text_tells_which_network_is_kept_and_how_sure_that_is():
    text = str(compared(1, 9))
    assert "On 20 validation images" in text
    assert "an accuracy of 95.0% and the frozen one of 55.0%" in text
    assert "fine-tuned one is right on 9, only the frozen one on 1" in text
    assert text.endswith("(p = 0.021, McNemar). Kept: the fine-tuned network.")
    assert compared(2, 2).to_dict()["kept"] == "frozen"


def test_the_losses_are_mean_cross_entropies():
    found = compared(0, 10, both=0)
    assert found.tuned_loss == pytest.approx(-np.log(0.8), rel=1e-5)
    assert found.frozen_loss == pytest.approx(-np.log(0.1), rel=1e-5)
