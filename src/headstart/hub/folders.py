"""Where the hubs' own programs keep what they downloaded, and the variables that say so."""

from __future__ import annotations

import os
from pathlib import Path

_TRUE = {"1", "ON", "YES", "TRUE"}


def is_on(variable: str) -> bool:
    """Tell whether a variable of the environment is set to true, as Hugging Face reads it."""
    return os.environ.get(variable, "").upper() in _TRUE


def hugging_face_home() -> Path:
    """Return the folder of Hugging Face's programs; it need not exist."""
    return _folder("HF_HOME") or _caches() / "huggingface"


def hugging_face_cache() -> Path:
    """Return the folder of the repositories that Hugging Face's programs downloaded."""
    named = _folder("HF_HUB_CACHE") or _folder("HUGGINGFACE_HUB_CACHE")
    return named or hugging_face_home() / "hub"


def kaggle_cache() -> Path:
    """Return the folder of what kagglehub downloaded."""
    return _folder("KAGGLEHUB_CACHE") or _expanded("~/.cache/kagglehub")


def kaggle_settings() -> Path:
    """Return the folder of Kaggle's key."""
    return _folder("KAGGLE_CONFIG_DIR") or _expanded("~/.kaggle")


def tensorflow_hub_cache() -> Path | None:
    """Return the folder of what tensorflow_hub downloaded; None if none is named."""
    return _folder("TFHUB_CACHE_DIR")


def _caches() -> Path:
    return _folder("XDG_CACHE_HOME") or _expanded("~/.cache")


def _folder(variable: str) -> Path | None:
    named = os.environ.get(variable)
    return _expanded(named) if named else None


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's fails without a home
