import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.image_names import NamedImages, check_places
from headstart.errors import DatasetError, ImageError


def named(folder, name):
    return NamedImages(folder).source(name).name


def test_a_name_may_lack_its_ending(tmp_path, make_images):
    make_images(tmp_path, "a.png", "b.v1.png", "in/c.png")
    assert named(tmp_path, "a") == str(tmp_path / "a.png")
    assert named(tmp_path, "b.v1") == str(tmp_path / "b.v1.png")
    assert named(tmp_path, "in/c") == str(tmp_path / "in" / "c.png")
    assert named(tmp_path, "in\\c") == str(tmp_path / "in" / "c.png")


def test_a_name_with_an_ending_means_that_file_only(tmp_path, make_images):
    make_images(tmp_path, "a.png")
    assert named(tmp_path, "a.png") == str(tmp_path / "a.png")
    assert named(tmp_path, "a.jpg") == str(tmp_path / "a.jpg")


def test_a_missing_image_is_found_missing_when_it_is_read(tmp_path):
    assert named(tmp_path, "nowhere") == str(tmp_path / "nowhere")


def test_a_name_that_could_be_several_images_is_refused(tmp_path, make_images):
    make_images(tmp_path, "a.png", "a.jpg")
    with pytest.raises(DatasetError, match=r"'a', which could be a\.jpg, a\.png in"):
        named(tmp_path, "a")


def test_only_images_are_meant(tmp_path, make_images):
    make_images(tmp_path, "a.png", ".a.png")
    (tmp_path / "a.txt").touch()
    assert named(tmp_path, "a") == str(tmp_path / "a.png")


@pytest.mark.parametrize("names", [["1.png", "2.png"], ["1", "2"], ["nowhere.png", "2.png"]])
def test_images_that_are_where_the_table_says_are_accepted(tmp_path, make_images, names):
    make_images(tmp_path, "1.png", "2.png")
    check_places(names, tmp_path / "a.csv", tmp_path)


@pytest.mark.parametrize("names", [["1.png"], ["1"]])
def test_images_in_a_folder_below_are_asked_about(tmp_path, make_images, names):
    make_images(tmp_path, "data/train/1.png")
    with pytest.raises(DatasetError, match=r"which is in .*train\. Name .* --image-folder"):
        check_places(names, tmp_path / "a.csv", tmp_path)


def test_names_without_endings_that_are_nowhere_are_refused(tmp_path):
    check_places(["1.png"], tmp_path / "a.csv", tmp_path)
    with pytest.raises(DatasetError, match="no image called '1', with any ending"):
        check_places(["1"], tmp_path / "a.csv", tmp_path)


def test_a_name_that_no_system_opens_is_refused(tmp_path):
    assert named(tmp_path, "x" * 300) == str(tmp_path / ("x" * 300))
    with pytest.raises(
        DatasetError, match=r"at most 4,096 characters.*'x{99}\.\.\., which has 5,000"
    ):
        named(tmp_path, "x" * 5000)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=30) | st.text("./\\\0:*~ab", max_size=300), min_size=1))
def test_any_name_is_an_image_or_refused(tmp_path_factory, names):
    folder = tmp_path_factory.getbasetemp()
    with contextlib.suppress(DatasetError):
        check_places(names, folder / "a.csv", folder)
    for name in names:
        with contextlib.suppress(DatasetError, ImageError):
            NamedImages(folder).source(name).read()
