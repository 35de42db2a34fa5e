"""What two features must share to be comparable: network, resizing, precision and output."""

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

#: Raised whenever the features of an image change, or the way in which they are stored.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Space:
    """Everything besides the image that decides what its features are.

    Attributes
    ----------
    network : str
        ``Network.key``: backbone, weights, input size and conversion.
    resize : str
        The resize rule and its numbers.
    precision : {"f32", "bf16"}
    runtime : {"openvino", "keras"}
    output : str
        The output of the network, such as "features" or "probabilities".
    shape : tuple of int
        The shape of one image's features.
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
        """Bytes of one image's float32 values."""
        return 4 * math.prod(self.shape)

    def describe(self) -> str:
        """Return the space as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def digest(self) -> str:
        """Return a short hash, which names the file of the space."""
        return hashlib.blake2b(self.describe().encode(), digest_size=12).hexdigest()


def _described(resize: Resize) -> str:
    # Only what is not the default is added, so that features cached by earlier versions are found.
    size = f"{resize.rule} {resize.height}x{resize.width} {resize.crop_fraction}"
    interpolation = "" if resize.interpolation == "bilinear" else f" {resize.interpolation}"
    return size + interpolation + ("" if resize.antialias else " no antialiasing")
