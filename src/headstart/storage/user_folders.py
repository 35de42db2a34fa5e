"""Folders of the user, as variables of the environment or the platform name them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


def user_folder(
    variable: str, usual: Callable[[str, Literal[False]], str], what: str, within: str = ""
) -> Path:
    """Return the folder that a variable names, or the usual one for headstart.

    Parameters
    ----------
    variable : str
        The variable of the environment.
    usual : callable
        A function of platformdirs that returns the folder of a program.
    what : str
        What the folder is for, for the message.
    within : str
        A folder in the usual one.

    Raises
    ------
    UsageError
        If the variable is not set, and the user has no home directory.
    """
    named = os.environ.get(variable)
    if named:
        return Path(named)
    try:
        folder = usual("headstart", False)
    except RuntimeError:
        folder = "~"
    if folder.startswith("~"):  # what older versions of platformdirs return
        raise UsageError(
            f"There must be a folder for {what}. Received: no home directory (HOME) and no "
            f"{variable}. Set {variable} to a folder that can be written."
        )
    return Path(folder, within)
