"""Reads what a class's numpydoc docstring says about its parameters."""

import inspect
import re

# The lines below the title, up to the title of the next section.
_PARAMETERS = re.compile(r"^Parameters\n-+\n(.*?)(?=^[^\n]+\n-+$|\Z)", re.MULTILINE | re.DOTALL)
# A name at the start of a line, and the indented or empty lines below it.
_PARAMETER = re.compile(r"^(\w+).*((?:\n(?: .*)?)*)", re.MULTILINE)

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
    section = _PARAMETERS.search(inspect.cleandoc(documented.__doc__ or ""))
    found = _PARAMETER.findall(section[1]) if section else ()
    return {name: " ".join(text.split()) for name, text in found}


def sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph, without their full stops.

    Examples
    --------
    >>> sentences("How fast it learns (Smith et al. 2017). 0.1 is a good start.")
    ['How fast it learns (Smith et al. 2017)', '0.1 is a good start']
    """
    return _END.split(text.removesuffix("."))
