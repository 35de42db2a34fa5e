"""Pre-trained networks: their catalogue, their weights, and their conversion for OpenVINO.

``headstart.backbones()`` lists the catalogue.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headstart.backbones.row import Backbone


class _Room(ModuleType):
    # The package offers the function `headstart.backbones`. Python gives that name to this room as
    # soon as any of its modules is imported, so the room has to do what the function does.
    def __call__(self) -> tuple[Backbone, ...]:
        """Return the whole catalogue, sorted by name."""
        from headstart.backbones.catalogue import backbones

        return backbones()


sys.modules[__name__].__class__ = _Room
