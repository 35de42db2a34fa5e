"""Rows whose weights are files of a hub, and their architectures beside their publisher's own."""

import re

import numpy as np
import pytest
from tests.backbones.publishers import TOLERANCE, assert_answers_equal, draw_images
from tests.backbones.timm_reference import answer
from tests.interop import import_or_skip

from headstart.backbones.hub_rows import HUB_ROWS

each_row = pytest.mark.parametrize("row", HUB_ROWS, ids=lambda row: row.name)


@each_row
def test_weights_are_a_revision_of_a_repository(row):
    address = r"https://huggingface\.co/[\w.-]+/[\w.-]+/resolve/[0-9a-f]{40}/model\.safetensors"
    assert re.fullmatch(address, row.weights.url)
    assert row.weights_without_top is None


def test_no_two_files_have_one_name():
    assert len({row.weights.filename for row in HUB_ROWS}) == len(HUB_ROWS)


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


@pytest.mark.slow
@each_row
@pytest.mark.parametrize("size", [None, (96, 160)], ids=["own size", "oblong"])
def test_network_equals_that_of_timm(row, size, converter, tmp_path):
    images = draw_images(size or row.size)
    weights = tmp_path / "model.safetensors"
    expected = answer(row, weights, images)
    spread = np.ptp(expected["probabilities"], axis=0).max()
    assert spread > 100 * TOLERANCE * expected["probabilities"].max()
    assert_answers_equal(row, weights, images, expected, converter)
