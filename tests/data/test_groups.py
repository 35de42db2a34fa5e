import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.data.datasets import read_dataset
from headstart.data.groups import common_folder, group_codes, merged, values_by
from headstart.data.labelled_images import LabelledImages
from headstart.errors import UsageError
from headstart.images.sources import FileSource


def test_groups_are_numbered_in_the_order_of_their_first_images():
    assert group_codes(["b", "a", "b"], 3).tolist() == [0, 1, 0]
    assert group_codes(None, 3) is None


def test_an_image_without_a_group_is_its_own():
    names = np.array(["a", None, float("nan"), "a", None], object)
    assert group_codes(names, 5).tolist() == [0, 1, 2, 0, 3]


def test_there_must_be_one_for_each_image():
    with pytest.raises(UsageError, match="3 images and 1 group"):
        group_codes(["a"], 3)
    with pytest.raises(UsageError, match="text or numbers"):
        group_codes([["a"], ["b"]], 2)


def test_what_is_together_in_either_is_together():
    one, other = np.array([0, 0, 1, 2, 3]), np.array([5, 6, 6, 7, 8])
    assert merged(one, other).tolist() == [0, 0, 0, 1, 2]
    assert merged(one, None) is one
    assert merged(None, other) is other


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30))
def test_it_is_the_finest_such_partition(pairs):
    one, other = np.array(pairs).T
    found = merged(one, other)
    # The same by spreading the smallest number along both until nothing changes.
    spread = np.arange(len(pairs))
    for _ in pairs:
        for groups in (one, other):
            for group in set(groups.tolist()):
                spread[groups == group] = spread[groups == group].min()
    assert found.tolist() == np.unique(spread, return_inverse=True)[1].tolist()


def in_folders(*paths):
    sources = [FileSource(f"photos/{path}") for path in paths]
    return LabelledImages(sources, ["a"] * len(paths), ["a"])


def test_groups_are_found_in_paths():
    images = in_folders("cat/p1_0.jpg", "cat/p1_1.jpg", "dog/p2_0.JPG")
    assert values_by(images, "{group}_*") == ["p1", "p1", "p2"]
    assert values_by(images, "{group}/*") == ["cat", "cat", "dog"]
    assert values_by(images, r"p(\d)") == ["1", "1", "2"]
    with pytest.raises(UsageError, match=r"does not fit dog/p2_0\.JPG"):
        values_by(images, "p1{group}.jpg")


def test_groups_are_found_in_a_column(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("path,label,Patient\na.jpg,x,7\nb.jpg,y,7\nc.jpg,x,\n")
    images = read_dataset(table)
    assert values_by(images, "patient") == ["7", "7", None]
    assert values_by(images.subset([2, 0]), "patient") == [None, "7"]
    with pytest.raises(UsageError, match="the columns are: Patient"):
        values_by(images, "site")


def test_what_names_no_group_is_refused():
    with pytest.raises(UsageError, match="none besides"):
        values_by(in_folders("a/1.jpg"), "patient")
    with pytest.raises(UsageError, match="regular expression"):
        values_by(in_folders("a/1.jpg"), "(")


def test_the_common_folder_ends_in_a_slash():
    assert common_folder(["a/bc/1", "a/bd/1"]) == "a/"
    assert common_folder(["a", "b"]) == ""
    assert common_folder([]) == ""
