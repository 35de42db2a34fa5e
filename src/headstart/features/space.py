"""What makes two features comparable: the same network, preparation, precision and output."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headstart.backbones.network import Network
    from headstart.data.resizing import Resize
    from headstart.features.engine import Precision, Runtime

#: Changes whenever the same picture may come out differently, or is stored differently.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Space:
    """Everything besides the picture that decides what its features are.

    Attributes
    ----------
    network : str
        ``Network.key``: backbone, weights, input size and conversion.
    resize : str
        The rule and its numbers.
    precision : str
        "f32" or "bf16".
    runtime : str
        "openvino" or "keras".
    output : str
        "features", "feature_map" or "probabilities".
    shape : tuple of int
        Of one picture's values.
    """

    network: str
    resize: str
    precision: str
    runtime: str
    output: str
    shape: tuple[int, ...]
    format: int = FORMAT

    @classmethod
    def of(
        cls, network: Network, resize: Resize, precision: Precision, runtime: Runtime, output: str
    ) -> Space:
        """Return the space of one output of `network`."""
        return cls(
            network.key, _described(resize), precision, runtime, output, network.outputs[output]
        )

    @property
    def length(self) -> int:
        """Bytes of one picture's float32 values."""
        return 4 * math.prod(self.shape)

    def describe(self) -> str:
        """Return the space as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def digest(self) -> str:
        """Return what the space's file is called by."""
        return hashlib.blake2b(self.describe().encode(), digest_size=12).hexdigest()


def _described(resize: Resize) -> str:
    # Only what is not the default is added, so that features cached by earlier versions are found.
    size = f"{resize.rule} {resize.height}x{resize.width} {resize.crop_fraction}"
    interpolation = "" if resize.interpolation == "bilinear" else f" {resize.interpolation}"
    return size + interpolation + ("" if resize.antialias else " no antialiasing")
