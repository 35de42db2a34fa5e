"""Whether 8 bits are kept is decided by the difference on the same images."""

import numpy as np
import pytest
from PIL import Image

import headstart as hs
from headstart.data.inputs import image_sources
from headstart.errors import UsageError
from headstart.features.extractor import FeatureExtractor, network_resize
from headstart.heads import int8_choice
from headstart.heads.int8_choice import PairedAccuracy, check_int8
from headstart.progress import NoProgress

LABELS = ["dark", "light"] * 60


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(0)
    ground = np.where(np.array(LABELS) == "light", 190, 60)[:, None, None, None]
    return [
        Image.fromarray(pixels)
        for pixels in (ground + random.integers(-50, 50, (len(LABELS), 32, 32, 3))).astype(np.uint8)
    ]


def outcomes(n, only_exact, only_fast):
    exact, fast = np.ones(n, bool), np.ones(n, bool)
    fast[:only_exact] = False
    exact[only_exact : only_exact + only_fast] = False
    return PairedAccuracy.of(exact, fast)


@pytest.mark.parametrize(
    ("n", "only_exact", "only_fast", "kept"),
    [
        (100, 0, 0, True),
        (192, 2, 0, True),
        (1000, 10, 9, True),
        (1000, 0, 30, True),
        (1000, 30, 5, False),  # worse beyond chance
        (100, 6, 4, False),  # too few images to tell
    ],
)
def test_rule(n, only_exact, only_fast, kept):
    found = outcomes(n, only_exact, only_fast)
    assert found.is_within_noise is kept
    low, high = found.interval
    assert low <= found.fast - found.exact <= high
    assert f"only in float32 {only_exact}" in str(found)


def test_interval_is_that_of_the_mean_of_the_differences():
    found = outcomes(400, 12, 4)
    differences = np.repeat([-1, 1, 0], [12, 4, 384])
    reach = 1.96 * differences.std() / 20
    np.testing.assert_allclose(
        found.interval, [differences.mean() - reach, differences.mean() + reach]
    )


def test_too_few_images_are_refused_before_any_is_read():
    with pytest.raises(UsageError, match="at least 100 labelled images"):
        check_int8(LABELS[:99])


@pytest.mark.usefixtures("nncf")
def test_training_with_8_bits_is_kept_and_saved(tiny_network, images, tmp_path):
    classifier = hs.ImageClassifier(tiny_network, precision="int8", resize="squash", cache=False)
    classifier.fit(images, LABELS, progress=NoProgress())
    assert classifier.precision_.precision == "int8"
    assert "within noise" in classifier.precision_.reason
    model = classifier.save(tmp_path / "model")
    assert model.network.quantised
    assert model.description.format == 3
    assert "Computed in int8" in (tmp_path / "model" / "README.md").read_text()
    loaded = hs.load(tmp_path / "model", precision="int8")
    np.testing.assert_array_equal(
        loaded.predict_proba(images[:5]), classifier.predict_proba(images[:5])
    )
    with pytest.raises(UsageError, match="its other bits are gone"):
        hs.load(tmp_path / "model", precision="f32")


@pytest.mark.parametrize(
    ("n_wrong", "why"), [(20, "not within noise"), (2, "more than 3.0 % can't be ruled out")]
)
def test_what_loses_accuracy_stays_in_float32(tiny_network, images, monkeypatch, n_wrong, why):
    monkeypatch.setattr(int8_choice, "check_nncf", lambda: None)
    monkeypatch.setattr(int8_choice, "quantised", lambda network, _: network)
    right = iter([np.ones(120, bool), np.arange(120) >= n_wrong])
    monkeypatch.setattr(int8_choice, "_is_right", lambda *_: next(right))
    monkeypatch.setattr(FeatureExtractor, "computed_in", lambda self, _: self)
    classifier = hs.ImageClassifier(tiny_network, precision="int8", resize="squash", cache=False)
    with pytest.warns(UserWarning, match="stays in float32"):
        extractor = int8_choice.choose_int8(
            FeatureExtractor(tiny_network, network_resize(tiny_network)),
            classifier._head(),
            image_sources(images),
            LABELS,
        )
    assert extractor.precision.precision == "f32"
    assert why in extractor.precision.reason


def test_without_labels_int8_is_refused(tiny_network, images):
    with pytest.raises(UsageError, match="labelled images must show"):
        hs.Embedder(tiny_network, precision="int8").transform(images[:1])


def test_fine_tuning_is_refused(tiny_network, images):
    classifier = hs.ImageClassifier(tiny_network, precision="int8")
    with pytest.raises(UsageError, match="Leave out one of the two"):
        hs.fine_tune(classifier, images, LABELS)
