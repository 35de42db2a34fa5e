"""MobileNetV4; tests/backbones/test_hub_rows.py compares it with timm's."""

import json

import pytest

from headstart.backbones.catalogue import get_backbone


@pytest.fixture(params=["mobilenet_v4_small", "mobilenet_v4_medium"])
def row(request):
    return get_backbone(request.param)


@pytest.fixture
def layers(row, converter):
    request = {"backbone": row.name, "folder": "", "size": row.size, "weights": ""}
    answer = json.loads(converter.ask(task="summarise", **request))
    return {layer["name"]: layer for layer in answer["layers"]}


def test_size_is_as_documented(row, layers):
    assert sum(layer["parameters"] for layer in layers.values()) == row.parameters


def test_it_has_a_map_of_a_thirty_second_and_a_hidden_layer(row, layers):
    side = row.size[0] // 32
    assert layers["blocks-4-0-bn1_relu"]["shape"] == [side, side, row.n_features]
    assert layers["flatten"]["shape"] == [1280]
    assert layers["classifier"]["shape"] == [1000]
