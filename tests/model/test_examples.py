import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from headstart.errors import DamagedModel
from headstart.features.extractor import FeatureExtractor, network_resize
from headstart.images.sources import as_source
from headstart.model import load, parts
from headstart.model.examples import SIDE, Examples, saved_examples

IMAGES = list(np.random.default_rng(0).integers(0, 256, (4, 300, 200, 3), np.uint8))
SOURCES = [as_source(image, index) for index, image in enumerate([*IMAGES, b"no image"])]


@pytest.fixture(scope="module")
def examples(tiny_network):
    extractor = FeatureExtractor(tiny_network, network_resize(tiny_network, "squash"))
    return Examples.of(extractor, SOURCES, [0, 1, 2, 0, 1])


@pytest.fixture
def carrying(save, tmp_path, examples):
    return save(tmp_path / "model", examples=examples).predictor


def test_images_that_can_be_read_are_kept_small(examples):
    assert examples.codes.tolist() == [0, 1, 2, 0]
    assert examples.names.tolist() == ["image 0", "image 1", "image 2", "image 3"]
    assert examples.n_bytes == sum(each.nbytes for each in examples.arrays().values())
    thumbnail = examples.finder(1)(examples.features[1].astype(np.float32))[0].thumbnail
    with Image.open(io.BytesIO(thumbnail)) as image:
        assert image.size == (round(SIDE * 2 / 3), SIDE)


def test_the_most_similar_come_first(examples):
    found = examples.finder(9)(examples.features[2].astype(np.float32))
    assert (found[0].name, found[0].place, round(found[0].similarity, 3)) == ("image 2", 2, 1)
    similar = [each.similarity for each in found]
    assert len(found) == 4
    assert similar == sorted(similar, reverse=True)


def test_a_saved_model_gives_back_what_it_carries(carrying, examples):
    found = saved_examples(carrying)
    for name, array in examples.arrays().items():
        np.testing.assert_array_equal(getattr(found, name), array)
    assert saved_examples(load(carrying.network.folder).predictor) is not None


def test_a_model_without_them_carries_none(save, tmp_path):
    model = save(tmp_path / "model")
    assert saved_examples(model.predictor) is None
    alone = replace(model.predictor, scorer=None)
    assert saved_examples(alone) is None


def test_what_is_altered_is_refused(carrying):
    folder = carrying.network.folder
    content = bytearray((folder / "examples.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "examples.npz").write_bytes(content)
    with pytest.raises(DamagedModel, match=r"examples\.npz was altered"):
        saved_examples(carrying)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("codes", np.array([0, 1, 3, 0])),
        ("codes", np.array([-1, 1, 2, 0])),
        ("codes", np.array([0.0, 1, 2, 0])),
        ("names", np.array(["a"])),
        ("names", np.arange(4)),
        ("ends", np.array([9, 5, 7, 10])),
        ("ends", np.array([1, 2, 3, 10**12])),
        ("features", np.zeros((4, 15), np.float16)),
        ("features", np.zeros((4, 16), np.float32)),
        ("features", np.zeros((0, 16), np.float16)),
        ("thumbnails", np.zeros((2, 2), np.uint8)),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(carrying, examples, name, value):
    folder = carrying.network.folder
    parts.save_arrays(examples.arrays() | {name: value}, folder / "examples.npz")
    parts.write_checksums(folder, parts.read_checksums(folder))
    with pytest.raises(DamagedModel, match="must have features, codes, names and thumbnails"):
        saved_examples(carrying)


def test_an_archive_of_something_else_is_refused(carrying):
    folder = carrying.network.folder
    for write in (
        lambda path: path.write_bytes(b"no archive"),
        lambda path: parts.save_arrays({"codes": np.arange(3)}, path),
    ):
        write(folder / "examples.npz")
        parts.write_checksums(folder, parts.read_checksums(folder))
        with pytest.raises(DamagedModel, match="are damaged"):
            saved_examples(carrying)
