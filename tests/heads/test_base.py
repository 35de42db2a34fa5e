import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from headstart.errors import UsageError
from headstart.heads.base import AffineHead, class_weights
from headstart.heads.table import HEADS
from headstart.prediction.scoring import SCORERS

# Keras wants a process of its own: test_dense.py.
QUICK = {name: head for name, head in HEADS.items() if name != "dense"}
ALL = pytest.mark.parametrize("head", QUICK.values(), ids=QUICK)
AFFINE = pytest.mark.parametrize(
    "head", [head for head in HEADS.values() if issubclass(head, AffineHead)]
)


def clouds(n=60, d=40, classes=3, seed=0, apart=2.0):
    """Features of overlapping classes, float32, with a mean and scales of their own."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(n) % classes)
    centres = np.random.default_rng(1).standard_normal((classes, d)) * apart / np.sqrt(d) * 2
    features = rng.standard_normal((n, d)) + centres[codes]
    return (features * np.linspace(0.1, 10, d) + 5).astype(np.float32), codes


@ALL
def test_a_head_learns_and_its_probabilities_are_calibrated(head):
    features, codes = clouds(n=90)
    fresh, truth = clouds(n=300, seed=5)
    fitted = head().fit(features, codes)
    probabilities = fitted.predict_proba(fresh)
    assert fitted.score(fresh, truth) > 0.7
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    # Believable: the mean of the highest probability is about the accuracy.
    assert abs(probabilities.max(axis=1).mean() - fitted.score(fresh, truth)) < 0.15


@ALL
def test_the_same_seed_gives_the_same_head(head):
    features, codes = clouds()
    first, second = (head().fit(features, codes).predict_proba(features) for _ in range(2))
    assert np.array_equal(first, second)


@ALL
def test_a_head_computes_in_the_type_of_the_features(head):
    features, codes = clouds()
    assert head().fit(features, codes).predict_proba(features).dtype == np.float32
    features = features.astype(np.float64)
    assert head().fit(features, codes).predict_proba(features).dtype == np.float64


@ALL
@pytest.mark.parametrize(
    "kinds",
    [("a", "b", "c"), (3, 1, 2), (0.5, 1.0, 2.0), (("x", 1), ("x", 2), ("y",)), (None, "n", 3)],
    ids=str,
)
def test_labels_keep_their_kind(head, kinds):
    features, codes = clouds(apart=20)
    labels = [kinds[code] for code in codes]
    if kinds[0] == 0.5:  # scikit-learn takes fractions for measurements; as objects they are labels
        labels = [str(label) for label in labels]
    fitted = head().fit(features, labels)
    assert fitted.predict(features).tolist() == labels
    assert set(fitted.classes_.tolist()) == set(labels)


@ALL
def test_classes_of_one_or_two_samples_are_learnt_too(head):
    features, _ = clouds(n=33, d=50)
    codes = np.array([0] * 15 + [1] * 15 + [2] * 2 + [3])
    features[codes == 3] += 30
    fitted = head().fit(features, codes)
    assert fitted.predict_proba(features).shape == (33, 4)
    assert np.isfinite(fitted.predict_proba(features)).all()


@ALL
def test_one_sample_of_each_class_is_enough(head):
    features = np.eye(3, 5, dtype=np.float32)
    assert head().fit(features, ["a", "b", "c"]).predict(features).tolist() == ["a", "b", "c"]


@ALL
def test_equal_samples_give_equal_probabilities(head):
    features = np.ones((8, 5), np.float32)
    probabilities = head().fit(features, [0, 1] * 4).predict_proba(features)
    np.testing.assert_allclose(probabilities, 0.5, atol=0.1)


@ALL
def test_balanced_weights_help_the_rare_class(head):
    features, codes = clouds(n=300, classes=2, apart=0.7)
    kept = np.flatnonzero((codes == 0) | (np.arange(300) % 10 == 0))
    fresh, truth = clouds(n=400, classes=2, apart=0.7, seed=9)
    found = [
        (head(class_weight=weight).fit(features[kept], codes[kept]).predict(fresh) == 1)[truth == 1]
        for weight in ("balanced", None)
    ]
    assert found[0].mean() > found[1].mean()


@ALL
def test_the_arrays_of_the_scorer_predict_the_same(head):
    features, codes = clouds()
    fitted = head().fit(features, codes)
    scorer = fitted.scorer_
    again = SCORERS[scorer.kind].from_arrays(scorer.arrays())
    assert np.array_equal(again.probabilities(features), fitted.predict_proba(features))
    assert again.shape == (40, 3)


@AFFINE
def test_the_affine_map_is_the_whole_head(head):
    features, codes = clouds()
    fitted = head().fit(features, codes)
    weights, bias = fitted.affine()
    powers = np.exp(features.astype(np.float64) @ weights + bias)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.predict_proba(features), expected, atol=1e-4)


@AFFINE
def test_more_features_or_more_samples_are_the_same_problem(head):
    """n < d is solved in the space of the samples, n > d in that of the features."""
    features, codes = clouds(n=40, d=30)
    wide = np.hstack([features, np.zeros((40, 30), np.float32)])
    near = head().fit(features.astype(np.float64), codes)
    same = head().fit(wide.astype(np.float64), codes)
    fresh, _ = clouds(n=20, d=30, seed=3)
    # The 30 constant features change what 'typical variance' is, hence not equal to the last digit.
    np.testing.assert_allclose(
        near.predict_proba(fresh),
        same.predict_proba(np.hstack([fresh, np.zeros_like(fresh)])),
        atol=0.02,
    )


@pytest.mark.parametrize("head", [HEADS["logistic"], HEADS["ridge"], HEADS["nearest_mean"]])
def test_the_affine_map_needs_a_fitted_head(head):
    with pytest.raises(NotFittedError):
        head().affine()


@ALL
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 60, "at least 2 classes; received 1 class"),
        ([], "received 0"),
        (["a", "b"], "inconsistent numbers of samples"),
        (np.linspace(0, 1, 60), "Unknown label type: continuous"),
        (None, "requires y to be passed"),
    ],
    ids=["one class", "none", "few", "measurements", "nothing"],
)
def test_impossible_labels_are_refused(head, labels, message):
    with pytest.raises(ValueError, match=message):
        head().fit(clouds()[0], labels)


def test_class_weights_are_balanced_equal_or_given():
    classes, codes = np.array(["a", "b"]), np.array([0, 0, 0, 1])
    assert class_weights("balanced", classes, codes).tolist() == [4 / 6, 2]
    assert class_weights(None, classes, codes).tolist() == [1, 1]
    assert class_weights({"b": 3}, classes, codes).tolist() == [1, 3]


@pytest.mark.parametrize(
    "wrong",
    [
        "even",
        3,
        ["a"],
        {"a": 0},
        {"a": float("nan")},
        {"a": float("inf")},
        {"b": -1},
        {"b": None},
        {"b": "2"},
        {"b": True},
        {0: 100.0, 1: 1.0},
        {"c": 1},
    ],
)
def test_impossible_class_weights_are_refused(wrong):
    with pytest.raises(UsageError, match=r"(?i)class.weight"):
        class_weights(wrong, np.array(["a", "b"]), np.array([0, 1]))


def test_a_weight_for_an_unknown_class_is_refused_by_name():
    with pytest.raises(UsageError, match=r"classes: 'a', 'b'\. Received: 0, 1\."):
        class_weights({0: 100.0, 1: 1.0}, np.array(["a", "b"]), np.array([0, 1]))


@ALL
def test_copies_in_a_group_do_not_make_a_head_sure(head):
    features, _ = clouds(n=40, apart=0)
    codes = np.random.default_rng(3).permutation(np.arange(40) % 2)
    fresh, truth = clouds(n=400, classes=2, apart=0, seed=9)
    copies, labels = np.repeat(features, 5, axis=0), np.repeat(codes, 5)
    groups = np.repeat(np.arange(40), 5)
    alone, grouped = head().fit(copies, labels), head().fit(copies, labels, groups=groups)
    # The labels have no reason: whoever believes in copies is sure, and wrong.
    loss = {
        name: -np.log(fitted.predict_proba(fresh)[np.arange(400), truth].clip(1e-9)).mean()
        for name, fitted in (("alone", alone), ("grouped", grouped))
    }
    assert loss["grouped"] < 0.8
    assert loss["grouped"] < loss["alone"]


@ALL
def test_groups_of_one_sample_change_nothing(head):
    features, codes = clouds()
    names = [f"image {n}" for n in range(60)]
    with_groups = head().fit(features, codes, groups=names).predict_proba(features)
    assert np.array_equal(with_groups, head().fit(features, codes).predict_proba(features))


@ALL
def test_one_group_a_class_is_learnt_too(head):
    features, codes = clouds()
    fitted = head().fit(features, codes, groups=codes)
    assert np.isfinite(fitted.predict_proba(features)).all()


@ALL
def test_there_must_be_a_group_for_each_sample(head):
    features, codes = clouds()
    with pytest.raises(ValueError, match="inconsistent"):
        head().fit(features, codes, groups=codes[:9])
