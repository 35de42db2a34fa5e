"""The layers of a network."""

import json

import pytest

from headstart.backbones import summary
from headstart.backbones.summary import LayerSummary, Summary, summarise


@pytest.fixture(autouse=True)
def _one_process_for_all(converter, monkeypatch):
    def ask(task, **request):
        return json.loads(converter.ask(task=task, **request))

    monkeypatch.setattr(summary, "ask_keras", ask)


def test_layers_have_shapes_and_weights(small):
    whole = summarise(small)
    assert whole.size == small.size
    assert whole.parameters == small.parameters
    assert whole.weights_bytes == 4 * small.parameters
    assert whole.layers[0].shape == (224, 224, 3)
    stem = next(layer for layer in whole.layers if layer.kind == "Conv2D")
    assert stem == LayerSummary(
        name="conv",
        kind="Conv2D",
        shape=(112, 112, 16),
        parameters=3 * 3 * 3 * 16,
        weights=(("kernel", (3, 3, 3, 16)),),
    )


def test_summary_of_a_file_has_the_files_classifier_and_the_size_asked_for(small, files):
    whole = summarise(small, weights=files[5], size=(64, 64))
    assert whole.layers[0].shape == (64, 64, 3)
    assert whole.layers[-1].shape == (5,)


def test_figures_are_sums(small):
    layers = (LayerSummary("a", "Dense", (2,), 10, ()), LayerSummary("b", "Dense", (3,), 5, ()))
    assert Summary(small, (32, 32), layers).parameters == 15
    assert Summary(small, (32, 32), layers).weights_bytes == 60
