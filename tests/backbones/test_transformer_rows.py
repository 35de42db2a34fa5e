"""Rows of vision transformers, and their architectures beside those of transformers."""

import re

import numpy as np
import pytest
from tests.backbones import transformers_reference as theirs
from tests.backbones.publishers import TOLERANCE, assert_answers_equal, draw_images

from headstart.backbones.transformer_rows import TRANSFORMER_ROWS

each_row = pytest.mark.parametrize("row", TRANSFORMER_ROWS, ids=lambda row: row.name)


def files(row):
    return [row.weights] if row.texts is None else [row.weights, row.texts.tokenizer]


@each_row
def test_files_are_a_revision_of_a_repository_with_their_hash(row):
    for file in files(row):
        address = r"https://huggingface\.co/[\w.-]+/[\w.-]+/resolve/[0-9a-f]{40}/[a-z]+\.[a-z]+"
        assert re.fullmatch(address, file.url)
        assert re.fullmatch("[0-9a-f]{64}", file.digest)


def test_no_two_files_have_one_name():
    names = [file.filename for row in TRANSFORMER_ROWS for file in files(row)]
    assert len(set(names)) == len(names)


@each_row
def test_facts_are_plausible(row):
    assert (row.n_classes, row.top1, row.weights_without_top) == (0, None, None)
    for side in (row.min_size, row.size[0], row.max_size):
        assert side % row.multiple_of == 0 or side == row.min_size
    assert row.texts is None or row.texts.template.count("{}") == 1


@pytest.mark.slow
@each_row
def test_facts_are_those_of_the_processor(row):
    how = theirs.processor(row)
    assert how.resample == {"bilinear": 2, "bicubic": 3}[row.interpolation]
    assert row.resize == ("crop" if how.do_center_crop else "squash")
    if how.do_center_crop:
        assert how.crop_size["height"] / how.size["shortest_edge"] == row.crop_fraction
        assert (how.crop_size["height"], how.crop_size["width"]) == row.size
    else:
        assert (how.size["height"], how.size["width"]) == row.size


@pytest.mark.slow
@each_row
@pytest.mark.parametrize("patches", [None, (5, 8)], ids=["own size", "oblong"])
def test_network_equals_that_of_transformers(row, patches, converter, tmp_path):
    if row.name == "dinov2_base" and patches:
        pytest.skip("dinov2_small differs only in its width")
    size = row.size if patches is None else tuple(row.multiple_of * count for count in patches)
    images = draw_images(size)
    expected = theirs.answer(row, images)
    assert np.ptp(expected["features"], axis=0).max() > 100 * TOLERANCE
    theirs.network(row.name).save_pretrained(tmp_path)
    assert_answers_equal(row, tmp_path / "model.safetensors", images, expected, converter)
