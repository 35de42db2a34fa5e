"""What named texts in a file say of its network.

ONNX files have them as ``metadata_props``, OpenVINO's as ``rt_info``. Known are those of our own
exports, of OpenVINO's Model API (``model_info``), of ONNX's standard for images (``Image.*``) and
of Ultralytics' classifiers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from headstart import records
from headstart.escaping import quoted
from headstart.foreign.facts import Facts
from headstart.foreign.labels import named_classes
from headstart.networks.preprocessing import INSIDE, MINUS_ONE_TO_ONE, ZERO_TO_ONE, Preprocessing
from headstart.untrusted.json_text import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headstart.images.resize_rules import Rule

_MODEL_INFO = "model_info "
_RESIZE_TYPES: dict[str, Rule] = {
    "standard": "squash",
    "crop": "crop",
    "fit_to_window": "pad",
    "fit_to_window_letterbox": "pad",
}
# ONNX's documentation: MetadataProps.md.
_RANGES = {
    "NominalRange_0_255": INSIDE,
    "Normalized_0_1": ZERO_TO_ONE,
    "Normalized_1_1": MINUS_ONE_TO_ONE,
}
_FORMATS = {"Rgb8": "rgb", "Bgr8": "bgr"}
# Names as Python writes a dict of them: {0: 'cat', 1: "bird's nest"}.
_NAMES = re.compile(r"""(\d{1,6}): (?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")(?:, |\}$)""")
_SIDES = re.compile(r"\[(\d{1,4}), (\d{1,4})\]")


def facts_in_texts(texts: Mapping[str, str]) -> Facts:
    """Return what the named texts of a file say of its network.

    Parameters
    ----------
    texts : mapping of str to str
        Names with sections, such as "model_info labels", have one blank between.

    Raises
    ------
    ValueError
        If a text is not what its name promises.
    """
    readers = {
        "headstart": _own,
        f"{_MODEL_INFO}model_type": _model_api,
        "Image.BitmapPixelFormat": _onnx_image,
        "Image.NominalPixelRange": _onnx_image,
        "names": _ultralytics,
    }
    wanted = dict.fromkeys(read for name, read in readers.items() if name in texts)
    facts = Facts()
    for read in wanted:
        facts = facts.over(read(texts))
    return facts.over(Facts(license=texts.get("license") or None))


def _own(texts: Mapping[str, str]) -> Facts:
    return facts_of_export(parse_json(texts["headstart"]))


def facts_of_export(written: Mapping[str, Any]) -> Facts:
    """Return what one of our own exports says of itself, as `headstart.exporting` writes it.

    Raises
    ------
    ValueError, TypeError, LookupError
        If it is something else.
    """
    resize = written["resize"]
    if written["preprocessing"] != "inside":
        raise ValueError(f"headstart has the preprocessing {quoted(written['preprocessing'])}")
    read = {
        "size": [resize["height"], resize["width"]],
        "resize": resize["rule"],
        **{name: resize[name] for name in ("crop_fraction", "interpolation", "antialias")},
        **{name: written[name] for name in ("license", "source")},
    }
    classes = named_classes([str(label) for label in written["labels"]])
    return records.from_json(Facts, read, preprocessing=INSIDE, classes=classes)


def _model_api(texts: Mapping[str, str]) -> Facts:
    """Return what Model API's ``model_info`` says.

    Its users pass BGR, which is turned into RGB if ``reverse_input_channels`` says so; then come
    mean and scale.
    """
    info = {
        name.removeprefix(_MODEL_INFO): text
        for name, text in texts.items()
        if name.startswith(_MODEL_INFO)
    }
    labels = info.get("labels", "").split()
    resize = info.get("resize_type")
    if resize is not None and resize not in _RESIZE_TYPES:
        raise ValueError(f"model_info has the resize_type {quoted(resize)}")
    numeric = ("mean_values", "scale_values", "reverse_input_channels")
    return Facts(
        preprocessing=_arithmetic(info) if any(name in info for name in numeric) else None,
        resize=None if resize is None else _RESIZE_TYPES[resize],
        crop_fraction=1.0 if resize == "crop" else None,
        classes=named_classes([each.replace("_", " ") for each in labels]) if labels else None,
    )


def _arithmetic(info: Mapping[str, str]) -> Preprocessing:
    reverse = info.get("reverse_input_channels", "").lower()
    mean, std = _numbers(info, "mean_values", 0.0), _numbers(info, "scale_values", 1.0)
    if min(std) <= 0:
        raise ValueError(f"model_info has the scale_values {quoted(info['scale_values'])}")
    return Preprocessing("rgb" if reverse in ("true", "yes", "1") else "bgr", 1.0, mean, std)


def _numbers(info: Mapping[str, str], name: str, usual: float) -> tuple[float, float, float]:
    words = re.split(r"[\s,]+", info.get(name, "").strip("[] "))
    found = [float(word) for word in words if word] or [usual]
    if len(found) not in (1, 3):
        raise ValueError(f"model_info has the {name} {quoted(info[name])}")
    first, second, third = found * 3 if len(found) == 1 else found
    return first, second, third


def _onnx_image(texts: Mapping[str, str]) -> Facts:
    pixel = texts.get("Image.BitmapPixelFormat", "Rgb8")
    values = texts.get("Image.NominalPixelRange", "NominalRange_0_255")
    if pixel not in _FORMATS or values not in _RANGES:
        raise ValueError(f"its metadata asks for pixels as {quoted(pixel)} and {quoted(values)}")
    found = _RANGES[values]
    return Facts(preprocessing=found if _FORMATS[pixel] == "rgb" else found.reversed())


def _ultralytics(texts: Mapping[str, str]) -> Facts:
    """Return what Ultralytics writes beside a classifier, which takes RGB from 0 to 1, cropped."""
    if texts.get("task") != "classify" or "Ultralytics" not in texts.get("author", ""):
        return Facts()
    found = _NAMES.findall(texts["names"])
    if [int(number) for number, *_ in found] != list(range(len(found))):
        raise ValueError(f"its names are {quoted(texts['names'])}")
    size = _SIDES.fullmatch(texts.get("imgsz", ""))
    names = [re.sub(r"\\(.)", r"\1", single or double) for _, single, double in found]
    return Facts(
        preprocessing=ZERO_TO_ONE,
        size=None if size is None else (int(size[1]), int(size[2])),
        resize="crop",
        crop_fraction=1.0,
        classes=named_classes(names),
    )
