"""Evaluations of made-up classifiers."""

from collections.abc import Callable

import numpy as np
import pytest

from headstart.evaluation import Evaluation


@pytest.fixture(scope="session")
def make_evaluation() -> Callable[..., Evaluation]:
    """Return a maker: so many classes, so many images each, one in `wrong_every` wrong."""

    def make(k=3, n_each=10, wrong_every=4, classes=None, errors=()):
        classes = classes or [f"kind {index}" for index in range(k)]
        k = len(classes)
        truth = np.repeat(np.arange(k), n_each)
        image = np.arange(len(truth))
        answer = np.where(image % wrong_every == 1, (truth + 1) % k, truth)
        rest = np.linspace(0.05, 0.4, len(truth))
        scores = np.repeat(rest[:, None] / (k - 1), k, axis=1)
        scores[image, answer] = 1 - rest
        names = [f"{classes[index]}/{number:04d}.jpg" for number, index in enumerate(truth)]
        labels = [classes[index] for index in truth]
        return Evaluation.from_predictions(names, labels, scores, classes, errors)

    return make


STRANGE_NAMES = [
    "猫科动物",
    "Gänseblümchen",
    "жук-олень",
    "دبابة",
    "Ailuropoda melanoleuca, the great and ever so slightly sleepy panda",
    "$x_1$ & <b>%d</b>",
    "new\nline\x1b[2J",
    "emoji 🐯\u200d",
    "\udc80 not UTF-8",
    "",
]


@pytest.fixture(params=[2, 13, 55], ids="{} classes".format)
def any_size(request, make_evaluation):
    """Evaluations from two classes to many."""
    return make_evaluation(request.param, n_each=4)


@pytest.fixture
def strange(make_evaluation):
    """Classes whose names are trouble for terminals, fonts and formulas."""
    return make_evaluation(classes=STRANGE_NAMES)
