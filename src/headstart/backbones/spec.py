"""The network that a user asks for: a backbone and a variant of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart.backbones.pooling import Pooling  # noqa: TC001 - flags are made from the types

if TYPE_CHECKING:
    from pathlib import Path

    from headstart.backbones.network import Network


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A backbone and the variant of it that is wanted.

    Parameters
    ----------
    backbone : str, Path or Network, default="auto"
        The name of a backbone (`headstart models` lists them) or a folder that holds one. It may
        also be a converted network or its folder. "auto" takes the best quick backbone whose
        weights are on this computer, or else downloads mobilenet_v2 (14 MB), or else takes mini and
        says so.
    weights : str or Path, optional
        A weights file for the backbone, instead of the one that is found or downloaded.
    size : tuple of int, optional
        Height and width of the images in pixels, instead of those the backbone was trained on.
    layer : str, optional
        The layer whose output becomes the features, instead of the backbone's own choice. If
        that is a feature map, its means become the features.
    pooling : {"auto", "avg", "max", "flatten"}, default="auto"
        How the feature map becomes features: its means ("avg"), its maxima ("max") or all of its
        values ("flatten"). "auto" takes the features that the backbone was trained with.
    mirror : bool, default=False
        Whether the network also sees each image mirrored and returns the mean of both: not for
        letters or anything else with a left and a right. This can raise accuracy and doubles the
        time.
    """

    backbone: str | Path | Network = "auto"
    weights: str | Path | None = None
    size: tuple[int, int] | None = None
    layer: str | None = None
    pooling: Pooling = "auto"
    mirror: bool = False
