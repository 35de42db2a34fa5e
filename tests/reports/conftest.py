import numpy as np
import pytest

from headstart.classifier import ImageClassifier
from headstart.evaluation import Evaluation
from headstart.images.sources import ArraySource, BytesSource
from headstart.jobs.report import report_data

NASTY = '"><script>alert(1)</script>'


@pytest.fixture(scope="session")
def model(tiny_network, tmp_path_factory):
    images = [np.full((40, 40, 3), shade, np.uint8) for shade in (10, 20, 200, 210) * 3]
    classifier = ImageClassifier(tiny_network, resize="squash", cache=False, precision="f32")
    labels = ["dark", "dark", "bright", "bright"] * 3
    return classifier.fit(images, labels).save(tmp_path_factory.mktemp("models") / "my <model>")


@pytest.fixture
def make(model):
    """Return a maker of report data: ``make(truth, predicted, classes)`` with names and images."""

    def made(truth, predicted, classes, *, most_unreadable=0, folds=None, groups=None, **facts):
        random = np.random.default_rng(0)
        names = [f"photos/{NASTY} {n}.png" for n in range(len(truth))]
        probabilities = np.full((len(truth), len(classes)), 0.2 / len(classes))
        probabilities[np.arange(len(truth)), predicted] += 0.8
        evaluation = Evaluation.from_predictions(
            names,
            [classes[place] for place in truth],
            probabilities,
            classes,
            folds=folds,
            groups=groups,
        )
        sources = [
            ArraySource(name, random.integers(0, 256, (30, 50, 3), np.uint8)) for name in names
        ]
        for place in range(most_unreadable):
            sources[place] = BytesSource(names[place], b"broken")
        return report_data(model, evaluation, sources, **facts)

    return made
