"""The network that a user asks for: a backbone and a variant of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, Unpack

from headstart.arguments import Means, Positive, check_fields
from headstart.errors import UsageError
from headstart.networks.pooling import Pooling  # noqa: TC001 - flags are made from the types
from headstart.networks.preprocessing import (
    PreprocessingName,  # noqa: TC001 - flags are made from the types
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from headstart.networks.network import Network


#: Height and width in pixels, or one number that is both.
Size = Annotated[
    Positive | tuple[Positive, Positive],
    Means("height and width in pixels, such as (224, 224), or one number for both"),
]


class Variant(TypedDict, total=False):
    """The fields of `NetworkSpec` besides the backbone, as keywords of a function."""

    weights: str | Path | None
    size: Size | None
    layer: str | None
    pooling: Pooling
    mirror: bool
    preprocessing: PreprocessingName | None
    allow_non_commercial: bool


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A backbone and the variant of it that is wanted.

    Parameters
    ----------
    backbone : str, Path or Network, default="auto"
        The name of a backbone (`headstart models` lists them) or a folder that holds one. It may
        also be a converted network or its folder; a file of another program with a network, or the
        folder of a SavedModel; or the handle or address of a network on a hub. "auto" takes the
        best quick backbone whose weights are on this computer, or else downloads mobilenet_v2 (14
        MB), or else takes mini and says so.
    weights : str or Path, optional
        A weights file for the backbone, instead of the one that is found or downloaded.
    size : int or tuple of int, optional
        Height and width of the images in pixels, instead of those the backbone was trained on. One
        number is both.
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
    preprocessing : str, optional
        What happens to the pixels of an image before the first layer, for a network in a file that
        does not say it. "inside" does nothing, "zero-to-one" divides by 255, "tf" scales to -1 to
        1, "torch" also subtracts ImageNet's mean and divides by its standard deviation, "clip" does
        so with CLIP's, "caffe" takes BGR minus ImageNet's mean. "-bgr" and "-rgb" at the end of a
        name stand for the other order of channels. The default is what the file says.
    allow_non_commercial : bool, default=False
        Whether a network may be used whose licence forbids commercial use. "auto" never takes one.

    Raises
    ------
    UsageError
        If a value is of another type or out of its range.
    """

    backbone: str | Path | Network = "auto"
    weights: str | Path | None = None
    size: Size | None = None
    layer: str | None = None
    pooling: Pooling = "auto"
    mirror: bool = False
    preprocessing: PreprocessingName | None = None
    allow_non_commercial: bool = False

    def __post_init__(self) -> None:
        """Refuse values of another type or range."""
        check_fields(self)

    @classmethod
    def of(
        cls, backbone: str | Path | Network | NetworkSpec, **variant: Unpack[Variant]
    ) -> NetworkSpec:
        """Return what is wanted of a backbone; a keyword's default changes nothing.

        Parameters
        ----------
        backbone : str, Path, Network or NetworkSpec
            With a NetworkSpec, its fields hold where no keyword says anything else.
        **variant
            The other fields of `NetworkSpec`.
        """
        spec = backbone if isinstance(backbone, NetworkSpec) else cls(backbone)
        return replace(spec, **cls(**variant).asked)

    @property
    def asked(self) -> dict[str, Any]:
        """The fields besides the backbone that are not the defaults, with their values."""
        others = {each.name: each.default for each in fields(self) if each.name != "backbone"}
        return {
            name: getattr(self, name)
            for name, default in others.items()
            if getattr(self, name) != default
        }

    def refuse(self, names: Collection[str], why: str) -> None:
        """Refuse what is asked for in these fields.

        Parameters
        ----------
        names : collection of str
            Fields that mean nothing here.
        why : str
            What must hold, as a sentence.

        Raises
        ------
        UsageError
            If one of them is not the default.
        """
        received = [f"{name}={value!r}" for name, value in self.asked.items() if name in names]
        if received:
            raise UsageError(f"{why} Received: {', '.join(received)}. Leave that out.")

    @property
    def height_and_width(self) -> tuple[int, int] | None:
        """The size of the images in pixels, if it is given."""
        if self.size is None:
            return None
        height, width = self.size if isinstance(self.size, tuple | list) else (self.size,) * 2
        return int(height), int(width)


def network_specs(
    backbones: Sequence[str | Path | Network | NetworkSpec], **variant: Unpack[Variant]
) -> list[NetworkSpec]:
    """Return what is wanted of several backbones, each once; see `NetworkSpec.of`.

    Raises
    ------
    UsageError
        If there is no backbone, or one weights file for several.
    """
    found: list[NetworkSpec] = []
    for each in backbones:
        spec = NetworkSpec.of(each, **variant)
        if spec not in found:
            found.append(spec)
    if not found:
        raise UsageError("backbones must name at least one. Received: none.")
    if len(found) > 1 and variant.get("weights") is not None:
        raise UsageError(
            f"weights must come with one backbone. Received: {variant['weights']} with "
            f"{len(found)} backbones."
        )
    return found
