"""Results on stdout: a report for people, JSON for programs."""

import json
import sys
from typing import Any, Protocol


class Result(Protocol):
    """What `print_result` can print."""

    def to_dict(self) -> dict[str, Any]:
        """Return the result for programs."""


def print_json(value: Any) -> None:
    """Print one line of JSON."""
    print(json.dumps(value, ensure_ascii=False))


def print_result(result: Result, *, as_json: bool) -> None:
    """Print a result as a report for people or as JSON for programs.

    A terminal shows the report. A program that reads stdout gets JSON; the report then goes to
    stderr, where a person can still read it.

    Parameters
    ----------
    result : Result
        Its text is the report.
    as_json : bool
        Whether to print JSON only.
    """
    watched = sys.stdout.isatty()
    if as_json or not watched:
        print_json(result.to_dict())
    if not as_json:
        print(result, file=sys.stdout if watched else sys.stderr)
