"""Text from outside in a page of Markdown, such as a model card."""

import re

from headstart.display.text import shorten

# A name is not read any further; a table may give a label of megabytes.
_WIDEST = 200
# Words, numbers and what stands between them in a sentence. Not among them is all that Markdown, or
# a page that shows it, makes something of: emphasis, links, addresses, HTML, mentions and formulas.
_PLAIN = re.compile(
    r"(?:[^\W_]|(?<=\w)_(?=\w)|\.(?![^\W\d_])|:(?!//)|[ \-'\",();/%=+]|[^\x00-\x7f])*"
)


def markdown(text: object, at_most: int = _WIDEST) -> str:
    """Return text that a page of Markdown shows as it is, on one line and in so many letters.

    What is more than plain words becomes code, in which nothing is a link, an image, HTML or a
    formula.

    Examples
    --------
    >>> markdown("tabby cat"), markdown("![cat](http://example.com/c.png)")
    ('tabby cat', '`![cat](http://example.com/c.png)`')
    """
    words = str(text)
    return shorten(words, at_most) if _PLAIN.fullmatch(words) else code(words)


def markdown_cell(text: object) -> str:
    """Return text as `markdown` does, for a cell of a table."""
    # Tables are split into cells before anything else is read.
    return markdown(text).replace("|", "\\|")


def code(text: str) -> str:
    """Return text as code within a line.

    Examples
    --------
    >>> code("a`b")
    '``a`b``'
    """
    line = shorten(text, _WIDEST)
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    # Markdown takes one space from both ends.
    room = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{room}{line}{room}{fence}"
