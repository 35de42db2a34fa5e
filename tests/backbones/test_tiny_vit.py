"""TinyViT; tests/backbones/test_hub_rows.py compares it with timm's."""

import json

import pytest

from headstart.backbones.catalogue import get_backbone


@pytest.mark.parametrize("name", ["tiny_vit_5m", "tiny_vit_11m"])
def test_size_is_as_documented(name, converter):
    row = get_backbone(name)
    layers = summarised(row, row.size, converter)
    assert sum(layer["parameters"] for layer in layers.values()) == row.parameters
    assert layers["head-norm"]["shape"] == [row.n_features]


def test_windows_cover_maps_that_they_do_not_divide(converter):
    layers = summarised(get_backbone("tiny_vit_5m"), (160, 256), converter)
    assert layers["stages-2-blocks-0-windows"]["shape"] == [2, 14 * 14, 160]
    assert layers["stages-2-blocks-0-whole_map"]["shape"] == [10, 16, 160]


def summarised(row, size, converter):
    request = {"backbone": row.name, "folder": "", "size": size, "weights": ""}
    answer = json.loads(converter.ask(task="summarise", **request))
    return {layer["name"]: layer for layer in answer["layers"]}
