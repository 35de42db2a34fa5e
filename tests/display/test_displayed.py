from headstart.display.displayed import Displayed
from headstart.display.table import Table


class Result(Displayed):
    def display_parts(self):
        yield "3 of 4 right.\nIn 2 s."
        yield Table(rows=[])
        yield Table(rows=[("cat <b>", "3")])


def test_text_has_a_blank_line_between_parts_and_no_empty_table():
    assert str(Result()) == "3 of 4 right.\nIn 2 s.\n\n  cat <b>  3"


def test_repr_is_the_first_line():
    assert repr(Result()) == "<Result: 3 of 4 right.>"


def test_html_is_escaped_and_holds_no_formulas():
    found = Result()._repr_html_()
    assert found.startswith(
        '<div class="tex2jax_ignore mathjax_ignore"><p>3 of 4 right.<br/>In 2 s.'
    )
    assert "cat &lt;b&gt;" in found
    assert found.count("<table>") == 1


def test_paragraphs_hold_nothing_that_moves_the_cursor():
    class Strange(Displayed):
        def display_parts(self):
            yield "\x1b[2J"

    assert str(Strange()) == "\\x1b[2J"
    assert "\x1b" not in Strange()._repr_html_()
