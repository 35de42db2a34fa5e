"""Licences of networks: what a repository's card says, and whether it allows commercial use."""

from __future__ import annotations

import re

from headstart.errors import UsageError

# Creative Commons' licences without commercial use have NC in their name; those of research
# departments say it in words. Apple's AMLR and Intel's licence are for research only.
_NON_COMMERCIAL = re.compile(
    r"(?<![a-z])nc(?![a-z])|non-?commercial|research[ -]only|apple-amlr|intel-research|"
    r"for[ -]research|(?<![a-z])research-license",
)
_SEPARATORS = re.compile(r"[\s_]+")
# The front matter of a card: lines between two of three dashes.
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"^(license|license_name):[ \t]*(.*(?:\n[ \t]*- .*)*)$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_ -]*")
_LONGEST = 200


def licence_of_card(card: str) -> str | None:
    """Return the licence that the front matter of a repository's card names; None if it names none.

    Parameters
    ----------
    card : str
        The text of ``README.md``.

    Returns
    -------
    str or None
        Such as "apache-2.0". The name of a licence that has none of the usual names; several are
        joined by commas.
    """
    front = _FRONT_MATTER.match(card.replace("\r\n", "\n"))
    if front is None:
        return None
    entries = {key: _words(value) for key, value in _ENTRY.findall(front[1])}
    licences = entries.get("license", [])
    if licences == ["other"] or not licences:
        licences = entries.get("license_name") or licences
    return ", ".join(licences)[:_LONGEST] or None


def is_non_commercial(licence: str | None) -> bool:
    """Tell whether a licence forbids commercial use; an unknown one is taken not to."""
    return licence is not None and bool(
        _NON_COMMERCIAL.search(_SEPARATORS.sub("-", licence.lower()))
    )


def check_licence(name: str, licence: str | None, *, allow_non_commercial: bool) -> None:
    """Check that a network may be used.

    Raises
    ------
    UsageError
        If its licence forbids commercial use, and the user has not allowed such ones.
    """
    if is_non_commercial(licence) and not allow_non_commercial:
        raise UsageError(
            f"The licence of {name} is {licence}, which does not allow commercial use. If yours is "
            "none, say so: --allow-non-commercial (allow_non_commercial=True); or choose another "
            "backbone: `headstart models` lists their licences."
        )


def _words(value: str) -> list[str]:
    """Return what is named in a value: a word, a list in brackets, or one below it."""
    # What follows a sign of a comment is none of it.
    lines = [re.sub(r"(^|\s)#.*", "", line) for line in value.splitlines()]
    pieces = [piece for line in lines for piece in re.split(r"[,\[\]]", line)]
    words = [
        _WORD.search(piece.strip().strip("\"'").removeprefix("- ").strip("\"' "))
        for piece in pieces
    ]
    return [word[0].strip() for word in words if word]
