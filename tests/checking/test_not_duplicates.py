"""The file of pairs that are no copies."""

import pytest
from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.not_duplicates import read_not_duplicates
from headstart.errors import UsageError


@pytest.fixture
def dataset():
    names = ["data/a/1.png", "data/a/2.png", "data/b/1.png"]
    return as_evidence([encoded(photo(n)) for n in range(3)], ["a", "a", "b"], names=names).dataset


def test_pairs_are_named_by_the_ends_of_their_paths(dataset, tmp_path):
    file = tmp_path / "pairs.csv"
    file.write_text("image,other\nb/1.png,data/a/1.png\n2.png,b/1.png\n")
    assert read_not_duplicates(file, dataset) == {(0, 2), (1, 2)}


@pytest.mark.parametrize("name", ["1.png", "c/1.png", ""])
def test_a_name_must_mean_one_image(dataset, tmp_path, name):
    file = tmp_path / "pairs.csv"
    file.write_text(f"image,other\na/2.png,{name}\n")
    with pytest.raises(UsageError, match="only one image has"):
        read_not_duplicates(file, dataset)


def test_there_must_be_two_columns(dataset, tmp_path):
    file = tmp_path / "pairs.csv"
    file.write_text("one,two\na,b\n")
    with pytest.raises(UsageError, match="columns image and other"):
        read_not_duplicates(file, dataset)
