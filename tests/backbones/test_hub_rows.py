"""Rows whose weights are files of a hub, and their architectures beside their publisher's own."""

import json
import re

import numpy as np
import pytest
from tests.backbones.timm_reference import answer
from tests.interop import import_or_skip

from headstart import records
from headstart.backbones.hub_rows import HUB_ROWS
from headstart.backbones.row import Backbone
from headstart.networks.runtime import load_processor

TOLERANCE = 1e-4  # of the largest value, as the project promises

each_row = pytest.mark.parametrize("row", HUB_ROWS, ids=lambda row: row.name)


@each_row
def test_weights_are_a_revision_of_a_repository(row):
    address = r"https://huggingface\.co/[\w.-]+/[\w.-]+/resolve/[0-9a-f]{40}/model\.safetensors"
    assert re.fullmatch(address, row.weights.url)
    assert row.weights_without_top is None


def test_no_two_files_have_one_name():
    assert len({row.weights.filename for row in HUB_ROWS}) == len(HUB_ROWS)


@each_row
def test_facts_have_the_types_of_a_backbone(row):
    written = json.loads(json.dumps(records.to_json(row)))
    assert records.from_json(Backbone, written) == row


@each_row
def test_facts_are_those_that_timm_publishes(row):
    timm = import_or_skip("timm")
    published = timm.get_pretrained_cfg(row.weights.filename.removesuffix(".safetensors"))
    assert (row.preprocessing.scale, row.preprocessing.channels) == (255, "rgb")
    assert (row.preprocessing.mean, row.preprocessing.std) == (published.mean, published.std)
    assert published.input_size == (3, *row.size)
    assert (published.crop_mode, row.resize) == ("center", "crop")
    assert published.crop_pct == row.crop_fraction
    assert published.interpolation == row.interpolation
    assert published.license == row.license.lower()
    assert published.num_classes == row.n_classes


def draw_images(size):
    """Blocks of colour under noise, so that images differ in their features too."""
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 256, (3, 4, 6, 3))
    height, width = size
    blocks = blocks[:, np.arange(height) * 4 // height][:, :, np.arange(width) * 6 // width]
    return np.clip(blocks + rng.integers(-40, 41, blocks.shape), 0, 255).astype(np.uint8)


@pytest.mark.slow
@each_row
@pytest.mark.parametrize("size", [None, (96, 160)], ids=["own size", "oblong"])
def test_network_equals_that_of_timm(row, size, converter, tmp_path):
    size = size or row.size
    images = draw_images(size)
    expected = answer(row, tmp_path / "model.safetensors", images)
    graph = tmp_path / "graph.xml"
    answered = json.loads(
        converter.ask(
            task="export",
            backbone=row.name,
            weights=str(tmp_path / "model.safetensors"),
            size=size,
            graph=str(graph),
        )
    )
    if size == row.size:
        assert answered["macs"] == row.macs
    assert answered["outputs"]["features"] == [row.n_features]
    compiled = load_processor().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled(images)
    differences = {
        name: float(np.abs(found[name] - expected[name]).max() / np.abs(expected[name]).max())
        for name in ("feature_map", "probabilities")
    }
    print(row.name, size, differences)
    spread = np.ptp(expected["probabilities"], axis=0).max()
    assert spread > 100 * TOLERANCE * expected["probabilities"].max()
    assert max(differences.values()) <= TOLERANCE, differences
