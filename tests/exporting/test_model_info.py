import pytest

from headstart.exporting.model_info import joined, label_lines


@pytest.mark.parametrize(
    ("label", "word"),
    [("cat", "cat"), ("horse cart", "horse_cart"), ("", "_"), ("a\u3000b", "a_b")],
)
def test_a_label_is_one_word(label, word):
    assert joined(label) == word


def test_a_label_is_one_line():
    assert label_lines(["horse cart", "a\nb"]) == "horse cart\na b\n"
