import numpy as np
import pytest

from headstart.data.splits import ALWAYS_TRAINS
from headstart.heads import deciding
from headstart.heads.deciding import fit_rule
from headstart.heads.dense import DenseHead
from headstart.heads.nearest_mean import NearestMeanHead

from .test_base import clouds


def data(n=150, apart=1.0):
    features, codes = clouds(n=n, d=12, apart=apart)
    # Positive, as the features of a network are.
    return np.abs(features).astype(np.float32), [f"class {code}" for code in codes]


def rule(n=150, **settings):
    features, labels = data(n)
    return fit_rule(NearestMeanHead(), features, labels, error_target=0.1, **settings), features


def test_the_rule_is_fitted_to_every_image_that_was_held_out():
    found, _ = rule()
    assert found.decision.n_images == 150
    assert found.decision.error_target == 0.1
    assert found.lacks == ""
    for scores in found.decision.scores.values():
        assert (np.diff(scores) >= 0).all()


def test_held_out_images_are_judged_as_new_ones_would_be():
    found, _ = rule(300)
    held = found.held_out.sets[np.arange(300), found.out_of_fold.codes]
    assert held.mean() == pytest.approx(0.9, abs=0.06)
    assert found.held_out.unlike.mean() < 0.08
    several = found.held_out.sets.sum(axis=1) > 1
    np.testing.assert_array_equal(found.held_out.unsure, several | found.held_out.unlike)


def test_images_of_a_group_are_held_out_together():
    found, _ = rule(groups=np.arange(150) // 3)
    folds = found.out_of_fold.fold.reshape(-1, 3)
    assert (folds == folds[:, :1]).all()


def test_too_few_images_give_no_sets_and_that_is_told():
    features, labels = data(12)
    found = fit_rule(NearestMeanHead(), features, labels, error_target=0.05)
    assert "takes at least 19 images that can be held out in training. Received: 12." in found.lacks
    assert found.held_out.sets is None
    assert found.decision.novelty is None
    assert not found.held_out.unsure.any()


def test_of_many_images_a_sample_is_held_out(monkeypatch):
    monkeypatch.setattr(deciding, "_ENOUGH", 60)
    found, _ = rule()
    tested = found.out_of_fold.fold != ALWAYS_TRAINS
    assert 50 <= tested.sum() <= 70
    assert np.isnan(found.out_of_fold.probabilities[~tested]).all()
    assert len(found.out_of_fold.codes) == 150
    assert found.decision.n_images == tested.sum()


def test_a_dense_head_gets_the_part_about_unlike_images_only():
    features, labels = data()
    found = fit_rule(DenseHead(), features, labels, error_target=0.05)
    assert found.out_of_fold is found.held_out is None
    assert found.decision.sets(np.array([[0.5, 0.5, 0]], np.float32)) is None
    assert found.decision.novelty is not None
    assert "a dense head is not cross-validated" in found.lacks
