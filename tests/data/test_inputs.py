import numpy as np
import pytest
from PIL import Image
from tests.data.odd_images import png, scene

from headstart.data.inputs import image_sources
from headstart.data.sources import ArraySource, BytesSource, FileSource
from headstart.errors import UsageError


def names(sources):
    return [source.name for source in sources]


@pytest.mark.parametrize("kind", [list, tuple, iter])
def test_an_iterable_may_mix_all_kinds_of_images(tmp_path, kind):
    images = ["a.png", tmp_path / "b.png", png(), np.zeros((4, 5, 3), np.uint8), scene()]
    sources = image_sources(kind([*images, FileSource("c.png")]))
    assert sources[0] == FileSource("a.png")
    assert sources[2] == BytesSource("image 2", png())
    assert names(sources)[3:] == ["image 3", "image 4", "c.png"]


@pytest.mark.parametrize("channels", [3, 4])
def test_an_array_of_images_is_taken_apart(channels):
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, channels), np.uint8)
    sources = image_sources(images)
    assert all(isinstance(source, ArraySource) for source in sources)
    assert np.array_equal([source.array for source in sources], images)


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
@pytest.mark.parametrize("dtype", [str, object])
def test_an_array_of_paths_is_a_column(shape, dtype):
    paths = np.array(["a.png", "b.png"], dtype).reshape(shape)
    assert names(image_sources(paths)) == ["a.png", "b.png"]


def test_a_table_column_is_a_column():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"path": ["a.png", "b.png"], "label": [0, 1]})
    assert names(image_sources(table["path"])) == ["a.png", "b.png"]
    assert names(image_sources(table[["path"]])) == ["a.png", "b.png"]
    with pytest.raises(UsageError, match=r"Received: DataFrame of shape \(2, 2\)"):
        image_sources(table)


def test_a_path_stands_for_the_images_that_are_found(tmp_path, make_images):
    make_images(tmp_path, "10.png", "9.png")
    expected = [str(tmp_path / "9.png"), str(tmp_path / "10.png")]
    assert names(image_sources(tmp_path)) == expected
    assert names(image_sources(f"{tmp_path}/*.png")) == expected


@pytest.mark.parametrize(
    ("one", "received"),
    [
        (np.zeros((4, 5, 3), np.uint8), r"ndarray of shape \(4, 5, 3\)"),
        (np.zeros((4, 5), np.uint8), r"ndarray of shape \(4, 5\)"),
        (png(), "bytes"),
        (Image.new("RGB", (4, 4)), "Image"),
        (None, "NoneType"),
        (3, "int"),
    ],
)
def test_one_image_is_not_a_list_of_images(one, received):
    with pytest.raises(UsageError, match=rf"list of images.*Received: {received}\. For one image"):
        image_sources(one)


def test_an_element_of_another_type_is_an_error():
    with pytest.raises(UsageError, match=r"image 1 must be .*Received: int"):
        image_sources(["a.png", 3])
