"""What the JSON files beside a network on Hugging Face say of it: transformers' and timm's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.escaping import quoted
from headstart.foreign.facts import Facts
from headstart.foreign.labels import named_classes
from headstart.networks.classes import imagenet_classes
from headstart.networks.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headstart.images.resize_rules import Interpolation, Rule
    from headstart.networks.classes import ClassName

# Pillow's numbers of its filters, which transformers writes; and timm's names.
_RESAMPLE: dict[object, Interpolation] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_INTERPOLATIONS: dict[object, Interpolation] = {
    name: name for name in ("nearest", "lanczos", "bilinear", "bicubic")
}
_CROP_MODES: dict[object, Rule] = {"center": "crop", "squash": "squash", "border": "pad"}
# LeViT's resizes to more than it says.
_LEVIT = 224 / 256
# Above this side, transformers' ConvNeXT squashes.
_LARGEST_CROPPED = 384


def facts_of_preprocessor(config: Mapping[str, Any]) -> Facts:
    """Return what transformers' ``preprocessor_config.json`` says.

    Raises
    ------
    ValueError, TypeError, LookupError
        If it is something else.
    """
    config = config.get("image_processor", config)
    return Facts(
        preprocessing=_arithmetic(config),
        interpolation=_RESAMPLE[config["resample"]] if "resample" in config else None,
        antialias=True if "resample" in config else None,
        **_geometry(config),
    )


def _arithmetic(config: Mapping[str, Any]) -> Preprocessing | None:
    normalises = config.get("do_normalize", "image_mean" in config)
    if normalises and not ("image_mean" in config and "image_std" in config):
        return None  # those of its class, which only transformers knows
    mean, std = (0.0,) * 3, (1.0,) * 3
    if normalises:
        mean, std = _three(config["image_mean"]), _three(config["image_std"])
    scale = 1.0
    if config.get("do_rescale", True):
        scale = round(1 / float(config.get("rescale_factor", 1 / 255)), 6)
    if config.get("rescale_offset"):
        return None
    if config.get("include_top"):
        # EfficientNet's divides by the standard deviation twice.
        std = _three([number**2 for number in std])
    if not scale > 0 or min(std) <= 0:
        raise ValueError(f"rescale_factor or image_std of {quoted(config)}")
    found = Preprocessing("rgb", scale, mean, std)
    # MobileViT's takes BGR.
    return found.reversed() if config.get("do_flip_channel_order") else found


def _geometry(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return size, resize rule and crop fraction, as far as they are written."""
    size = _sides(config.get("size")) if config.get("do_resize", True) else None
    crop = _sides(config.get("crop_size")) if config.get("do_center_crop") else None
    if crop is not None:
        if size is None or min(crop) > min(size):
            return {"size": crop}
        kept = min(crop) / min(size) * _share(config.get("crop_pct") or 1)
        if str(config.get("image_processor_type", "")).startswith("Levit"):
            kept *= _LEVIT
        return {"size": crop, "resize": "crop", "crop_fraction": kept}
    if size is None:
        return {}
    share = config.get("crop_pct")
    if share is not None and size[0] < _LARGEST_CROPPED:
        return {"size": size, "resize": "crop", "crop_fraction": _share(share)}
    return {"size": size, "resize": "squash"}


def _sides(size: Any) -> tuple[int, int] | None:
    """Return height and width of a size as transformers writes it: a number, sides, or an edge."""
    if size is None:
        return None
    if isinstance(size, dict):
        edge = size.get("shortest_edge")
        sides = [edge, edge] if edge is not None else [size.get("height"), size.get("width")]
    else:
        sides = size if isinstance(size, list) else [size, size]
    height, width = (side if type(side) is int else 0 for side in sides)
    if min(height, width) < 1:
        raise ValueError(f"a size of {quoted(size)}")
    return height, width


def facts_of_config(config: Mapping[str, Any]) -> Facts:
    """Return what ``config.json`` says: transformers' classes, or timm's ``pretrained_cfg``.

    Raises
    ------
    ValueError, TypeError, LookupError
        If it is something else.
    """
    if "pretrained_cfg" in config:
        return _facts_of_timm(config)
    names = config.get("id2label")
    return Facts(classes=_numbered(names) if names else None)


def _facts_of_timm(config: Mapping[str, Any]) -> Facts:
    row = config["pretrained_cfg"]
    channels, height, width = row["input_size"]
    if channels != 3:
        raise ValueError(f"an input_size of {quoted(row['input_size'])}")
    return Facts(
        preprocessing=Preprocessing("rgb", 255.0, _three(row["mean"]), _three(row["std"])),
        size=(int(height), int(width)),
        resize=_CROP_MODES[row.get("crop_mode", "center")],
        crop_fraction=_share(row.get("crop_pct", 0.875)),
        interpolation=_INTERPOLATIONS[row["interpolation"]],
        antialias=True,
        classes=_timm_classes(config, row),
        license=row.get("license") or None,
        source=row.get("origin_url") or None,
    )


def _timm_classes(
    config: Mapping[str, Any], row: Mapping[str, Any]
) -> tuple[ClassName, ...] | None:
    """Return the classes that are listed, or ImageNet's where the name of the weights says so."""
    names = row.get("label_names", config.get("label_names"))
    if names:
        return named_classes([str(name) for name in names])
    n_classes = row.get("num_classes", config.get("num_classes"))
    known = imagenet_classes()
    is_known = str(row.get("tag", "")).endswith("in1k") and n_classes == len(known)
    return known if is_known else None


def _numbered(names: Mapping[str, Any]) -> tuple[ClassName, ...] | None:
    """Return transformers' ``id2label``; None if it holds placeholders."""
    by_number = {int(number): str(name) for number, name in names.items()}
    if sorted(by_number) != list(range(len(by_number))):
        raise ValueError("id2label must number its labels from 0")
    if all(name == f"LABEL_{number}" for number, name in by_number.items()):
        return None
    return named_classes([by_number[number] for number in range(len(by_number))])


def _share(share: Any) -> float:
    if not 0 < float(share) <= 1:
        raise ValueError(f"a crop_pct of {quoted(share)}")
    return float(share)


def _three(numbers: Any) -> tuple[float, float, float]:
    red, green, blue = (float(number) for number in numbers)
    return red, green, blue
