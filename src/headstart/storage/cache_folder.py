"""The folder for everything that can be downloaded or computed again."""

import os
from pathlib import Path

import platformdirs

from headstart.errors import UsageError


def cache_dir() -> Path:
    """Return the folder for everything that can be downloaded or computed again.

    This is ``$HEADSTART_CACHE`` if set, else the usual folder of the platform
    (``~/.cache/headstart`` on Linux). It has the subfolders ``weights``, ``hub``, ``networks``
    and ``features``. This function does not create it.

    Raises
    ------
    UsageError
        If ``$HEADSTART_CACHE`` is not set, and the user has no home directory.
    """
    named = os.environ.get("HEADSTART_CACHE")
    if named:
        return Path(named)
    try:
        usual = platformdirs.user_cache_dir("headstart", False)
    except RuntimeError:
        usual = "~"
    if usual.startswith("~"):  # what older versions of platformdirs return
        raise UsageError(
            "There must be a folder for what headstart keeps on disk. Received: no home directory "
            "(HOME) and no HEADSTART_CACHE. Set HEADSTART_CACHE to a folder that can be written."
        )
    return Path(usual)
