"""EfficientViT; tests/backbones/test_hub_rows.py compares it with timm's."""

import json

import pytest

from headstart.backbones.catalogue import get_backbone

ROW = get_backbone("efficientvit_b1")


@pytest.fixture(scope="module")
def layers(converter):
    request = {"backbone": ROW.name, "folder": "", "size": ROW.size, "weights": ""}
    answer = json.loads(converter.ask(task="summarise", **request))
    return {layer["name"]: layer for layer in answer["layers"]}


def test_size_is_as_documented(layers):
    assert sum(layer["parameters"] for layer in layers.values()) == ROW.parameters


def test_attention_comes_in_the_last_two_stages(layers):
    assert {name.split("-blocks")[0] for name in layers if name.endswith("attention")} == {
        "stages-2",
        "stages-3",
    }
    assert layers["stages-3-blocks-4-local_module_add"]["shape"] == [7, 7, 256]
    assert layers["head-global_pool"]["shape"] == [ROW.n_features]
