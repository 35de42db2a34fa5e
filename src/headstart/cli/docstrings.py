"""Reads what a class's numpydoc docstring says about its parameters."""

from __future__ import annotations

import inspect
import re

# A full stop after one of these ends no sentence.
_ABBREVIATIONS = ("al", "e.g", "i.e", "cf", "vs")
_END = re.compile("".join(rf"(?<!\b{re.escape(each)})" for each in _ABBREVIATIONS) + r"\.\s+")


def parameters(documented: type) -> dict[str, str]:
    """Return the description of each parameter, by name.

    Parameters
    ----------
    documented : type
        A class whose docstring has a section "Parameters".

    Returns
    -------
    dict of str to str
        Each description is one paragraph. It is empty where the docstring says nothing, which is
        everywhere if Python runs with ``-OO``.
    """
    found: dict[str, list[str]] = {}
    words: list[str] = []
    for line in _section(inspect.cleandoc(documented.__doc__ or ""), "Parameters"):
        if line and not line[0].isspace():
            found[line.partition(":")[0].strip()] = words = []
        else:
            words += line.split()
    return {name: " ".join(words) for name, words in found.items()}


def sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph, without their full stops.

    Examples
    --------
    >>> sentences("How fast it learns (Smith et al. 2017). 0.1 is a good start.")
    ['How fast it learns (Smith et al. 2017)', '0.1 is a good start']
    """
    return _END.split(text.removesuffix("."))


def _section(docstring: str, title: str) -> list[str]:
    lines = docstring.splitlines()
    starts = [n for n, line in enumerate(lines) if n and line and set(line) == {"-"}]
    for start in starts:
        if lines[start - 1] == title:
            ends = (n - 1 for n in starts if n > start)
            return lines[start + 1 : next(ends, len(lines))]
    return []
