import numpy as np
import pytest

from headstart.data.splits import ALWAYS_TRAINS
from headstart.errors import UsageError
from headstart.heads.logistic import LogisticHead
from headstart.heads.nearest_mean import NearestMeanHead
from headstart.heads.neighbours import NeighboursHead
from headstart.heads.out_of_fold import out_of_fold

from .test_base import clouds


def test_each_sample_is_predicted_by_a_head_that_was_not_trained_on_it():
    features, codes = clouds(n=90)
    found = out_of_fold(NearestMeanHead(), features, codes.tolist(), seed=4)
    assert found.n_folds == 5
    for fold in range(5):
        rows = found.fold == fold
        head = NearestMeanHead().fit(features[~rows], codes[~rows])
        np.testing.assert_allclose(found.probabilities[rows], head.predict_proba(features[rows]))
    assert found.tested.tolist() == list(range(90))
    assert found.codes.tolist() == codes.tolist()


def test_copies_do_not_vouch_for_each_other():
    features, _ = clouds(n=40, apart=0)
    labels = np.repeat(np.random.default_rng(3).permutation(["a", "b"] * 20), 5)
    copies, groups = np.repeat(features, 5, axis=0), np.repeat(np.arange(40), 5)
    head = NeighboursHead(n_neighbors=1)

    def accuracy(found):
        return (found.probabilities.argmax(axis=1) == found.codes).mean()

    assert accuracy(out_of_fold(head, copies, labels.tolist())) > 0.95
    grouped = out_of_fold(head, copies, labels.tolist(), groups=groups)
    assert accuracy(grouped) < 0.75
    assert all(len(set(grouped.fold[groups == group])) == 1 for group in range(40))


def test_a_class_with_one_group_is_never_held_out():
    features, codes = clouds(n=60)
    groups = np.where(codes == 2, 99, np.arange(60))
    found = out_of_fold(LogisticHead(C=0.1), features, codes.tolist(), groups=groups)
    assert (found.fold[codes == 2] == ALWAYS_TRAINS).all()
    assert np.isnan(found.probabilities[codes == 2]).all()
    assert np.isfinite(found.probabilities[codes != 2]).all()


def test_labels_of_any_kind_keep_their_columns():
    features, codes = clouds(n=60, apart=20)
    kinds = [None, "b", 3]
    head = NearestMeanHead(class_weight={None: 2.0})
    found = out_of_fold(head, features, [kinds[code] for code in codes])
    predicted = found.classes[found.probabilities.argmax(axis=1)]
    assert [kinds[code] for code in codes] == predicted.tolist()


def test_one_class_is_refused():
    with pytest.raises(UsageError, match="at least 2 classes"):
        out_of_fold(LogisticHead(), np.zeros((4, 2), np.float32), ["a"] * 4)
