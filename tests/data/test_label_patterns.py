import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.data.label_patterns import label_in, suggested_pattern
from headstart.data.settings import label_expression


def test_a_label_is_found_or_not():
    expression = label_expression("{label}_*")
    assert label_in("a/fox_1.jpg", expression) == "fox"
    assert label_in("a/fox.jpg", expression) is None
    assert label_in("x.jpg", label_expression("(y?)x")) is None
    named = label_expression(r"([0-9]+)_(?P<label>[a-z]+)")
    assert label_in("7_fox.jpg", named) == "fox"


@pytest.mark.parametrize(
    ("names", "pattern", "labels"),
    [
        ("cat.0.jpg cat.1.jpg dog.0.jpg dog.1.jpg", "{label}.*.*", "cat dog"),
        ("d/fox_1.jpg d/fox_2.jpg d/hare_1.jpg d/hare_2.jpg", "{label}_*", "fox hare"),
        ("a-1.png a-2.png b-1.png b-2.png", "{label}-*", "a b"),
        (
            "cat1.jpg cat2.jpg dog1.jpg dog2.jpg",
            r"([^\W\d_]+)\d+[.]\w+$",
            "cat dog",
        ),
        ("IMG_1.jpg IMG_2.jpg IMG_3.jpg", None, ""),
        ("2024_1.jpg 2024_2.jpg 2025_1.jpg 2025_2.jpg", None, ""),
        ("a_1.jpg b_1.jpg c_1.jpg", None, ""),
        ("cat_1.jpg cat_2.jpg dog_1.jpg dog_2.jpg 7.jpg", "{label}_*", "cat dog"),
        ("cat_1.jpg cat_2.jpg dog_1.jpg dog_2.jpg 6.jpg 7.jpg 8.jpg 9.jpg", None, ""),
        ("", None, ""),
    ],
)
def test_usual_patterns_are_suggested(names, pattern, labels):
    found = suggested_pattern(names.split())
    if pattern is None:
        assert found is None
    else:
        assert (found.pattern, " ".join(found.labels)) == (pattern, labels)


def test_long_names_in_deep_folders_take_no_minutes_to_compare():
    """The time grows with the square of what is compared."""
    folder = "/".join(["a" * 250] * 100)
    assert suggested_pattern([f"{folder}/{'b' * 250}{n}" for n in range(2_000)]) is None


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(max_size=20) | st.text("a1._- /", max_size=20), max_size=20),
    st.sampled_from(["{label}.*.*", "*/{label}_*", "**{label}", r"([^\W\d_]+)\d+[.]\w+$", "(x?)"]),
)
def test_any_path_has_a_label_or_none(paths, pattern):
    for path in paths:
        label = label_in(path, label_expression(pattern))
        assert label is None or (label and label in path)
    found = suggested_pattern(paths)
    assert found is None or len(found.labels) > 1
