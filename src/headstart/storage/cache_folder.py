"""The folder for everything that can be downloaded or computed again."""

from pathlib import Path

import platformdirs

from headstart.storage.user_folders import user_folder


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
    what = "what headstart keeps on disk"
    return user_folder("HEADSTART_CACHE", platformdirs.user_cache_dir, what)
