import numpy as np
import pytest

from headstart.errors import ImageError, UsageError
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


def test_its_predictor_answers_as_described(model):
    predictor = model.predictor
    assert predictor.labels == model.labels
    assert (predictor.resize, predictor.precision) == (model.resize, model.precision)
    assert predictor.name == "a saved model on tiny"
    np.testing.assert_array_equal(predictor.predict_proba(PICTURES), model.predict_proba(PICTURES))


@pytest.mark.parametrize(
    ("classes", "kind"), [(("a", "b", "c"), "U"), ((1, 2, 3), "i"), ((("a", 1), None, 3), "O")]
)
def test_classes_as_an_array_keep_their_kind(save, tmp_path, classes, kind):
    found = save(tmp_path / "model", classes=classes).classes_
    assert found.tolist() == list(classes)
    assert found.dtype.kind == kind
