"""Run contestants in turn, round after round."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from settings import Failed, Processes, say

Records = dict[str, list[dict[str, Any]]]


def in_turn(
    run: Callable[..., dict[str, Any]],
    commands: Mapping[str, Sequence[str | Path]],
    repeats: int,
    *,
    within: Processes | None = None,
    failed: dict[str, str] | None = None,
) -> Records:
    """Return the records of each contestant, one for each round.

    Parameters
    ----------
    run : callable
        Runs a contestant with its arguments, and returns its record.
    commands : mapping
        Name to contestant and arguments.
    repeats : int
        Rounds. Every second one is in reverse order, so that no contestant is always first.
    within : Processes, optional
        There are fewer rounds if the time that these have left is not enough for another one.
    failed : dict, optional
        Receives why a contestant failed, which then drops out and has no records. Without it,
        `Failed` is raised.
    """
    records: Records = {name: [] for name in commands}
    for number in range(repeats):
        began = time.monotonic()
        for name in list(records)[:: -1 if number % 2 else 1]:
            say(f"round {number + 1} of {repeats}: {name}")
            try:
                records[name].append(run(*commands[name]))
            except Failed as error:
                if failed is None:
                    raise
                failed[name] = str(error)
                del records[name]
        if within is not None and within.seconds_left < 1.2 * (time.monotonic() - began):
            break
    return records


def column(records: Records, field: str = "images_per_second") -> dict[str, list[float]]:
    """Return one figure of each record."""
    return {name: [record[field] for record in each] for name, each in records.items()}
