"""Which preprocessing fits, from the probabilities of labelled images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.foreign.measuring import ALPHA, MIN_IMAGES, TRIED, judge, sign_flip_test
from headstart.networks.preprocessing import USUAL


def judged(n=30, classes=10, **probabilities):
    rng = np.random.default_rng(0)
    images = rng.normal(0, 0.5, n)
    logs = {
        name: np.log(share) + images + rng.normal(0, 0.3, n)
        for name, share in probabilities.items()
    }
    return judge(logs, {name: logs[name] > -1 for name in logs}, n_classes=classes)


def test_the_usual_five_are_tried_in_both_orders_of_channels():
    assert {USUAL[name].reversed() for name in TRIED} == {USUAL[name] for name in TRIED}
    assert len(TRIED) == 10


def test_the_best_one_comes_first_and_says_how_sure_it_is():
    found = judged(tf=0.6, torch=0.3, caffe=0.01)
    assert [each.preprocessing for each in found.results] == ["tf", "torch", "caffe"]
    assert found.doubt == ""
    assert found.p_value == max(each.p_value for each in found.results[1:]) < ALPHA
    assert found.best.log_loss == pytest.approx(-np.log(0.6), abs=0.3)
    assert str(found).startswith("The preprocessing 'tf' fits best: ")
    assert found.to_dict()["preprocessing"] == "tf"


def test_it_does_not_guess_between_two_that_fit_alike():
    found = judged(tf=0.6, torch=0.6, caffe=0.01)
    assert {found.best.preprocessing, found.results[1].preprocessing} == {"tf", "torch"}
    assert "may fit as well as" in found.doubt
    assert "'caffe'" not in found.doubt
    assert str(found).startswith("The 30 images do not decide: ")
    assert found.to_dict()["preprocessing"] is None


def test_it_does_not_believe_labels_that_fit_none():
    found = judged(classes=2, tf=0.02, torch=0.0001)
    assert "better than chance" in found.doubt


def test_few_images_do_not_tell():
    found = judged(n=MIN_IMAGES - 1, tf=0.6, torch=0.001)
    assert f"at least {MIN_IMAGES} images" in found.doubt


class TestSignFlips:
    def test_all_signs_of_a_few_differences(self):
        assert sign_flip_test(np.ones(5)) == pytest.approx(1 / 32)
        assert sign_flip_test(np.array([3.0, 1.0])) == pytest.approx(1 / 4)
        assert sign_flip_test(np.array([3.0, -1.0])) == pytest.approx(2 / 4)

    def test_random_signs_agree_with_the_normal_limit(self):
        # A mean that is two standard errors above 0.
        differences = np.random.default_rng(1).normal(0, 1, 200)
        differences += 2 * differences.std() / np.sqrt(200) - differences.mean()
        assert sign_flip_test(differences) == pytest.approx(0.023, abs=0.006)

    @given(st.lists(st.floats(-5, 5), min_size=1, max_size=30))
    def test_it_is_a_share(self, differences):
        assert 0 < sign_flip_test(np.array(differences)) <= 1
