"""Keras's settings: what headstart computes with, whatever the user's own are.

A user may have set another ``floatx``, ``epsilon`` or order of axes, in ``~/.keras/keras.json`` or
in the process. No result may depend on them, and they stay as they are for the user.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from headstart.processes.asking import inherited_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

_FILE = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


def environment(folder: Path, backend: str) -> dict[str, str]:
    """Return the environment for a process that runs Keras with nobody's settings but ours.

    Parameters
    ----------
    folder : Path
        An empty folder for Keras's settings, and for temporary files: not all programs delete
        theirs.
    backend : str
        What Keras runs on.
    """
    (folder / "keras.json").write_text(json.dumps({**_FILE, "backend": backend}), "utf-8")
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    ours = {"KERAS_HOME": str(folder), "KERAS_BACKEND": backend, **temporary}
    return {**inherited_environment(), **ours}


def keras_folder() -> Path:
    """Return the folder in which Keras keeps its settings and downloads; it need not exist."""
    usual = os.path.expanduser("~/.keras")  # noqa: PTH111 - Path.home() fails where there is none
    return Path(os.environ.get("KERAS_HOME") or usual)


@contextlib.contextmanager
def standard_settings(keras: ModuleType) -> Iterator[None]:
    """Have Keras compute with its usual settings while the context is open; then restore them.

    Networks are built, trained and run inside, because Keras reads its settings in all three.
    """
    config = keras.config
    before = _settings(config)
    policy = config.dtype_policy()
    _apply(config, {**_FILE})
    # Without a reason it is left alone: Keras would remember it as chosen by the user.
    if policy.name != _FILE["floatx"]:
        config.set_dtype_policy(_FILE["floatx"])
    try:
        yield
    finally:
        _apply(config, before)
        if config.dtype_policy().name != policy.name:
            config.set_dtype_policy(policy)


def _settings(config: ModuleType) -> dict[str, object]:
    return {name: getattr(config, name)() for name in _FILE}


def _apply(config: ModuleType, settings: Mapping[str, object]) -> None:
    for name, value in settings.items():
        if getattr(config, name)() != value:
            getattr(config, f"set_{name}")(value)
