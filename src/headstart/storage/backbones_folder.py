"""The folder for the backbones that a user has added."""

import os
from pathlib import Path

import platformdirs

from headstart.errors import UsageError


def backbones_dir() -> Path:
    """Return the folder for the backbones that the user has added.

    This is ``$HEADSTART_BACKBONES`` if set, else the usual folder of the platform for what programs
    keep (``~/.local/share/headstart/backbones`` on Linux). It is no cache: what is in it can't be
    made again. This function does not create it.

    Raises
    ------
    UsageError
        If ``$HEADSTART_BACKBONES`` is not set, and the user has no home directory.
    """
    named = os.environ.get("HEADSTART_BACKBONES")
    if named:
        return Path(named)
    try:
        usual = platformdirs.user_data_dir("headstart", False)
    except RuntimeError:
        usual = "~"
    if usual.startswith("~"):  # what older versions of platformdirs return
        raise UsageError(
            "There must be a folder for the backbones that are added. Received: no home directory "
            "(HOME) and no HEADSTART_BACKBONES. Set HEADSTART_BACKBONES to a folder that can be "
            "written."
        )
    return Path(usual) / "backbones"
