"""What a numpydoc docstring says about parameters."""

import pytest

from headstart.cli.docstrings import parameters, sentences


class Documented:
    """A cake.

    It is eaten.

    Parameters
    ----------
    eggs : int, default=3
        How many eggs it has. Three
        are enough.
    flour : float
        Grams of it.
    glaze : {"lemon", "none"}, default="lemon"
        What is on top: "lemon" is sour.

        A second paragraph.
    plate

    Raises
    ------
    ValueError
        If it is burnt.
    """


def test_each_parameter_has_its_description_as_one_paragraph():
    assert parameters(Documented) == {
        "eggs": "How many eggs it has. Three are enough.",
        "flour": "Grams of it.",
        "glaze": 'What is on top: "lemon" is sour. A second paragraph.',
        "plate": "",
    }


def test_the_last_section_ends_with_the_docstring():
    class Short:
        """A line.

        Parameters
        ----------
        size : int
            Its length.
        """

    assert parameters(Short) == {"size": "Its length."}


@pytest.mark.parametrize("docstring", [None, "", "Nothing about parameters."])
def test_a_docstring_that_says_nothing(docstring):
    assert parameters(type("Silent", (), {"__doc__": docstring})) == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two.", ["One", "Two"]),
        ("Only one.", ["Only one"]),
        ("No full stop", ["No full stop"]),
        ("From 0.1 to 0.5. Then more.", ["From 0.1 to 0.5", "Then more"]),
        ("As `load(size=...)` does. Yes.", ["As `load(size=...)` does", "Yes"]),
        ("See Ng et al. 2017, e.g. page 3. 0 is 0.", ["See Ng et al. 2017, e.g. page 3", "0 is 0"]),
        ("", [""]),
    ],
)
def test_the_sentences_of_a_paragraph(text, found):
    assert sentences(text) == found
