"""Measure images per second on a folder of photos, end to end and relative to the bound."""

from collections.abc import Iterator
from typing import Any

from finding import Finding, ratios
from rounds import column, in_turn
from settings import Settings

LOOP = "Keras, one by one as in tutorials"
BATCHED = "Keras, batches of 32"
AUTO = "headstart, precision auto"
F32 = "headstart, float32"
DECODE = "reading, decoding and resizing alone"
INFERENCE = "inference alone, precision auto"
INFERENCE_F32 = "inference alone, float32"

CONTESTANTS: dict[str, tuple[str, ...]] = {
    LOOP: ("keras_loop",),
    BATCHED: ("keras_batched",),
    "Keras, image_dataset_from_directory": ("keras_dataset",),
    "ONNX Runtime behind headstart's reader": ("onnx_runtime",),
    F32: ("headstart_folder", "--precision", "f32"),
    AUTO: ("headstart_folder", "--precision", "auto"),
    DECODE: ("decode_alone",),
    INFERENCE_F32: ("inference_alone", "--precision", "f32"),
    INFERENCE: ("inference_alone", "--precision", "auto"),
}


def measure(settings: Settings) -> Iterator[Finding]:
    """Run all contestants in turn, round after round."""
    records = in_turn(settings.compete, CONTESTANTS, settings.repeats)
    rates = column(records)
    for name, runs in records.items():
        yield Finding(name, "images/s", rates[name], details=_details(settings, runs[0]))
    yield Finding(
        "headstart against the loop of tutorials", "x", ratios(rates[AUTO], rates[LOOP]), 20
    )
    yield Finding("headstart against Keras in batches", "x", ratios(rates[AUTO], rates[BATCHED]), 6)
    yield from _against_bound("precision auto", rates[AUTO], rates[DECODE], rates[INFERENCE])
    yield from _against_bound("float32", rates[F32], rates[DECODE], rates[INFERENCE_F32])


def _details(settings: Settings, run: dict[str, Any]) -> dict[str, Any]:
    kept = {key: run[key] for key in ("images", "set_up_seconds", "peak_mib")}
    share = _top1(settings, run["top1"])
    return kept if share is None else {**kept, "top1": share}


def _top1(settings: Settings, predicted: list[int]) -> float | None:
    """Return the top-1 accuracy if the files are named ``<wnid>_<name>.JPEG``, else None."""
    from headstart.networks.classes import imagenet_classes

    photos = [file for file in sorted(settings.photos.rglob("*")) if file.is_file()]
    ids = [entry.id for entry in imagenet_classes()]
    truth = [file.name.partition("_")[0] for file in photos]
    if len(truth) != len(predicted) or not set(truth) <= set(ids):
        return None
    correct = (ids[index] == wnid for index, wnid in zip(predicted, truth, strict=True))
    return sum(correct) / len(truth)


def _against_bound(
    which: str, whole: list[float], decode: list[float], inference: list[float]
) -> Iterator[Finding]:
    bound = [1 / (1 / d + 1 / i) for d, i in zip(decode, inference, strict=True)]
    yield Finding(f"bound 1/(1/decode + 1/inference), {which}", "images/s", bound)
    yield Finding(f"headstart against the bound, {which}", "x", ratios(whole, bound), 0.8)
