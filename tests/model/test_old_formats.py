"""Models that older versions saved still load, and give the same probabilities."""

from pathlib import Path

import numpy as np
import pytest

from headstart.model import load

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
FOLDER = MODELS / "format-1"
LABELS = {
    "logistic": ("other", "tiger", "wolf | <b>", "żuk"),
    "dense": (-2, 1, 3, 7),
    "knn": (("a", 1), ("a", 2), ("b", 1), ("b", 2)),
}


@pytest.fixture(scope="module")
def expected():
    with np.load(FOLDER / "expected.npz") as file:
        return dict(file)


@pytest.mark.parametrize("name", LABELS)
def test_probabilities_are_the_same(name, expected):
    model = load(FOLDER / name)
    # The processor that wrote them may be another one, and adds up in another order.
    found = model.predict_proba(list(expected["images"]))
    np.testing.assert_allclose(found, expected[name], rtol=0, atol=1e-5)
    assert found.argmax(axis=1).tolist() == expected[name].argmax(axis=1).tolist()


@pytest.mark.parametrize("name", LABELS)
def test_labels_are_the_same(name):
    assert load(FOLDER / name).labels == LABELS[name]


def test_facts_are_the_same():
    logistic, dense, knn = (load(FOLDER / name) for name in LABELS)
    assert logistic.evaluation == {"accuracy": 0.9, "interval": [0.8, 0.95], "n": 20}
    assert [model.predictor.resize.rule for model in (logistic, dense, knn)] == [
        "pad",
        "crop",
        "squash",
    ]
    assert [model.network.mirror for model in (logistic, dense, knn)] == [False, False, True]
    training = [model.description.training for model in (logistic, dense, knn)]
    assert [data.counts for data in training] == [(6, 6, 6, 6)] * 3
    assert [data.unreadable for data in training] == [0, 0, 2]
    assert [data.fine_tuned for data in training] == ["", "from block_16_expand on", ""]


def test_a_model_of_format_2_without_a_digest_is_read(expected):
    model = load(MODELS / "format-2" / "dense")
    found = model.predict_proba(list(expected["images"]))
    np.testing.assert_allclose(found, expected["dense"], rtol=0, atol=1e-5)
    assert model.labels == LABELS["dense"]
    assert model.evaluation == {"accuracy": 0.9, "interval": [0.8, 0.95], "n_test": 20}
    assert model.description.extras == ("notes.txt",)
    assert model.description.training.unreadable == 1
    assert model.description.versions["headstart"] == "0.2.0.dev0"
