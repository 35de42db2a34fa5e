import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attacks.judges import LABELS, judge_markdown

from headstart.display.markdown import code, markdown, markdown_cell
from headstart.escaping import printable


@pytest.mark.parametrize(
    "text",
    [
        "dog",
        "tabby cat",
        "n02129604",
        "sea-lion (adult)",
        "my_class",
        "1.5",
        "caf\u00e9",
        "\u732b",
        "50 %",
    ],
)
def test_plain_words_stay_as_they_are(text):
    assert markdown(text) == markdown_cell(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a*b", "`a*b`"),
        ("_a_", "`_a_`"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        ("```", "```` ``` ````"),
        ("example.com", "`example.com`"),
        ("two\nlines", "`two\\nlines`"),
        ("", ""),
    ],
)
def test_everything_else_is_code(text, shown):
    assert markdown(text) == shown


def test_a_pipe_stays_in_its_cell():
    assert markdown_cell("a|b") == r"`a\|b`"


def test_long_names_are_cut():
    assert len(markdown("x" * 10_000)) == 200
    assert len(markdown("`" * 10_000)) < 700


@given(st.text() | st.sampled_from(LABELS))
def test_no_text_does_anything_in_a_page(text):
    page = f"| a | b |\n|---|---|\n| {markdown_cell(text)} | end |\n\n- Made of {markdown(text)}.\n"
    found = judge_markdown(page)
    assert "end" in found
    if len(text) < 100 and text.strip() and "|" not in text:
        assert found.count(printable(text).strip()) >= 2


@given(st.text(min_size=1, max_size=100))
def test_code_is_read_back(text):
    from markdown_it import MarkdownIt

    (paragraph,) = [
        token for token in MarkdownIt().parse(f"a {code(text)} b") if token.type == "inline"
    ]
    (span,) = [child.content for child in paragraph.children if child.type == "code_inline"]
    assert span.strip() == printable(text).strip()


def test_a_sentence_may_be_longer():
    sentence = "as many words as it takes " * 10
    assert "…" in markdown(sentence)
    assert markdown(sentence, at_most=500) == sentence
