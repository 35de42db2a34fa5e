import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.images.odd_images import png, scene
from tests.recorder import Recorder

from headstart.data.inputs import dataset_at, image_sources, labelled_images
from headstart.data.labelled_images import LabelledImages
from headstart.data.settings import DatasetSettings
from headstart.errors import DatasetError, UsageError
from headstart.images.sources import ArraySource, BytesSource, FileSource, as_source


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
    arrays = [source.array for source in sources if isinstance(source, ArraySource)]
    assert np.array_equal(arrays, images)


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
@pytest.mark.parametrize("dtype", [str, object])
def test_an_array_of_paths_is_a_column(shape, dtype):
    paths = np.array(["a.png", "b.png"], dtype).reshape(shape)
    assert names(image_sources(paths)) == ["a.png", "b.png"]


def test_a_table_column_is_a_column():
    table = pd.DataFrame({"path": ["a.png", "b.png"], "label": [0, 1]})
    assert names(image_sources(table["path"])) == ["a.png", "b.png"]
    assert names(image_sources(table[["path"]])) == ["a.png", "b.png"]
    assert names(image_sources(table)) == ["a.png", "b.png"]
    with pytest.raises(DatasetError, match=r"table must have a column named path, .*: x, y"):
        image_sources(pd.DataFrame({"x": ["a.png"], "y": [1]}))


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


PIXELS = np.zeros((2, 8, 8, 3), np.uint8)


@pytest.fixture
def folder(tmp_path):
    for label in ("ant", "bee"):
        (tmp_path / label).mkdir()
        Image.fromarray(PIXELS[0]).save(tmp_path / label / "1.png")
    return tmp_path


@pytest.mark.parametrize(
    "labels", [["ant", "bee"], ("ant", "bee"), np.array(["ant", "bee"]), pd.Series(["ant", "bee"])]
)
def test_labels_come_as_any_sequence(labels):
    sources, found = labelled_images(PIXELS, labels)
    assert [source.name for source in sources] == ["image 0", "image 1"]
    assert found == ["ant", "bee"]
    assert {type(label) for label in found} == {str}


def test_labels_are_the_types_of_python():
    assert {type(label) for label in labelled_images(PIXELS, np.array([0, 1]))[1]} == {int}


def test_a_column_of_labels_is_taken_with_a_warning():
    with pytest.warns(UserWarning, match="column-vector"):
        assert labelled_images(PIXELS, np.array([[0], [1]]))[1] == [0, 1]


@pytest.mark.parametrize("y", [np.eye(2), [[1, 0], [0, 1]], np.eye(2, dtype=bool)])
def test_one_hot_labels_are_refused_with_what_to_do(y):
    with pytest.raises(UsageError, match=r"Pass np\.argmax\(y, axis=1\)"):
        labelled_images(PIXELS, y)


@pytest.mark.parametrize("y", ["ab", b"ab", 3, object()])
def test_labels_are_more_than_one_value(y):
    with pytest.raises(UsageError, match="y must be a list, an array or a column"):
        labelled_images(PIXELS, y)


def test_there_must_be_one_label_for_each_image():
    with pytest.raises(UsageError, match=r"2 images and 1 label\."):
        labelled_images(PIXELS, ["ant"])
    with pytest.raises(UsageError, match="the target y is None"):
        labelled_images(PIXELS)


def test_a_dataset_brings_its_labels(folder):
    sources, labels = labelled_images(folder)
    assert labels == ["ant", "bee"]
    assert [source.name for source in sources] == [str(folder / k / "1.png") for k in labels]
    with pytest.raises(DatasetError, match="nothing at nowhere"):
        labelled_images("nowhere")


def test_one_class_suffices_for_testing_but_not_for_training(folder):
    (folder / "bee" / "1.png").unlink()
    (folder / "bee").rmdir()
    assert labelled_images(folder, part="test")[1] == ["ant"]
    with pytest.raises(DatasetError, match="at least 2 classes"):
        labelled_images(folder)


def test_of_a_dataset_with_splits_one_is_taken():
    sources = [as_source(pixels, i) for i, pixels in enumerate(PIXELS)]
    data = LabelledImages(sources, ["ant", "bee"], ["ant", "bee"], split=["train", "test"])
    assert labelled_images(data) == (sources[:1], ["ant"])
    assert labelled_images(data, part="test") == (sources[1:], ["bee"])
    with pytest.raises(DatasetError, match="valid split"):
        labelled_images(data, part="valid")
    assert labelled_images(data, ["fly", "gnat"]) == (sources, ["fly", "gnat"])


def test_a_dataset_at_a_path_is_read_and_told(folder):
    progress = Recorder()
    images = dataset_at(folder, DatasetSettings(class_level=1), progress=progress)
    assert images.classes == ["ant", "bee"]
    (said,) = progress.said
    assert said.splitlines()[1] == "2 images of 2 classes: ant (1), bee (1)."
    assert dataset_at(images, DatasetSettings(), progress=progress) is images
    assert len(progress.said) == 1
    with pytest.raises(UsageError, match=r"a table is read\. Received: class_level and Labelled"):
        dataset_at(images, DatasetSettings(class_level=1))


@pytest.mark.parametrize("shape", [(2, 8, 9), (2, 8, 9, 1)])
def test_an_array_of_grey_images_is_taken_apart(shape):
    sources = image_sources(np.zeros(shape, np.uint8))
    arrays = [source.array for source in sources if isinstance(source, ArraySource)]
    assert [array.shape for array in arrays] == [(8, 9), (8, 9)]


@pytest.mark.parametrize("width", [3, 4])
def test_what_could_be_one_image_in_colour_is_refused(width):
    with pytest.raises(UsageError, match=r"write \[image\]\."):
        image_sources(np.zeros((8, 8, width), np.uint8))
    assert len(image_sources(np.zeros((8, 8, width), np.uint8)[..., None])) == 8


@pytest.mark.parametrize("images", [{"a.png": "ant"}, {"a.png", "b.png"}])
def test_what_has_no_order_is_refused(images):
    with pytest.raises(UsageError, match=r"in the same order.*list\(d\)"):
        image_sources(images)
    with pytest.raises(UsageError, match="y must be a list"):
        labelled_images(PIXELS, images)


def test_datasets_of_other_packages_are_refused_with_what_to_do():
    other = type("BatchDataset", (), {"__module__": "tensorflow.data", "__iter__": None})
    with pytest.raises(UsageError, match=r"reads images itself.*BatchDataset of tensorflow"):
        image_sources(other())


def test_images_and_labels_may_come_from_generators():
    sources, labels = labelled_images((f"{n}.png" for n in range(2)), (str(n) for n in range(2)))
    assert (names(sources), labels) == (["0.png", "1.png"], ["0", "1"])


class TestDataset:
    def test_may_be_a_pair_of_images_and_labels(self):
        images = dataset_at((["a.png", "b.png"], np.array(["ant", "bee"])))
        assert names(images.sources) == ["a.png", "b.png"]
        assert (images.labels, images.classes) == (["ant", "bee"], ["ant", "bee"])

    def test_of_a_pair_must_have_two_classes(self):
        with pytest.raises(DatasetError, match=r"at least 2 classes\. Received: 1 \('ant'\)"):
            dataset_at((["a.png", "b.png"], ["ant", "ant"]))

    def test_may_be_a_table(self, folder):
        table = pd.DataFrame(
            {"path": [f"{folder}/ant/1.png", f"{folder}/bee/1.png"], "label": ["ant", "bee"]}
        )
        progress = Recorder()
        images = dataset_at(table, progress=progress)
        assert images.labels == ["ant", "bee"]
        assert "in its column path, and the classes in its column label." in progress.said[0]

    @pytest.mark.parametrize("wrong", [["a.png"], ("a.png", "b.png"), PIXELS, 3, None, {}])
    def test_is_not_images_alone(self, wrong):
        with pytest.raises(UsageError, match=r"a tuple \(images, labels\).*target y is None"):
            dataset_at(wrong)

    def test_of_which_nothing_is_read_takes_no_settings(self):
        with pytest.raises(UsageError, match="image_column and tuple"):
            dataset_at((["a.png"], ["ant"]), DatasetSettings(image_column="x"))
