"""What a feature cache holds, read from its files."""

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from headstart.features.cache import FeatureCache


def kept(folder: Path | None = None) -> list[tuple[dict[str, Any], int]]:
    """Return the description and the number of images of each space in a cache's folder."""
    return [read_store(path) for path in FeatureCache(folder).folder.glob("*.sqlite")]


def read_store(path: Path) -> tuple[dict[str, Any], int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (description,) = connection.execute("SELECT description FROM space").fetchone()
        (entries,) = connection.execute("SELECT count(*) FROM features").fetchone()
    return json.loads(description), entries


def n_kept(folder: Path | None = None) -> int:
    """Return the number of images in a cache's folder."""
    return sum(entries for _, entries in kept(folder))
