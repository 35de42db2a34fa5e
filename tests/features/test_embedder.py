import dataclasses
import inspect
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
    check_valid_tag_types,
)
from tests.features.kept import kept, n_kept

from headstart import ImageClassifier
from headstart.backbones.choosing import LastResortWarning
from headstart.backbones.spec import NetworkSpec
from headstart.errors import ImageNotFound, UnknownBackbone, UsageError
from headstart.features.embedder import Embedder
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings

ESTIMATORS = [Embedder, ImageClassifier]

CHECKS = (
    check_mixin_order,
    check_valid_tag_types,
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_get_params_invariance,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
)


@pytest.fixture
def embedder(tiny_network):
    return Embedder(tiny_network)


@pytest.fixture
def dark_or_bright(tmp_path):
    """24 paths and labels that any network can tell apart."""
    rng = np.random.default_rng(0)
    paths, labels = [], []
    for i in range(24):
        label = ("bright", "dark")[i % 2]
        low = 180 if label == "bright" else 0
        pixels = rng.integers(low, low + 60, (40, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i:02}.png")
        paths.append(tmp_path / f"{i:02}.png")
        labels.append(label)
    return paths, np.array(labels)


@pytest.mark.parametrize("check", CHECKS)
def test_scikit_learns_own_checks(check):
    check("Embedder", Embedder())


def test_features_are_float32_a_row_an_image(embedder, photos):
    X = embedder.fit_transform(photos)
    assert X.shape == (12, 16)
    assert X.dtype == np.float32
    assert len({row.tobytes() for row in X}) == 12


def test_other_work_in_the_process_goes_on_afterwards(tiny_network, photos):
    before = list(warnings.filters)
    Embedder(tiny_network, cache=False).transform(photos)
    assert list(warnings.filters) == before
    # scikit-learn sends the filters to its workers.
    pickle.dumps(warnings.filters)


def test_fit_is_not_needed(embedder, photos):
    X = embedder.transform(photos)
    assert not hasattr(embedder, "extractor_")
    assert not hasattr(embedder, "network_")
    np.testing.assert_array_equal(X, embedder.fit(photos).transform(photos))


def test_fit_sets_what_it_decided(embedder, tiny_network, photos):
    assert embedder.fit(photos) is embedder
    assert embedder.network_ == tiny_network
    assert embedder.n_features_out_ == 16
    assert embedder.precision_.precision == "f32"
    assert "fewer than 64" in embedder.precision_.reason


def test_every_way_to_give_an_image_is_the_same(embedder, photos):
    arrays = [np.asarray(Image.open(path)) for path in photos]
    expected = embedder.transform(photos)
    for X in (
        [str(path) for path in photos],
        tuple(photos),
        (path for path in photos),
        np.array([str(path) for path in photos]),
        np.array([str(path) for path in photos])[:, None],
        pd.Series(photos),
        pd.DataFrame({"path": photos}),
        [path.read_bytes() for path in photos],
        arrays,
        np.stack(arrays),
        [Image.open(path) for path in photos],
        photos[0].parent,
        str(photos[0].parent),
        str(photos[0].parent / "*.png"),
    ):
        np.testing.assert_array_equal(embedder.transform(X), expected)


def test_no_images_no_rows(embedder):
    assert embedder.transform([]).shape == (0, 16)


@pytest.mark.parametrize(
    "X", [np.zeros((32, 32, 3), np.uint8), np.zeros((5, 2)), b"bytes of one file", 7]
)
def test_one_image_is_not_a_list(embedder, X):
    with pytest.raises(UsageError, match=r"X must be a list of images.*write \[image\]"):
        embedder.transform(X)


def test_what_is_not_an_image_is_refused(embedder):
    with pytest.raises(UsageError, match="image 1 must be a path"):
        embedder.transform(["a.png", 7])


def test_the_first_unreadable_image_is_raised_by_name(embedder, photos):
    with pytest.raises(ImageNotFound, match=r"gone\.jpg"):
        embedder.transform([photos[0], "gone.jpg", "gone too.jpg"])


def test_probabilities_instead_of_features(tiny_network, photos):
    X = Embedder(tiny_network, output="probabilities").transform(photos)
    assert X.shape == (12, 5)
    np.testing.assert_allclose(X.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("output", ["feature_map", "logits"])
def test_an_output_that_is_not_a_vector_is_refused(tiny_network, output):
    with pytest.raises(UsageError, match="output must be one of features, probabilities"):
        Embedder(tiny_network, output=output).transform([])


def test_an_unknown_backbone():
    with pytest.raises(UnknownBackbone):
        Embedder("no such network").fit([])


def test_features_are_kept_where_it_says(tiny_network, photos, tmp_path):
    Embedder(tiny_network, cache=tmp_path / "kept").transform(photos)
    assert n_kept(tmp_path / "kept") == 12
    assert kept() == []
    Embedder(tiny_network, cache=False).transform(photos)
    assert kept() == []
    Embedder(tiny_network).transform(photos)
    assert n_kept() == 12


def test_names_of_the_features(embedder, photos):
    names = embedder.get_feature_names_out()
    assert list(names[:2]) == ["tiny_0", "tiny_1"]
    assert len(names) == 16
    np.testing.assert_array_equal(embedder.fit(photos).get_feature_names_out(), names)


def test_as_a_table(embedder, photos):
    table = embedder.set_output(transform="pandas").fit_transform(photos)
    assert list(table.columns) == list(embedder.get_feature_names_out())
    assert table.shape == (12, 16)
    assert (table.dtypes == np.float32).all()


def test_a_clone_is_not_fitted(embedder, photos):
    copy = clone(embedder.fit(photos))
    assert copy.backbone == embedder.backbone
    assert not hasattr(copy, "precision_")


def test_fit_need_not_be_called(embedder):
    assert not get_tags(embedder).requires_fit


def test_in_a_pipeline(embedder, dark_or_bright):
    paths, labels = dark_or_bright
    model = make_pipeline(embedder, LogisticRegression()).fit(paths[:16], labels[:16])
    assert model.score(paths[16:], labels[16:]) == 1
    assert list(model.predict(paths[:2])) == ["bright", "dark"]


def test_in_cross_validation(embedder, dark_or_bright):
    model = make_pipeline(embedder, KNeighborsClassifier(1))
    assert cross_val_score(model, *dark_or_bright, cv=3).mean() == 1


def test_in_a_grid_search(tiny_network, dark_or_bright):
    model = make_pipeline(Embedder(tiny_network), KNeighborsClassifier(1))
    grid = {"embedder__resize": ["crop", "squash"], "kneighborsclassifier__n_neighbors": [1, 3]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(*dark_or_bright)
    assert search.best_score_ == 1
    assert len(kept()) == 2


def test_as_a_column_among_others(tiny_network, photos):
    table = pd.DataFrame({"path": photos, "weight": range(12)})
    columns = make_column_transformer((Embedder(tiny_network), ["path"]), remainder="passthrough")
    assert columns.fit_transform(table).shape == (12, 17)


def test_the_precision_of_fit_holds_for_transform(embedder, photos, monkeypatch):
    embedder.fit(photos)
    monkeypatch.setattr(FeatureExtractor, "computed_in", lambda *_, **__: 1 / 0)
    assert embedder.transform(photos).shape == (12, 16)


@pytest.mark.usefixtures("offline")
def test_by_default_it_takes_the_best_network_there_is(photos, tiny_network, stand_in):
    asked = stand_in(tiny_network)
    with pytest.warns(LastResortWarning, match="headstart uses mini"):
        Embedder().transform(photos)
    assert asked == ["mini"]


def test_all_numbers_of_the_feature_map(embedder, photos):
    flat = embedder.set_params(pooling="flatten").fit(photos)
    assert flat.n_features_out_ == len(flat.get_feature_names_out()) == 8 * 8 * 16
    assert flat.transform(photos).shape == (12, 8 * 8 * 16)
    with pytest.raises(UsageError, match="must be one of features"):
        embedder.set_params(output="probabilities").fit(photos)


def test_the_mean_over_an_image_and_its_mirror_image(embedder, photos):
    images = [np.asarray(Image.open(path)) for path in photos]
    in_mirror = [pixels[:, ::-1] for pixels in images]
    means = (embedder.fit_transform(images) + embedder.fit_transform(in_mirror)) / 2
    found = embedder.set_params(mirror=True).fit(images).transform(images)
    np.testing.assert_allclose(found, means, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("settings", [NetworkSpec, FeatureSettings])
def test_the_flat_parameters_have_the_names_types_and_defaults_of_the_settings(estimator, settings):
    parameters = inspect.signature(estimator.__init__).parameters
    for field in dataclasses.fields(settings):
        assert parameters[field.name].default == field.default
        assert parameters[field.name].annotation == field.type


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_flat_parameters_become_settings(estimator):
    asked = estimator("resnet50", weights="w.h5", size=(96, 96), pooling="max", mirror=True)
    assert asked._spec == NetworkSpec("resnet50", "w.h5", (96, 96), None, "max", mirror=True)
    asked.set_params(layer="conv5", resize="squash", precision="f32", cache=False, workers=2)
    assert asked._spec.layer == "conv5"
    assert asked._settings == FeatureSettings(
        resize="squash", precision="f32", cache=False, workers=2, device="auto"
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_tags_say_that_images_are_not_numbers(estimator):
    tags = get_tags(estimator())
    assert tags.no_validation
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
