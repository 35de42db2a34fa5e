import dataclasses

import numpy as np
import pytest
from tests.prediction.scorers import affine, neighbours

from headstart.errors import ImageDamaged, ImageError, UsageError
from headstart.features.cache import FeatureCache
from headstart.features.compiling import compile_network
from headstart.features.extractor import FeatureExtractor, network_resize
from headstart.features.settings import FeatureSettings
from headstart.images.sources import as_source, content_hash
from headstart.networks.classes import ClassName
from headstart.prediction.predictor import Predictor

IMAGES = list(np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8))
SOURCES = [as_source(image, i) for i, image in enumerate(IMAGES)]


@pytest.fixture
def make(tiny_network):
    """Return a maker of predictors: with a head of three classes, or with the network's five."""

    def make(scorer=None, labels=None, **settings):
        names = labels or (range(5) if scorer is None else ["ant", "bee", "cat"])
        extractor = FeatureExtractor(
            tiny_network,
            network_resize(tiny_network, "squash"),
            output="probabilities" if scorer is None else "features",
            **settings,
        )
        return Predictor("tiny", extractor, tuple(ClassName(str(n), n) for n in names), scorer)

    return make


def values(network, output):
    return compile_network(network, outputs=(output,)).infer(np.stack(IMAGES))[output]


def test_a_network_answers_with_its_own_probabilities(make, tiny_network):
    predictor = make()
    found = predictor.predict_proba(IMAGES)
    np.testing.assert_array_equal(found, values(tiny_network, "probabilities"))
    assert predictor.predict(IMAGES).tolist() == found.argmax(axis=1).tolist()


def test_a_head_answers_from_the_features(make, tiny_network):
    found = make(affine()).predict_proba(IMAGES)
    assert (found.shape, found.dtype) == ((4, 3), np.float32)
    expected = affine().probabilities(values(tiny_network, "features"))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_features_that_overflow_give_no_warning_of_numpy(make):
    predictor = make(neighbours())
    assert predictor.probabilities(np.full((1, 16), 1e30, np.float32)).shape == (1, 3)


def test_it_says_how_it_prepares_images(make, tiny_network):
    predictor = make(affine())
    assert predictor.labels == ("ant", "bee", "cat")
    assert predictor.network is tiny_network
    assert (predictor.resize.rule, predictor.precision) == ("squash", "f32")
    how = "resize 'squash', computed in f32"
    assert repr(predictor) == f"<Predictor: tiny, 3 classes, {how}>"


def test_the_predicted_labels_are_the_users_own(make):
    predictor = make(affine(), labels=["a", "b", "c"])
    expected = ["abc"[i] for i in predictor.predict_proba(IMAGES).argmax(axis=1)]
    assert predictor.predict(IMAGES).tolist() == expected
    assert predictor.score(IMAGES, expected) == 1
    with pytest.warns(UserWarning, match="count as wrong: 'another label'") as warned:
        assert predictor.score(IMAGES[:2], [expected[0], "another label"]) == 0.5
    assert warned[0].filename == __file__


def test_without_images_there_are_no_probabilities(make):
    assert make(affine()).predict_proba([]).shape == (0, 3)
    with pytest.raises(UsageError, match="at least one image"):
        make().score([], [])


def test_an_unreadable_image_raises_its_error_by_name(make):
    with pytest.raises(ImageError, match="image 1"):
        make().predict([IMAGES[0], b"not an image"])


def test_a_stream_goes_on_after_an_unreadable_image(make):
    predictor = make(affine())
    sources = [SOURCES[0], as_source(b"GIF89a", 1), SOURCES[1]]
    first, broken, last = predictor.stream(iter(sources))
    assert [first.index, broken.index, last.index] == [0, 1, 2]
    assert [each.source for each in (first, broken, last)] == sources
    assert isinstance(broken.error, ImageDamaged)
    assert broken.probabilities is None
    assert first.classes == predictor.classes
    np.testing.assert_array_equal(last.probabilities, predictor.predict_proba(IMAGES[1:2])[0])


def test_notes_say_what_was_done_to_read_an_image(make):
    transparent = as_source(np.zeros((20, 20, 4), np.uint8))
    (answer,) = make().stream([transparent], workers=1)
    assert "transparent" in answer.notes[0]


def test_an_endless_stream_is_answered_as_it_comes(make):
    def endless():
        for number in range(10**9):
            yield SOURCES[number % 3]

    answers = make().stream(endless())
    first = [next(answers) for _ in range(50)]
    answers.close()
    assert [answer.path for answer in first[:2]] == ["image 0", "image 1"]
    assert first[0].predictions() == first[3].predictions()


def test_kept_features_give_the_same_answers(make, tmp_path, monkeypatch):
    predictor = make(affine(), cache=FeatureCache(tmp_path))
    first = predictor.predict_proba(IMAGES)
    monkeypatch.setattr("headstart.features.extractor.compile_network", lambda *_, **__: 1 / 0)
    np.testing.assert_array_equal(predictor.predict_proba(IMAGES), first)


def test_a_pretrained_network_answers_with_its_own_classes(tiny_network):
    classes = tuple(ClassName(f"n{i}", f"class {i}") for i in range(5))
    settings = FeatureSettings(resize="pad", cache=False, workers=2)
    network = dataclasses.replace(tiny_network, classes=classes)
    predictor = Predictor.pretrained(network, settings)
    assert (predictor.name, predictor.classes, predictor.scorer) == ("tiny", classes, None)
    assert (predictor.resize.rule, predictor.extractor.workers) == ("pad", 2)
    with pytest.raises(UsageError, match="Train a head on it"):
        Predictor.pretrained(tiny_network, settings)


def test_settings_change_the_precision_and_the_workers(make):
    changed = make(affine()).with_settings(FeatureSettings(precision="bf16", workers=3))
    assert (changed.precision, changed.extractor.workers) == ("bf16", 3)
    assert not changed.extractor.accept_truncated
    tolerant = changed.with_settings(FeatureSettings(accept_truncated=True))
    assert tolerant.extractor.accept_truncated
    same = changed.with_settings(FeatureSettings(resize="squash"))
    assert (same.precision, same.extractor.workers) == ("bf16", 3)
    with pytest.raises(UsageError, match="as in training, by 'squash'"):
        changed.with_settings(FeatureSettings(resize="pad"))


def test_a_stream_takes_whatever_an_image_may_be(make):
    (answer,) = make().stream([IMAGES[0]])
    assert answer.path == "image 0"
    with pytest.raises(UsageError, match="image 0 must be a path"):
        list(make().stream([3]))


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        ({"features": (16,)}, "include the classes"),
        (None, "5 classes must be .*--labels FILE"),
    ],
)
def test_a_network_without_names_of_classes_predicts_nothing(tiny_network, outputs, says):
    network = dataclasses.replace(
        tiny_network, classes=None, outputs=outputs or tiny_network.outputs
    )
    with pytest.raises(UsageError, match=says):
        Predictor.pretrained(network, FeatureSettings(), SOURCES)


def test_contents_are_hashed_only_if_that_is_asked_for(make):
    broken = as_source(b"no image", 4)
    found = list(make().stream([*SOURCES, broken], hash_content=True))
    assert [answer.content for answer in found[:4]] == [
        content_hash(source.read()) for source in SOURCES
    ]
    assert found[4].content is None
    assert all(answer.content is None for answer in make().stream(SOURCES))
    assert all("content" not in answer.to_record() for answer in found)
