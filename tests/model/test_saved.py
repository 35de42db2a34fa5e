import copy
import pickle
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import ConfusionMatrixDisplay, get_scorer, log_loss
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from tests.prediction.scorers import affine

from headstart.errors import DamagedModel, ImageError, UsageError
from headstart.features import compiling
from headstart.model import TrainingData, load

IMAGES = list(np.random.default_rng(0).integers(0, 256, (4, 40, 60, 3), np.uint8))


@pytest.fixture(scope="module")
def model(model_folder):
    return load(model_folder)


def test_predicts_the_most_probable_label(model):
    probabilities = model.predict_proba(IMAGES)
    assert (probabilities.shape, probabilities.dtype) == ((4, 3), np.float32)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    expected = [model.labels[column] for column in probabilities.argmax(axis=1)]
    assert model.predict(IMAGES).tolist() == expected
    assert model.score(IMAGES, expected) == 1
    with pytest.warns(UserWarning, match="none of the classes of the model") as warned:
        assert model.score(IMAGES[:2], [expected[0], "none of them"]) == 0.5
    assert warned[0].filename == __file__


def test_no_images_no_probabilities(model):
    assert model.predict_proba([]).shape == (0, 3)
    with pytest.raises(UsageError, match="at least one image"):
        model.score([], [])


def test_an_unreadable_image_is_an_error_by_name(model):
    with pytest.raises(ImageError, match="image 1"):
        model.predict([IMAGES[0], b"not an image"])


def test_its_predictor_is_as_described(model):
    predictor = model.predictor
    assert (predictor.labels, predictor.network) == (model.labels, model.network)
    assert predictor.resize == model.description.resize
    assert predictor.extractor.precision == model.description.precision
    assert predictor.extractor.device == "auto"
    assert predictor.name == "a saved model on tiny"
    np.testing.assert_array_equal(predictor.predict_proba(IMAGES), model.predict_proba(IMAGES))


@pytest.mark.parametrize(
    ("classes", "kind"), [(("a", "b", "c"), "U"), ((1, 2, 3), "i"), ((("a", 1), None, 3), "O")]
)
def test_classes_as_an_array_keep_their_kind(save, tmp_path, classes, kind):
    found = save(tmp_path / "model", classes=classes).classes_
    assert found.tolist() == list(classes)
    assert found.dtype.kind == kind


def test_scikit_learn_takes_it_for_a_fitted_classifier(model, tmp_path):
    """Images as paths: scikit-learn splits lists, and counts them."""
    paths = []
    for number, pixels in enumerate(IMAGES * 3):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(pixels).save(paths[-1])
    labels = model.predict(paths).tolist()
    check_is_fitted(model)
    assert is_classifier(model)
    assert clone(model) is model
    assert get_scorer("accuracy")(model, paths, labels) == 1
    assert get_scorer("balanced_accuracy")(model, paths, labels) == 1
    display = ConfusionMatrixDisplay.from_estimator(model, paths, labels, ax=Figure().subplots())
    assert display.confusion_matrix.sum() == len(paths)
    assert display.confusion_matrix.trace() == len(paths)
    pipeline = Pipeline([("model", FrozenEstimator(model))]).fit(paths, labels)
    assert pipeline.score(paths, labels) == 1
    wrong = next(label for label in model.labels if label != labels[-1])
    assert model.score(paths, [*labels[:-1], wrong], sample_weight=[1] * 11 + [0]) == 1


def test_it_is_calibrated_when_it_is_frozen(model):
    images = list(np.random.default_rng(1).integers(0, 256, (60, 40, 60, 3), np.uint8))
    images[::2] = [image // 4 for image in images[::2]]
    labels = [model.labels[i % 3] for i in range(60)]
    calibrated = CalibratedClassifierCV(FrozenEstimator(model)).fit(images, labels)
    found = calibrated.predict_proba(images)
    assert found.shape == (60, 3)
    loss = log_loss(labels, model.predict_proba(images), labels=model.labels)
    assert log_loss(labels, found, labels=model.labels) < loss


def test_it_can_not_be_fitted(model):
    with pytest.raises(UsageError, match=r"fitted for good.*FrozenEstimator\(model\)"):
        model.fit(IMAGES, ["cat"] * 4)


def test_can_be_pickled_as_long_as_its_folder_stays_as_it_is(copied):
    model = load(copied)
    pickled = pickle.dumps(model)
    for again in (pickle.loads(pickled), copy.deepcopy(model)):  # noqa: S301
        np.testing.assert_array_equal(again.predict_proba(IMAGES), model.predict_proba(IMAGES))
    (copied / "graph.bin").touch()
    assert pickle.loads(pickled).labels == model.labels  # noqa: S301
    (copied / "graph.bin").write_bytes(b"of another model")
    with pytest.raises(DamagedModel, match=re.escape(str(copied))):
        pickle.loads(pickled)  # noqa: S301


def test_a_model_that_was_replaced_meanwhile_is_not_mixed_with_the_new_one(
    copied, save, make_network
):
    model = load(copied)
    compiling.compile_network(model.network).release()  # as before a fork
    save(copied, network=make_network(seed=9), overwrite=True)
    with pytest.raises(
        DamagedModel, match=r"replaced or deleted since it was loaded. Load it again"
    ):
        model.predict(IMAGES)
    assert len(load(copied).predict(IMAGES)) == len(IMAGES)


def test_its_repr_says_what_it_is(save, model, model_folder, tmp_path):
    assert repr(model) == (
        f"<SavedModel: {str(model_folder)!r}, version 1: logistic head on tiny, "
        "3 classes (cat, dog, other), accuracy 90.0 %>"
    )
    many = save(
        tmp_path / "many",
        classes=range(7),
        scorer=affine(n_classes=7),
        training=TrainingData((1,) * 7),
        evaluation={},
    )
    assert repr(many).endswith("7 classes (0, 1, 2, 3, 4, ...)>")


def test_it_displays_its_facts_and_classes(model):
    head, facts, classes = str(model).split("\n\n")
    assert head.endswith("accuracy 90.0 %")
    assert re.search(f"saved +{re.escape(model.description.created)}", facts)
    assert re.search("training images +[0-9]+", facts)
    assert [line.split()[0] for line in classes.splitlines()] == ["class", *model.labels]
    assert all(f">{label}</td>" in model._repr_html_() for label in model.labels)
