"""Reads what the tests of the documents need from Markdown: code, tables, links, headings."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_NOT_RUN = re.compile(r"<!-- not run: (?P<reason>[^>]+) -->\s*\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes
    ----------
    line : int
        Where it begins in its document, from 1.
    language : str
        What stands behind the first fence.
    text : str
        What stands between the fences.
    not_run : str or None
        The reason in the comment ``<!-- not run: reason -->`` above it.
    """

    line: int
    language: str
    text: str
    not_run: str | None


def blocks(markdown):
    """Return the fenced blocks, in order."""
    found = []
    for match in _FENCE.finditer(markdown):
        before = markdown[: match.start()]
        mark = _NOT_RUN.search(before)
        text = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        reason = mark["reason"] if mark else None
        found.append(Block(before.count("\n") + 1, match["language"], text, reason))
    return found


def prose(markdown):
    """Return the text without its fenced blocks."""
    return _FENCE.sub("", markdown)


def code_spans(markdown):
    """Return what stands between single backticks in the prose, line breaks as blanks."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(markdown))]


def links(markdown):
    """Return the targets of links and images in the prose."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(markdown)))


def anchors(markdown):
    """Return what links can point to with ``#``: the headings as they stand in addresses."""
    headings = re.findall(r"^#+ (.+)$", prose(markdown), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def table(markdown, first_heading):
    """Return the rows, as lists of cells, of every table whose first heading is `first_heading`."""
    rows, inside = [], False
    for line in prose(markdown).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if not cells:
            inside = False
        elif inside:
            rows.append(cells)
        elif cells[0].lower() == first_heading:
            inside = True
    return [row for row in rows if not set(row[0]) <= set("-: ")]
