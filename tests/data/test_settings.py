import pytest

from headstart.data.settings import DatasetSettings, label_expression
from headstart.errors import UsageError


def test_without_settings_nothing_is_given():
    assert DatasetSettings().given() == {}
    assert DatasetSettings(class_level=2).given() == {"class_level": 2}


@pytest.mark.parametrize(
    ("pattern", "path", "label"),
    [
        ("{label}.*.jpg", "cat.001.jpg", "cat"),
        ("{label}.*.jpg", "train/Cat.001.JPG", "Cat"),
        ("{label}_*", "a/b/red_fox_1.jpg", "red"),
        ("*/{label}_*", "a/fox_1.jpg", "fox"),
        ("*/{label}_*", "a/b/fox_1.jpg", None),
        ("**/{label}/*", "a/b/fox/1.jpg", "fox"),
        ("{label}.*.jpg", "cat.001.png", None),
        (r"/([a-z]+)[0-9]+[.]jpg$", "x/cat12.jpg", "cat"),
        (r"(?P<label>[A-Z]{2})-", "x/AB-1.jpg", "AB"),
    ],
)
def test_a_pattern_finds_the_label_in_a_path(pattern, path, label):
    found = label_expression(pattern).search(path)
    assert (found[1] if found else None) == label


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"class_level": 0}, "class_level must be at least 1"),
        ({"label_from": "cat"}, "must say once where the label is"),
        ({"label_from": "{label}_{label}"}, "must say once"),
        ({"label_from": "(cat"}, "must be a regular expression"),
        ({"label_from": "{label}.*", "class_level": 2}, "Give one of them"),
    ],
)
def test_wrong_settings_are_refused(settings, says):
    with pytest.raises(UsageError, match=says):
        DatasetSettings(**settings)
