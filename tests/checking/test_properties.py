"""The cheap properties of image files."""

import os

import pytest
from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.properties import _pattern, properties


def test_numbers_and_names_become_columns():
    files = [encoded(photo(0, (60, 30))), encoded(photo(1, (40, 40)), "JPEG")]
    names, values = properties(as_evidence(files, ["a", "b"], names=["a/IMG_1.png", "b/x.jpg"]))
    assert values.shape == (2, len(names))
    column = dict(zip(names, values.T.tolist(), strict=True))
    assert column["width"] == [60, 40]
    assert column["shape (width / height)"] == [2, 1]
    assert column["format (PNG)"] == [1, 0]
    assert column["file name (IMG_0.png)"] == [1, 0]
    assert not any(name.startswith("camera") for name in names)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        (f"a{os.sep}cat.001.jpg", "label.0.jpg"),
        ("IMG_0012.JPG", "IMG_0.JPG"),
        ("f3a9bc0012ef.png", "0.png"),
        ("facade.png", "facade.png"),
    ],
)
def test_names_have_a_pattern_in_which_the_label_does_not_count(name, pattern):
    assert _pattern(name, "cat") == pattern
