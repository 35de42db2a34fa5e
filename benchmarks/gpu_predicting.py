"""Parts of `gpu.py`: images in, answers out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finding import Finding, Missing, ratios
from gpu_settings import GpuSettings, as_files, lacking, rows, share
from machine import count_cores
from rounds import column
from settings import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DECODING = "decoding in processes"
READING = "headstart's reader alone"
# The size at which CIFAR-10 is recognised, and how many images of each split are in the bounds.
CIFAR10_SIZE, CIFAR10_FILES = 128, 500


def folder(settings: GpuSettings) -> Iterator[Finding | Missing]:
    """Measure a folder of photos end to end, and what bounds it."""
    assert settings.photos is not None  # noqa: S101 - the part runs only with it
    reading = settings.on_photos(settings.photos, settings.models[0])
    commands: dict[str, tuple[str | Path, ...]] = {
        DECODING: ("decode_by_workers", *reading, "--workers", str(count_cores())),
        READING: ("decode_alone", *reading),
    }
    for model in settings.models:
        photos = settings.on_photos(settings.photos, model)
        torch = ("torch_alone", *settings.of_torch(model), "--batch", str(settings.sizes.batch),
                 "--seconds", str(settings.seconds))  # fmt: skip
        commands |= {
            _engine(model): ("inference_alone", *photos, "--runtime", "torch"),
            f"torch by itself, eager, {model}": torch,
            f"torch by itself, compiled, {model}": (*torch, "--compile"),
            f"headstart, folder of photos, {model}": ("headstart_folder", *photos),
        }
    failed: dict[str, str] = {}
    records = settings.in_turn(commands, failed)
    rates = column(records)
    yield from rows(rates, "images/s", records)
    for model in settings.models:
        whole, engine = f"headstart, folder of photos, {model}", _engine(model)
        if whole in records:
            first = [record["set_up_seconds"] for record in records[whole]]
            yield Finding(f"{whole}: until the first answers", "s", first)
        yield from share(rates, whole, (DECODING, engine), 0.85)
        yield from share(rates, engine, (f"torch by itself, eager, {model}",), 0.6)
    yield from lacking(failed)


def features(settings: GpuSettings) -> Iterator[Finding | Missing]:
    """Measure the frozen features of CIFAR-10, and what bounds them."""
    assert settings.cifar10 is not None  # noqa: S101 - the part runs only with it
    n, model = settings.sizes.features, "mobilenet_v2"
    files = sorted(settings.cifar10.glob("train-*.parquet"))
    size = ("--size", str(CIFAR10_SIZE))
    some = as_files(settings.cifar10, settings.work / "cifar10", CIFAR10_FILES)
    images = (*settings.on_photos(some, model), *size)
    whole = f"headstart, features of {n:,} images of CIFAR-10"
    engine = f"{_engine(model)}, {CIFAR10_SIZE} px"
    commands: dict[str, tuple[str | Path, ...]] = {
        DECODING: ("decode_by_workers", *images, "--workers", str(count_cores())),
        engine: ("inference_alone", *images, "--runtime", "torch"),
        whole: (
            "parquet_features", "--files", *files, "--images", str(n), *size, "--model", model,
            "--weights", settings.random_weights(model), "--device", settings.device,
            "--precision", settings.precision,
        ),
    }  # fmt: skip
    failed: dict[str, str] = {}
    records = settings.in_turn(commands, failed)
    rates = column({name: runs for name, runs in records.items() if name != whole})
    yield from rows(rates, "images/s", records)
    if whole in records:
        seconds = [record["seconds"] for record in records[whole]]
        yield Finding(whole, "s", seconds, at_most=8, details=records[whole][0])
        if {DECODING, engine} <= set(rates):
            bound = [n / min(pair) for pair in zip(rates[DECODING], rates[engine], strict=True)]
            yield Finding("its bound, the larger time of decoding and the engine", "s", bound)
            yield Finding("the bound against headstart", "x", ratios(bound, seconds))
    yield from lacking(failed)


def image(settings: GpuSettings) -> Iterator[Finding | Missing]:
    """Measure one photo in a new process, with the GPU at hand and without it."""
    assert settings.photos is not None  # noqa: S101 - the part runs only with it
    photo = next(file for file in sorted(settings.photos.rglob("*")) if file.is_file())
    predict = settings.headstart(
        "predict", photo, "--model", "mobilenet_v2",
        "--weights", settings.random_weights("mobilenet_v2"), "--json",
    )  # fmt: skip
    commands = {"auto": predict, "cpu": (*predict, "--device", "cpu")}
    say("one photo")
    settings.time(*predict)  # converts the network, which happens once on a machine
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(3 * settings.repeats):
        for name in list(commands)[:: -1 if number % 2 else 1]:
            seconds[name].append(settings.time(*commands[name]))
    for name, runs in seconds.items():
        yield Finding(f"one photo, --device {name}", "s", runs)
    what = "one photo with the GPU at hand, against without"
    yield Finding(what, "x", ratios(seconds["auto"], seconds["cpu"]), at_most=1.05)


def _engine(model: str) -> str:
    return f"headstart's engine alone, {model}"
