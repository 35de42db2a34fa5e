"""Judges of what came out: whether names from outside could do more than be read."""

import csv
import io
import json
import re
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

#: Names of classes and files that try to be more than names. None has a slash or NUL: all of them
#: but the addresses may also name a file or a folder.
NAMES = (
    "\x1b[2J\x1b]0;owned\x07",
    "two\nINJECTED\r\nlines",
    "=cmd|' calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\uff1d1",
    "<script>alert(1)<",
    "<img src=x onerror=alert(1)>",
    "<!-- -->",
    "]]>",
    "&lt;b&gt;",
    "![x](x)",
    "[x](javascript:alert(1))",
    "www.example.com",
    "a@example.com",
    "$\\frac{1}{0}$",
    "$$",
    "\u202egpj.exe",
    "\u2066x\u2069",
    "\u2028line",
    "`",
    "a```b",
    "a|b",
    "\\|",
    "# heading",
    "- item",
    "_x_ *y* **z**",
    "{x} {0} %s %(x)s",
    "'; DROP TABLE x; --",
    "--help",
    "~",
    "\x9b31m",
    "x" * 200,
)
#: What only a table can name a class.
LABELS = (
    *NAMES,
    "![x](http://example.com/x.png)",
    "http://example.com/",
    "</td></table>",
    "y" * 500,
)

_ESCAPES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Some scripts need these two.
_JOINERS = "\u200c\u200d"


def judge_terminal(text):
    """Nothing moves a cursor, reverses the direction or begins a line that the name made up."""
    odd = {
        char
        for char in text
        if unicodedata.category(char) in _ESCAPES and char not in _JOINERS + "\n"
    }
    assert not odd, f"{odd} in {text!r}"
    lines = text.splitlines()
    assert not [line for line in lines if line.strip().startswith("INJECTED")], text


def judge_json_lines(text):
    """Each line is JSON; return what they hold."""
    judge_terminal(text)
    return [json.loads(line) for line in text.splitlines()]


def judge_csv(text):
    """No cell is a formula to a spreadsheet; return the rows."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell), repr(cell)
    return rows


def judge_markdown(page):
    """Nothing is HTML, a link, an image or emphasis; return the text of the page."""
    from markdown_it import MarkdownIt

    judge_terminal(page)
    words = []
    pending = MarkdownIt("commonmark", {"html": True}).enable("table").parse(page)
    while pending:
        token = pending.pop(0)
        pending = [*(token.children or ()), *pending]
        kinds = ("html_block", "html_inline", "link_open", "image", "em_open", "strong_open")
        assert token.type not in kinds, token
        if token.type == "text":
            # What GitHub and others make links and formulas of, even where nothing marks it.
            assert not re.search(r"://|www\.|@|\$|\w\.(com|exe)\b", token.content), token.content
        if token.type in ("text", "code_inline", "fence"):
            words.append(token.content)
    return "\n".join(words)


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.words = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")


def judge_html(page):
    """There are only the tags of a report; return its text."""
    parser = _Tags()
    parser.feed(page)
    parser.close()
    assert parser.tags <= {"div", "p", "b", "br", "table", "tr", "th", "td"}, parser.tags
    assert parser.attributes <= {"style", "class"}, parser.attributes
    text = "".join(parser.words)
    judge_terminal(text)
    return text


def judge_svg(text):
    """There is nothing in it that runs or loads."""
    for element in ET.fromstring(text).iter():  # noqa: S314 - our own file
        tag = str(element.tag).rpartition("}")[2]
        assert tag not in ("script", "a", "foreignObject", "iframe"), tag
        for name, value in element.attrib.items():
            assert not name.startswith("on"), name
            if name.endswith("href"):
                assert value.startswith(("#", "data:image/png;base64,")), value
