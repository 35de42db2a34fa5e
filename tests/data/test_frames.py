import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from tests.images.odd_images import png

from headstart.data.frames import image_cells, is_frame, read_frame
from headstart.data.settings import DatasetSettings
from headstart.errors import DatasetError, UsageError
from headstart.images.sources import ArraySource, BytesSource, PillowSource


class Polars:
    """As much of a DataFrame of polars as is used."""

    class Series:
        def __init__(self, values):
            self.values = values

        def to_list(self):
            return self.values

    def __init__(self, table):
        self.table, self.columns = table, list(table)
        self.shape = (len(table[self.columns[0]]), len(table))

    def __getitem__(self, name):
        return self.Series(self.table[name])


@pytest.fixture(params=[pd.DataFrame, pa.table, Polars])
def make(request):
    return request.param


def test_a_table_has_images_and_labels(make, tmp_path, make_images, monkeypatch):
    make_images(tmp_path, "1.png", "2.png")
    monkeypatch.chdir(tmp_path)
    frame = make({"Filename": ["1.png", "2.png"], "n": [7, 8], "label": [1, 0]})
    assert is_frame(frame)
    images = read_frame(frame)
    assert [source.name for source in images.sources] == ["1.png", "2.png"]
    assert (images.labels, images.classes) == ([1, 0], [0, 1])


def test_settings_name_the_columns_and_the_folder(make, tmp_path, make_images):
    make_images(tmp_path, "train/1.png", "train/2.png")
    frame = make({"id": [1, 2], "breed": ["pug", "husky"], "split": ["train", "test"]})
    settings = DatasetSettings(
        image_column="id", label_column="breed", image_folder=str(tmp_path / "train")
    )
    frame = make({"id": ["1", "2"], "breed": ["pug", "husky"], "split": ["train", "test"]})
    images = read_frame(frame, settings)
    assert [source.name for source in images.sources] == [
        str(tmp_path / "train" / name) for name in ("1.png", "2.png")
    ]
    assert images.split == ["train", "test"]


def test_messages_call_columns_as_the_table_does(make, tmp_path, make_images, monkeypatch):
    make_images(tmp_path, "1.png", "2.png")
    monkeypatch.chdir(tmp_path)
    frame = make(
        {"Foto": ["1.png", "2.png"], "Label": ["pug", "husky"], "Split": ["train", "test"]}
    )
    images = read_frame(frame, DatasetSettings(image_column="foto"))
    assert images.layout == (
        "The table has the images in its column Foto, and the classes in its column Label, "
        "the splits in Split."
    )
    with pytest.raises(DatasetError, match="Received: Foto, Label, Split") as error:
        read_frame(frame)
    assert "first line" not in str(error.value)


def test_images_may_be_whatever_images_are():
    pixels = np.zeros((4, 5, 3), np.uint8)
    cells = [png(), {"bytes": png(), "path": None}, pixels, Image.new("RGB", (4, 4))]
    images = read_frame(pd.DataFrame({"image": cells, "label": list("abab")}))
    kinds = [BytesSource, BytesSource, ArraySource, PillowSource]
    assert [type(source) for source in images.sources] == kinds


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"path": ["1.png", None], "label": ["a", "b"]}, r"one path\. Received: \w+ in row 1"),
        (
            {"path": ["1.png", "2.png"], "label": ["a", None]},
            "Received: None .row 1 of the t",
        ),
        ({"path": ["1.png", "2.png"], "label": [["a"], ["b"]]}, "one model for each label"),
        ({"path": ["1.png", "2.png"], "a": [0, 1], "b": [1, 0]}, "hold only 0 and 1"),
        ({"where": ["1.png"], "label": ["a"]}, "column named path, .*Received: where, label"),
    ],
)
def test_a_wrong_table_is_refused(make, columns, says):
    with pytest.raises(DatasetError, match=says):
        read_frame(make(columns))


def test_the_folder_must_be_there():
    with pytest.raises(UsageError, match="image_folder must be a folder"):
        read_frame(pd.DataFrame(), DatasetSettings(image_folder="nowhere"))


@pytest.mark.parametrize("settings", [{"class_level": 2}, {"label_from": "{label}_*"}])
def test_settings_that_mean_nothing_for_a_table_are_refused(make, settings):
    frame = make({"path": ["1.png", "2.png"], "label": ["a", "b"]})
    with pytest.raises(UsageError, match=f"{next(iter(settings))} must not be given .* in memory"):
        read_frame(frame, DatasetSettings(**settings))


def test_other_things_are_no_tables():
    for other in (None, 3, "a", [1], np.zeros((2, 2)), pd.Series([1])):
        assert not is_frame(other)


def test_of_a_table_without_labels_the_images_are_taken(make):
    assert image_cells(make({"x": ["1.png"]})) == ["1.png"]
    assert image_cells(make({"label": ["a"], "path": ["1.png"]})) == ["1.png"]
