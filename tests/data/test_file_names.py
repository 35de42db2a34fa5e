import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.data.file_names import IMAGE_SUFFIXES, is_hidden, natural_key, why_skipped


def test_suffixes_are_lower_case_and_begin_with_a_dot():
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in IMAGE_SUFFIXES)
    assert {".jpg", ".jpeg", ".png", ".webp", ".tif", ".heic", ".svg"} <= IMAGE_SUFFIXES


@pytest.mark.parametrize(
    "name",
    [
        *("@eaDir", ".AppleDouble", "__MACOSX", "._1.jpg", "Thumbs.db", "THUMBS.DB", "desktop.ini"),
        *("#recycle", "$RECYCLE.BIN", "lost+found", "System Volume Information", "@Recycle"),
        *(".ipynb_checkpoints", ".thumbnails", ".DS_Store"),
    ],
)
def test_what_the_system_makes_is_skipped_and_counted_as_such(name):
    assert why_skipped(name) == "made by the system"
    assert is_hidden(name)


def test_other_names_with_a_dot_in_front_are_hidden():
    assert why_skipped(".git") == "hidden"
    assert why_skipped("thumbs") is None
    assert not is_hidden("cat.1.jpg")


def test_numbers_are_compared_by_value():
    names = ["1.jpg", "2.jpg", "10.jpg", "010.jpg", "a1b2", "a1b10", "A2", "a10", "b"]
    expected = ["1.jpg", "2.jpg", "010.jpg", "10.jpg", "a1b2", "a1b10", "A2", "a10", "b"]
    shuffled = random.Random(0).sample(names, len(names))
    assert sorted(shuffled, key=natural_key) == expected


@given(st.lists(st.text(max_size=12), max_size=12), st.randoms())
def test_the_order_does_not_depend_on_the_original_order(names, source):
    shuffled = list(names)
    source.shuffle(shuffled)
    assert sorted(shuffled, key=natural_key) == sorted(names, key=natural_key)
