import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.backbones.classes import ClassName
from headstart.data import as_source
from headstart.errors import DatasetError
from headstart.evaluation.measuring import measure
from headstart.features.extractor import FeatureExtractor, network_resize
from headstart.prediction.predictor import Predictor

IMAGES = list(np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8))
SOURCES = [as_source(image, i) for i, image in enumerate(IMAGES)]


@pytest.fixture
def make(tiny_network):
    """Return a maker of predictors with these identifiers and labels."""

    def make(identifiers="abcde", labels=(0, 1, 2, 3, 4)):
        extractor = FeatureExtractor(
            tiny_network,
            network_resize(tiny_network, "squash"),
            output="probabilities",
        )
        classes = tuple(map(ClassName, identifiers, labels))
        return Predictor("tiny", extractor, classes)

    return make


def test_right_and_wrong_answers_are_counted(make):
    predictor = make()
    truth = predictor.predict(IMAGES).tolist()
    assert measure(predictor, SOURCES, truth).accuracy == 1
    wrong = [(truth[0] + 1) % 5, *truth[1:]]
    evaluation = measure(predictor, SOURCES, wrong)
    assert (evaluation.accuracy, evaluation.n) == (0.75, 4)
    assert [mistake.path for mistake in evaluation.mistakes] == ["image 0"]


def test_unreadable_images_count_in_no_figure(make):
    predictor = make()
    truth = predictor.predict(IMAGES).tolist()
    sources = [SOURCES[0], as_source(b"no image", 9), *SOURCES[1:]]
    evaluation = measure(predictor, sources, [truth[0], 0, *truth[1:]])
    assert (evaluation.accuracy, evaluation.n) == (1, 4)
    assert [error.path for error in evaluation.errors] == ["image 9"]
    with pytest.raises(DatasetError, match="at least one labelled image"):
        measure(predictor, sources[1:2], [0])


def test_labels_may_be_the_identifiers_of_the_classes(make):
    twins = make(labels=["crane", "crane", "ant", "bee", "cat"])
    truth = ["abcde"[i] for i in twins.predict_proba(IMAGES).argmax(axis=1)]
    assert measure(twins, SOURCES, truth).accuracy == 1


def test_labels_come_before_identifiers(make):
    crossed = make(identifiers="abcde", labels="bcdea")
    truth = crossed.predict(IMAGES).tolist()
    assert measure(crossed, SOURCES, truth).accuracy == 1


def test_a_label_must_be_a_class(make):
    with pytest.raises(DatasetError, match="Received: zebra"):
        measure(make(), SOURCES, [0, 1, 2, "zebra"])


def test_progress_says_what_is_measured(make):
    progress = Recorder()
    measure(make(), SOURCES, [0] * 4, progress=progress, what="measuring")
    assert progress.bars == [["measuring", 4, "image", 4]]
