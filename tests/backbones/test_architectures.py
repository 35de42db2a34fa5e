"""headstart's own networks."""

import json

import pytest

from headstart.backbones.architectures import MINI_WIDTHS
from headstart.backbones.catalogue import get_backbone

ROW = get_backbone("mini")


@pytest.fixture(scope="module")
def layers(converter):
    """The layers of mini at 64 x 64 by their names."""
    request = {"backbone": "mini", "folder": "", "size": [64, 64], "weights": ""}
    answer = json.loads(converter.ask(task="summarise", **request))
    return {layer["name"]: layer for layer in answer["layers"]}


def test_each_stage_halves_height_and_width(layers):
    shapes = [layers[f"block{stage}_relu"]["shape"] for stage in (1, 2, 3, 4)]
    sides = (32, 16, 8, 4)
    expected = [[side, side, width] for side, width in zip(sides, MINI_WIDTHS, strict=True)]
    assert shapes == expected


def test_size_is_as_documented(layers):
    assert sum(layer["parameters"] for layer in layers.values()) == ROW.parameters
    convolutions = [layer for layer in layers.values() if layer["kind"] == "Conv2D"]
    assert sum(layer["weights"][0][1][:2] == [3, 3] for layer in convolutions) == 1 + 8


def test_features_and_classifier_have_names_that_others_rely_on(layers):
    assert layers["features"]["shape"] == [ROW.n_features]
    assert layers["predictions"]["shape"] == [ROW.n_classes]
