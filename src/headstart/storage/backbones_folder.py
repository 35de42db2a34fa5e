"""The folder for the backbones that a user has added."""

from pathlib import Path

import platformdirs

from headstart.storage.user_folders import user_folder


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
    usual = platformdirs.user_data_dir
    what = "the backbones that are added"
    return user_folder("HEADSTART_BACKBONES", usual, what, within="backbones")
