"""The catalogue of pre-trained networks, and how a name is found in it."""

from __future__ import annotations

import difflib
import functools
import re
from typing import TYPE_CHECKING

from headstart.backbones.folders import read_row
from headstart.backbones.hub_rows import HUB_ROWS
from headstart.backbones.rows import ROWS
from headstart.backbones.transformer_rows import TRANSFORMER_ROWS
from headstart.backbones.weights import package_folder
from headstart.errors import UnknownBackbone

if TYPE_CHECKING:
    from headstart.backbones.row import Backbone

# Backbone folders that are part of the package, beside this module.
_PACKAGED = ("mini",)


@functools.cache
def backbones() -> tuple[Backbone, ...]:
    """Return the whole catalogue, sorted by name."""
    packaged = (read_row(package_folder() / name) for name in _PACKAGED)
    return tuple(sorted((*ROWS, *HUB_ROWS, *TRANSFORMER_ROWS, *packaged), key=lambda row: row.name))


def look_up(name: str) -> Backbone | None:
    """Return the row with this name, or None.

    Parameters
    ----------
    name : str
        Such as ``mobilenet_v2``. Keras's spelling ``MobileNetV2`` works as well.
    """
    return _by_spelling().get(_spelling(name))


def get_backbone(name: str) -> Backbone:
    """Return the row with this name; see `look_up`.

    Raises
    ------
    UnknownBackbone
        If there is none; with the names that come closest.
    """
    row = look_up(name)
    if row is not None:
        return row
    rows = _by_spelling()
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    alike = [plain] if plain in rows else difflib.get_close_matches(plain, rows, n=3)
    close = [rows[spelling].name for spelling in alike]
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise UnknownBackbone(
        f"There is no backbone named {name!r}.{hint} `headstart models` lists the names."
    )


@functools.cache
def _by_spelling() -> dict[str, Backbone]:
    return {_spelling(row.name): row for row in backbones()}


def _spelling(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
