"""XML within limits: every XML that headstart reads is read here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable

#: How many elements may be inside each other: graphs and their notes need a few.
MAX_DEPTH = 30


def read_xml(xml: bytes, begin: Callable[[list[str], dict[str, str]], None]) -> None:
    """Call a function for each element of an XML text, in the order in which they begin.

    Parameters
    ----------
    xml : bytes
        UTF-8, whatever it says of its encoding: each program that reads it must see the same text.
    begin : callable
        Gets the names of the elements around, outermost first, with the element's own name last,
        and its attributes.

    Raises
    ------
    ValueError
        If it is no XML, has a document type, whose entities may grow without end, or elements more
        than `MAX_DEPTH` deep inside each other.
    """
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        if len(path) > MAX_DEPTH:
            raise ValueError(f"elements more than {MAX_DEPTH} deep inside each other")
        begin(path, attributes)

    def end(_: str) -> None:
        path.pop()

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise ValueError(f"no XML: {error}") from error
