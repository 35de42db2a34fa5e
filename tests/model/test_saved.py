import numpy as np
import pytest

from headstart.data import as_source
from headstart.errors import ImageError, UsageError
from headstart.features.cache import FeatureCache
from headstart.model import load

PICTURES = list(np.random.default_rng(0).integers(0, 256, (4, 40, 60, 3), np.uint8))


@pytest.fixture(scope="module")
def model(model_folder):
    return load(model_folder)


def test_predicts_the_most_probable_label(model):
    probabilities = model.predict_proba(PICTURES)
    assert (probabilities.shape, probabilities.dtype) == ((4, 3), np.float32)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    expected = [model.labels[column] for column in probabilities.argmax(axis=1)]
    assert model.predict(PICTURES).tolist() == expected
    assert model.score(PICTURES, expected) == 1
    assert model.score(PICTURES[:2], [expected[0], "none of them"]) == 0.5


def test_no_pictures_no_answers(model):
    assert model.predict_proba([]).shape == (0, 3)
    with pytest.raises(UsageError, match="at least one image"):
        model.score([], [])


def test_a_broken_picture_is_an_error_by_name(model):
    with pytest.raises(ImageError, match="image 1"):
        model.predict([PICTURES[0], b"not an image"])


def test_a_stream_goes_on_after_a_broken_picture(model):
    sources = [as_source(image, i) for i, image in enumerate([PICTURES[0], b"no", PICTURES[1]])]
    found = list(model.stream(iter(sources)))
    assert [item.index for item, _ in found] == [0, 1, 2]
    assert found[1][1] is None
    assert isinstance(found[1][0].error, ImageError)
    np.testing.assert_array_equal(found[2][1], model.predict_proba(PICTURES[1:2])[0])


def test_a_stream_can_keep_features(model, tmp_path):
    cache = FeatureCache(tmp_path)
    sources = [as_source(image, i) for i, image in enumerate(PICTURES)]
    first = [found for _, found in model.stream(sources, cache=cache)]
    again = list(model.stream(sources, cache=cache))
    assert all(item.cached for item, _ in again)
    assert np.array_equal([found for _, found in again], first)


@pytest.mark.parametrize(
    ("classes", "kind"), [(("a", "b", "c"), "U"), ((1, 2, 3), "i"), ((("a", 1), None, 3), "O")]
)
def test_classes_as_an_array_keep_their_kind(save, tmp_path, classes, kind):
    found = save(tmp_path / "model", classes=classes).classes_
    assert found.tolist() == list(classes)
    assert found.dtype.kind == kind
