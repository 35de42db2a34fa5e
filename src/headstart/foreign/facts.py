"""What can be known of a network from outside besides its graph."""

from __future__ import annotations

from dataclasses import dataclass, fields

from headstart.images.resize_rules import Interpolation, Rule  # noqa: TC001 - read by records
from headstart.networks.classes import ClassName  # noqa: TC001 - read by records
from headstart.networks.preprocessing import Preprocessing  # noqa: TC001 - read by records


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a network in a file of another program. None is unknown.

    Attributes
    ----------
    preprocessing : Preprocessing or None
        What happens to the pixels before the network's first layer.
    size : tuple of int or None
        Height and width of the images in pixels.
    resize, crop_fraction, interpolation, antialias
        How an image is brought to `size`; see `headstart.images.resizing.Resize`.
    classes : tuple of ClassName or None
        The classes, in the order of the network's outputs.
    license : str or None
        Licence of the weights.
    source : str or None
        Where the network comes from: an address, a handle or a paper.
    feature_layer : str or None
        The layer whose output is the features.
    """

    preprocessing: Preprocessing | None = None
    size: tuple[int, int] | None = None
    resize: Rule | None = None
    crop_fraction: float | None = None
    interpolation: Interpolation | None = None
    antialias: bool | None = None
    classes: tuple[ClassName, ...] | None = None
    license: str | None = None
    source: str | None = None
    feature_layer: str | None = None

    def over(self, other: Facts) -> Facts:
        """Return these facts, with those of `other` where these are unknown."""
        known = {
            each.name: getattr(other, each.name)
            if getattr(self, each.name) is None
            else getattr(self, each.name)
            for each in fields(self)
        }
        return Facts(**known)
