import copy
import pickle
import re
import shutil

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_checks
from tests.recorder import Recorder

from headstart import ImageClassifier, load
from headstart import classifier as classifiers
from headstart.backbones.choosing import LastResortWarning
from headstart.data.datasets import read_dataset
from headstart.errors import DamagedModel, DatasetError, ImageDamaged, UsageError
from headstart.heads.logistic import LogisticHead
from headstart.heads.nearest_mean import NearestMeanHead
from headstart.heads.resize_choice import ResizeChoice
from headstart.heads.table import HEADS
from headstart.images.sources import ImageSource, as_source
from headstart.prediction.unsure_rule import UnsureRule

# Keras wants a process of its own: heads/test_dense.py.
IN_PROCESS = [name for name in HEADS if name != "dense"]


@pytest.fixture
def classifier(tiny_network):
    return ImageClassifier(tiny_network, precision="f32", head="nearest_mean")


# Those of scikit-learn's checks that do not hand over numbers for images.
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
        estimator_checks.check_valid_tag_types,
    ],
    ids=lambda check: check.__name__,
)
def test_scikit_learns_checks(check):
    check("ImageClassifier", ImageClassifier())


@pytest.mark.parametrize("head", IN_PROCESS)
def test_learns_from_images(tiny_network, photos, head):
    images, labels = photos
    model = ImageClassifier(tiny_network, head=head).fit(images[:24], labels[:24])
    assert model.score(images[24:], labels[24:]) > 0.8
    assert model.predict(images[:2]).tolist() == labels[:2]
    np.testing.assert_allclose(model.predict_proba(images).sum(axis=1), 1, atol=1e-5)


def test_before_fitting_it_displays_as_scikit_learns_estimators_do():
    classifier = ImageClassifier("mini", head="knn")
    assert repr(classifier) == "ImageClassifier(backbone='mini', head='knn')"
    assert "sk-" in classifier._repr_html_()
    assert "sk-" in classifier._repr_mimebundle_()["text/html"]


def test_after_fitting_it_displays_its_classes(classifier, photos):
    classifier.fit(*photos)
    fitted = "fitted to 36 images of 3 classes (blue, green, red)"
    assert re.fullmatch(rf"ImageClassifier\(.*\) {re.escape(fitted)}", repr(classifier), re.DOTALL)
    for shown in (classifier._repr_html_(), classifier._repr_mimebundle_()["text/html"]):
        assert fitted in shown
        assert ">nearest_mean</td>" in shown
        assert shown.count(">12</td>") == 3
    assert repr(clone(classifier)) == repr(classifier).removesuffix(f" {fitted}")


def test_as_text_it_has_no_html(classifier, photos):
    with config_context(display="text"):
        assert set(classifier.fit(*photos)._repr_mimebundle_()) == {"text/plain"}
        assert not hasattr(classifier, "_repr_html_")


def test_a_folder_says_the_labels_itself(classifier, photo_folder):
    classifier.fit(photo_folder)
    assert classifier.classes_.tolist() == ["blue", "green", "red"]
    assert classifier.training_.counts == (12, 12, 12)
    assert classifier.score(str(photo_folder)) > 0.9


def test_labelled_images_are_taken_as_they_are(classifier, photo_folder):
    images = read_dataset(photo_folder)
    assert classifier.fit(images).score(images) == classifier.fit(photo_folder).score(photo_folder)


def test_of_a_dataset_with_splits_one_trains_and_another_tests(classifier, photo_folder, tmp_path):
    shutil.copytree(photo_folder, tmp_path / "train")
    for label in ("red", "blue"):
        (tmp_path / "test" / label).mkdir(parents=True)
        shutil.copy(next((photo_folder / label).iterdir()), tmp_path / "test" / label)
    (tmp_path / "test" / "red").rename(tmp_path / "test" / "green")  # a wrong label, on purpose
    classifier.fit(tmp_path)
    assert classifier.training_.n_images == 36
    assert classifier.score(tmp_path) == 0.5


def test_a_split_without_images_is_an_error(classifier, photo_folder, tmp_path):
    for part in ("valid", "test"):
        shutil.copytree(photo_folder, tmp_path / part)
    with pytest.raises(DatasetError, match="images in its train split"):
        classifier.fit(tmp_path)


@pytest.mark.parametrize("kind", [str, len, lambda label: label == "red"])
def test_labels_of_any_kind_come_back(classifier, photos, kind):
    images, labels = photos
    labels = [kind(label) for label in labels]
    classifier.fit(images, labels)
    assert classifier.predict(images[:3]).tolist() == labels[:3]
    assert classifier.score(images, labels) > 0.9


@pytest.mark.parametrize("kind", [np.str_, lambda label: np.int64(len(label))])
def test_labels_that_are_scalars_of_numpy_can_be_saved(classifier, photos, kind, tmp_path):
    images, labels = photos
    model = classifier.fit(images, [kind(label) for label in labels]).save(tmp_path / "model")
    assert {type(label) for label in model.labels} <= {str, int}


class Unread(ImageSource):
    """An image that no test may read."""

    name = "unread"

    def read(self):
        raise AssertionError("read before the arguments were checked")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["red", None], "Received: None"),
        ([["red"], ["blue"]], "one model for each label"),
        (["red", "red"], "at least 2 classes"),
        (["red", 1], "of one kind"),
    ],
)
def test_labels_are_checked_before_an_image_is_read(classifier, labels, says):
    with pytest.raises(UsageError, match=says):
        classifier.fit([Unread(), Unread()], labels)


@pytest.mark.parametrize("class_weight", [{0: 100.0, 1: 1.0}, {"red": -1}, "even", 3])
def test_class_weights_are_checked_before_an_image_is_read(tiny_network, class_weight):
    model = ImageClassifier(tiny_network, class_weight=class_weight)
    with pytest.raises(UsageError, match=r"(?i)class.weight"):
        model.fit([Unread(), Unread()], ["red", "blue"])


def test_labels_that_differ_in_being_text_or_number_are_matched(classifier, photos):
    images, labels = photos
    numbers = [len(label) for label in labels]
    classifier.fit(images, numbers)
    with pytest.warns(UserWarning, match="They are read as those: '[345]' as [345], "):
        assert classifier.score(images, [str(number) for number in numbers]) > 0.9


def test_a_score_without_any_known_label_is_refused(classifier, photos):
    images, labels = photos
    classifier.fit(images, labels)
    with pytest.raises(DatasetError, match="Received: 1, 2"):
        classifier.score(images[:2], [1, 2])


def test_weights_of_samples_count_in_the_score(classifier, photos):
    images, labels = photos
    classifier.fit(images, labels)
    wrong = ["red" if label != "red" else "blue" for label in labels[:2]]
    assert classifier.score(images[:2], [labels[0], wrong[1]], sample_weight=[3, 1]) == 0.75


def test_scikit_learn_can_validate_it_and_choose_its_settings(classifier, photo_folder):
    images = read_dataset(photo_folder)
    paths = [source.name for source in images.sources]
    assert cross_val_score(classifier, paths, images.labels, cv=3).mean() > 0.8
    search = GridSearchCV(classifier, {"head": ["knn", NearestMeanHead()]}, cv=2)
    assert search.fit(paths, images.labels).score(paths, images.labels) > 0.8
    nested = clone(classifier).set_params(head=LogisticHead(), head__C=0.5)
    assert nested.fit(paths, images.labels).head_.C_ == 0.5
    assert Pipeline([("model", classifier)]).fit(paths, images.labels).predict(paths[:1]).shape == (
        1,
    )


def test_can_be_pickled_as_long_as_the_files_of_its_network_stay(network_folder, photos, tmp_path):
    images, labels = photos
    moved = shutil.copytree(network_folder, tmp_path / "network")
    classifier = ImageClassifier(moved, cache=False)
    assert len(pickle.dumps(classifier)) < 1000
    pickled = pickle.dumps(classifier.fit(images, labels))
    again = pickle.loads(pickled)  # noqa: S301
    assert np.array_equal(again.predict_proba(images), classifier.predict_proba(images))
    copied = copy.deepcopy(classifier)
    assert np.array_equal(copied.predict_proba(images), classifier.predict_proba(images))
    shutil.rmtree(moved)
    with pytest.raises(DamagedModel, match=r"is gone or replaced.* use its method save\(folder\)"):
        pickle.loads(pickled)  # noqa: S301


def test_settings_reach_the_head_and_the_network(tiny_network, photos):
    weight = {"red": 5.0}
    model = ImageClassifier(
        tiny_network, class_weight=weight, random_state=3, resize="squash", cache=False
    ).fit(*photos)
    assert (model.head_.class_weight, model.head_.random_state) == (weight, 3)
    assert model.resize_.rule == "squash"
    assert model.predictor_.extractor.cache is None


def test_few_images_are_squashed_unless_told_otherwise(classifier, tiny_network, photos):
    classifier.fit(*photos)
    assert classifier.resize_.rule == "squash"
    assert "fewer than 100 images" in classifier.training_.resize_choice
    told = ImageClassifier(tiny_network, resize="pad").fit(*photos)
    assert told.resize_.rule == "pad"
    assert told.training_.resize_choice == ""


def test_the_chosen_rule_is_used_and_recorded(classifier, photos, tmp_path, monkeypatch):
    choice = ResizeChoice("crop", "chosen by chance")
    monkeypatch.setattr(classifiers, "choose_resize", lambda *_, **__: choice)
    classifier.fit(*photos)
    assert classifier.resize_.rule == "crop"
    saved = classifier.save(tmp_path / "model")
    assert saved.description.training.resize_choice == "chosen by chance"
    assert saved.description.resize.rule == "crop"
    assert "chosen by chance" in (tmp_path / "model" / "README.md").read_text("utf-8")


def test_a_given_head_is_not_changed(tiny_network, photos):
    head = NearestMeanHead(class_weight=None)
    model = ImageClassifier(tiny_network, head=head, class_weight="balanced").fit(*photos)
    assert not hasattr(head, "classes_")
    assert model.head_.class_weight is None


def test_the_first_unreadable_image_stops_the_training(classifier, photos):
    images, labels = photos
    with pytest.raises(ValueError, match="image 36"):
        classifier.fit([*images, b"GIF89a"], [*labels, "red"])


def test_unreadable_images_can_be_left_out(classifier, photos):
    images, labels = photos
    classifier.fit([b"GIF89a", *images], ["red", *labels], skip_unreadable=True)
    (broken,) = classifier.unreadable_
    assert isinstance(broken.error, ImageDamaged)
    assert broken.source.name == "image 0"
    assert classifier.training_.counts == (12, 12, 12)
    assert classifier.training_.unreadable == 1
    assert classifier.score(images, labels) > 0.9


def test_some_image_of_each_class_must_be_readable(classifier, photos):
    images, labels = photos
    with pytest.raises(DatasetError, match=r"None of the images of odd can be read.*image 36"):
        classifier.fit([*images, b"GIF89a"], [*labels, "odd"], skip_unreadable=True)


def test_progress_sees_every_image(classifier, photos):
    progress = Recorder()
    classifier.fit(*photos, progress=progress)
    assert progress.bars == [["computing features", 36, "image", 36]]


def test_a_table_of_paths_with_a_column_of_labels(classifier, photo_folder):
    import pandas as pd

    images = read_dataset(photo_folder)
    table = pd.DataFrame({"path": [s.name for s in images.sources], "label": images.labels})
    classifier.fit(table["path"], table["label"])
    assert classifier.predict(table["path"][:2]).tolist() == images.labels[:2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a.jpg"], ["x", "y"]), "1 image and 2 labels"),
        ((["a.jpg"],), "the target y is None"),
        (("nowhere",), "nothing at nowhere"),
    ],
)
def test_input_without_labels_for_each_image_is_refused(classifier, arguments, message):
    with pytest.raises(ValueError, match=message):
        classifier.fit(*arguments)


@pytest.mark.parametrize("head", ["forest", 3])
def test_a_head_is_a_name_or_a_head(tiny_network, photos, head):
    with pytest.raises(UsageError, match="head must be"):
        ImageClassifier(tiny_network, head=head).fit(*photos)


def test_for_a_classifier_of_scikit_learn_the_way_is_told(tiny_network, photos):
    with pytest.raises(UsageError, match=r"make_pipeline\(hs\.Embedder\(\.\.\.\), .*Received: Log"):
        ImageClassifier(tiny_network, head=LogisticRegression()).fit(*photos)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score", "features", "save"])
def test_must_be_fitted_first(classifier, method):
    with pytest.raises(NotFittedError):
        getattr(classifier, method)("x")


@pytest.mark.parametrize("head", IN_PROCESS)
def test_a_saved_model_answers_as_the_classifier_did(tiny_network, photos, head, tmp_path):
    images, labels = photos
    model = ImageClassifier(tiny_network, head=head).fit(images, labels)
    model.save(tmp_path / "model")
    saved = load(tmp_path / "model")
    np.testing.assert_allclose(saved.predict_proba(images), model.predict_proba(images), atol=1e-6)
    assert saved.description.head == head
    assert saved.predictor.precision == model.precision_.precision


def test_a_column_of_labels_is_taken_with_a_warning(classifier, photos):
    images, labels = photos
    with pytest.warns(Warning, match="column-vector") as warned:
        classifier.fit(images, np.array(labels)[:, None])
    assert warned[0].filename == __file__
    assert classifier.classes_.tolist() == ["blue", "green", "red"]


def test_a_warning_points_to_the_line_of_the_caller(classifier, photos):
    images, labels = photos
    classifier.fit(images, labels)
    with pytest.warns(UserWarning, match="count as wrong") as warned:
        classifier.score(images[:2], [labels[0], "pink"])
    assert warned[0].filename == __file__


def test_its_predictor_goes_on_after_an_unreadable_image(classifier, photos):
    images, labels = photos
    predictor = classifier.fit(images, labels).predictor_
    assert predictor.labels == ("blue", "green", "red")
    assert predictor.name == "a classifier on tiny"
    sources = [as_source(image, i) for i, image in enumerate([images[0], b"GIF89a", images[1]])]
    found = list(predictor.stream(iter(sources)))
    assert [answer.index for answer in found] == [0, 1, 2]
    assert isinstance(found[1].error, ImageDamaged)
    np.testing.assert_array_equal(found[2].probabilities, classifier.predict_proba(images[1:2])[0])


@pytest.mark.usefixtures("offline")
def test_by_default_it_takes_the_best_network_there_is(photos, tiny_network, stand_in):
    asked = stand_in(tiny_network)
    model = ImageClassifier()
    with pytest.warns(LastResortWarning, match="headstart uses mini"):
        model.fit(*photos)
    assert asked == ["mini"]
    assert model.backbone == "auto"
    with pytest.raises(UsageError, match="name the backbone"):
        ImageClassifier(weights="w.h5").fit(*photos)


def test_a_saved_model_mirrors_as_the_classifier_did(tiny_network, photos, tmp_path):
    images, labels = photos
    model = ImageClassifier(tiny_network, mirror=True, precision="f32").fit(images, labels)
    plain = clone(model).set_params(mirror=False).fit(images, labels)
    in_mirror = [pixels[:, ::-1] for pixels in images]
    means = (plain.features(images) + plain.features(in_mirror)) / 2
    np.testing.assert_allclose(model.features(images), means, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model")
    saved = load(tmp_path / "model")
    for some in (images, in_mirror):
        np.testing.assert_allclose(
            saved.predict_proba(some), model.predict_proba(images), atol=1e-5
        )


@pytest.mark.parametrize("pooling", ["avg", "max", "flatten"])
def test_a_saved_model_pools_as_the_classifier_did(tiny_network, photos, tmp_path, pooling):
    images, labels = photos
    model = ImageClassifier(tiny_network, pooling=pooling, precision="f32").fit(images, labels)
    saved = model.save(tmp_path / "model")
    assert model.features(images[:1]).shape[1:] == saved.network.outputs["features"]
    np.testing.assert_allclose(
        load(tmp_path / "model").predict_proba(images), model.predict_proba(images), atol=1e-5
    )


def test_flattened_features_are_the_map_row_by_row(tiny_network, photos):
    images, labels = photos
    model = ImageClassifier(tiny_network, pooling="flatten", head="nearest_mean").fit(*photos)
    plain = ImageClassifier(tiny_network, head="nearest_mean").fit(images, labels)
    flat = model.features(images)
    assert flat.shape == (36, 8 * 8 * 16)
    means = flat.reshape(-1, 8 * 8, 16).mean(axis=1)
    np.testing.assert_allclose(means, plain.features(images), rtol=1e-3, atol=1e-4)


def noise(n):
    """Images of nothing but noise."""
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (40, 40, 3), np.uint8) for _ in range(n)]


def test_a_decision_rule_is_fitted_and_saved(classifier, photos, tmp_path):
    images, labels = photos
    model = clone(classifier).set_params(parents={"red": "warm", "blue": "cold"})
    saved = model.fit(images, labels).save(tmp_path / "model")
    assert model.out_of_fold_.probabilities.shape == (36, 3)
    assert len(model.held_out_.unlike) == 36
    loaded = load(tmp_path / "model")
    for predictor in (model.predictor_, saved.predictor, loaded.predictor):
        assert predictor.decision.hierarchy.names == ("cold", "warm")
        seen = list(predictor.stream(images))
        assert (
            sum(
                answer.prediction_set == (label,)
                for answer, label in zip(seen, labels, strict=True)
            )
            > 30
        )
        assert all(answer.unlike and answer.unsure for answer in predictor.stream(noise(3)))


def test_an_error_target_of_the_user_counts(classifier, photos):
    predictor = classifier.fit(*photos).predictor_
    assert predictor.with_rule(UnsureRule(error_target=0.1)).rule.error_target == 0.1
    with pytest.raises(UsageError, match=r"error_target must be at least 0\.027 for this model"):
        predictor.with_rule(UnsureRule(error_target=0.01))


def test_without_an_error_target_no_rule_is_fitted(classifier, photos):
    model = classifier.set_params(error_target=None).fit(*photos)
    assert model.predictor_.decision is model.out_of_fold_ is model.held_out_ is None
    assert not any(answer.unsure for answer in model.predictor_.stream(noise(2)))
    with pytest.raises(UsageError, match="error_target needs a saved model"):
        model.predictor_.with_rule(UnsureRule(error_target=0.1))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"error_target": 0.0}, "error_target must be between 0 and 1"),
        ({"error_target": None, "parents": {"red": "warm"}}, "parents need an error target"),
        ({"parents": {"rot": "warm"}}, "parents must name the parent of at least one class"),
        ({"parents": "no-such.csv"}, "parents must be a table"),
    ],
)
def test_what_can_be_no_rule_is_refused_before_an_image_is_read(classifier, wrong, says):
    with pytest.raises(UsageError, match=says):
        classifier.set_params(**wrong).fit(["no-such.jpg"] * 2, ["red", "blue"])


def test_what_the_rule_lacks_is_told(classifier, photos):
    images, labels = photos
    progress = Recorder()
    classifier.fit(images[:12], labels[:12], progress=progress)
    assert any("gives no prediction sets" in said for said in progress.said)
