import pytest

from headstart.data.parents import read_parents
from headstart.errors import DatasetError, UsageError


def written(folder, text):
    path = folder / "parents.csv"
    path.write_text(text)
    return path


def test_a_table_names_the_parents(tmp_path):
    path = written(tmp_path, "class,parent\ncat,animal\nanimal,thing\ncat,animal\n")
    expected = {"cat": "animal", "animal": "thing"}
    assert read_parents(path, ["cat"]) == read_parents(str(path), ["cat"]) == expected


def test_labels_that_are_paths_name_their_parents():
    labels = ["animal/cat", "animal/big/cow", "tree", 7]
    assert read_parents("labels", labels) == {
        "animal/cat": "animal",
        "animal/big/cow": "animal/big",
        "animal/big": "animal",
    }


def test_parents_may_be_given_themselves():
    assert read_parents({"cat": "animal"}, ["cat"]) == {"cat": "animal"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("class,group\ncat,animal\n", "in line 2 the columns: class, group"),
        ("class,parent\ncat,\n", "a class and its parent in each row"),
        ("class,parent\ncat,animal\ncat,thing\n", "'animal' and 'thing' for 'cat'"),
    ],
)
def test_a_table_that_says_something_else_is_refused(tmp_path, text, why):
    with pytest.raises(DatasetError, match=why):
        read_parents(written(tmp_path, text), ["cat"])


@pytest.mark.parametrize("parents", ["no-such.csv", "label"])
def test_what_is_no_table_is_refused(parents):
    with pytest.raises(UsageError, match="must be a table with the columns class and parent"):
        read_parents(parents, ["cat"])
