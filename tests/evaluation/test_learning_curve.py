import dataclasses
import json

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

from headstart.errors import DatasetError, UsageError
from headstart.evaluation import learning_curve as module
from headstart.evaluation.learning_curve import learning_curve
from headstart.heads.nearest_mean import NearestMeanHead

HEAD = NearestMeanHead()


def _blobs(n, seed=0, spread=1.6, d=20):
    """Return features and labels of three classes, which are told apart better with more images."""
    random = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    centres = np.random.default_rng(99).normal(size=(3, d))
    features = (centres[codes] + spread * random.normal(size=(n, d))).astype(np.float32)
    return features, [["ant", "bee", "cat"][code] for code in codes]


def test_accuracy_grows_with_images_and_is_forecast():
    progress = Recorder()
    curve = learning_curve(HEAD, *_blobs(150), progress=progress)
    assert [point.n for point in curve.forecast] == [225, 300, 600]
    assert curve.now.n == curve.n == 150
    assert curve.measured[-1].n == 120
    assert curve.measured[0].accuracy < curve.measured[-1].accuracy
    errors = [1 - point.accuracy for point in (curve.now, *curve.forecast)]
    assert errors == sorted(errors, reverse=True)
    for point in (*curve.measured, *curve.forecast):
        assert point.interval.low <= point.accuracy <= point.interval.high
    assert progress.bars[0][:2] == ["fitting", 35]
    assert json.loads(json.dumps(curve.to_dict())) == curve.to_dict()
    first = curve.classes[0]
    assert list(curve.to_dict()["per_class"]) == [each.label for each in curve.classes]
    assert curve.to_dict()["per_class"][first.label]["recall"] == first.recall


def test_forecasts_hold_what_more_images_bring():
    test, labels = _blobs(3000, seed=1000)
    held = 0
    for seed in range(30):
        features, names = _blobs(300, seed)
        curve = learning_curve(HEAD, features[:150], names[:150], seed=seed)
        twice = curve.forecast[1]
        fitted = NearestMeanHead().fit(features, names)
        held += twice.interval.low <= fitted.score(test, labels) <= twice.interval.high
    assert held >= 26


def test_copies_of_images_bring_nothing():
    features, labels = _blobs(60)
    groups = np.tile(np.arange(60), 3)
    alone = learning_curve(HEAD, np.tile(features, (3, 1)), labels * 3)
    grouped = learning_curve(HEAD, np.tile(features, (3, 1)), labels * 3, groups=groups)
    assert alone.measured[-1].accuracy > grouped.measured[-1].accuracy
    assert np.diff(grouped.measured[-1].interval) > np.diff(alone.measured[-1].interval)


def test_the_class_that_still_rises_is_named():
    curve = learning_curve(HEAD, *_blobs(150))
    rising = module.ClassGain("bee", 50, 0.4, 0.8, module.Interval(0.2, 0.6))
    untested = module.ClassGain("owl", 1, None, None, None)
    found = dataclasses.replace(curve, classes=(rising, untested))
    assert "Still rising with more images: bee." in str(found)
    assert "owl" in str(found)
    assert "No class stands out" in str(dataclasses.replace(curve, classes=(untested,)))


def test_a_class_with_one_image_is_never_tested():
    features, labels = _blobs(60)
    features = np.concatenate([features, features[:1]])
    curve = learning_curve(HEAD, features, [*labels, "owl"])
    (owl,) = (each for each in curve.classes if each.label == "owl")
    assert (owl.n, owl.recall, owl.interval) == (1, None, None)


def test_of_many_images_a_fifth_is_tested(monkeypatch):
    monkeypatch.setattr(module, "_ALL_TESTED", 100)
    progress = Recorder()
    learning_curve(HEAD, *_blobs(150), progress=progress)
    assert progress.bars[0][:2] == ["fitting", 7]


def test_of_many_classes_the_first_are_listed():
    features, _ = _blobs(180)
    labels = [f"kind {place % 30}" for place in range(180)]
    assert "... and 10 more classes" in str(learning_curve(HEAD, features, labels))


@pytest.mark.parametrize("n", [5, 19])
def test_too_few_images_are_refused(n):
    with pytest.raises(DatasetError, match=rf"at least 20 images.* Received: {n} images"):
        learning_curve(HEAD, *_blobs(n))


def test_images_of_one_group_each_class_are_refused():
    features, labels = _blobs(30)
    with pytest.raises(DatasetError, match="at least 20 images, and a class with two"):
        learning_curve(HEAD, features, labels, groups=np.arange(30) % 3)


def test_the_curve_is_drawn(tmp_path):
    curve = learning_curve(HEAD, *_blobs(60))
    axes = curve.plot(tmp_path / "curve.png").axes[0]
    with Image.open(tmp_path / "curve.png") as image:
        assert image.width > 600
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "cross-validated",
        "forecast",
    ]
    with pytest.raises(UsageError, match="end in"):
        curve.plot("curve.gif")
