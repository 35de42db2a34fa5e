"""The questions themselves; tests/data/test_layouts.py holds when they are asked."""

import pytest

from headstart.data import questions
from headstart.data.folders import Folder
from headstart.errors import DatasetError
from headstart.images.sources import BytesSource

IMAGE = ("1.png", BytesSource("1.png", b""))


def folder(name, *inner):
    return Folder(name, f"data/{name}", [(each.name, each) for each in inner] or [IMAGE])


TOP = folder("top", folder("a", folder("fox")), folder("b", folder("hare")))


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (
            lambda: questions.refuse_level(TOP, 3),
            "Received: 3. Level 1 is a, b; level 2 is fox, hare.",
        ),
        (
            lambda: questions.refuse_level(folder("flat"), 1),
            "Received: 1. Level 1 is missing.",
        ),
        (
            lambda: questions.refuse_pattern(TOP, "{label}_*", ["a/1.png"]),
            "Received: '{label}_*', which finds none in a/1.png.",
        ),
        (
            lambda: questions.ask_level(TOP, {1: ["a", "b"], 2: [f"c{i}" for i in range(9)]}),
            "--class-level 2 if they are c0, c1, c2, c3, c4 and 4 more.",
        ),
        (
            lambda: questions.ask_classes_or_splits(TOP, 1, [folder("dev\x1b")], [folder("x")]),
            r"named like splits (dev\x1b) beside x.",
        ),
    ],
)
def test_a_question_names_what_there_is(ask, says):
    with pytest.raises(DatasetError) as caught:
        ask()
    assert says in str(caught.value)
