"""The columns by which a list of a dataset says what is kept, dropped and relabelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from headstart.errors import DatasetError
from headstart.escaping import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.data.rows import Row

#: What a list of a dataset does with an image.
Action = Literal["keep", "relabel", "drop"]
ACTIONS: tuple[Action, ...] = get_args(Action)
#: Both columns make a table such a list. Its column of labels holds those to use.
ACTION, ORIGINAL_LABEL = "action", "original_label"


def kept_rows(rows: Sequence[Row], name: str) -> list[Row]:
    """Return the rows of a table that are not dropped; all rows if it is no such list.

    Raises
    ------
    DatasetError
        An action is unknown, or every row is dropped.
    """
    if not {ACTION, ORIGINAL_LABEL} <= rows[0].cells.keys():
        return list(rows)
    for row in rows:
        action = row.cells.get(ACTION)
        if action not in ACTIONS:
            raise DatasetError(
                f"Every {ACTION} in {name} must be keep, relabel or drop. Received: "
                f"{quoted(action)} in line {row.line}."
            )
    kept = [row for row in rows if row.cells[ACTION] != "drop"]
    if not kept:
        raise DatasetError(
            f"{name} must keep at least one image. Received: {len(rows):,} rows, all of which say "
            "drop."
        )
    return kept
