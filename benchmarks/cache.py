"""Measure feature extraction from a large dataset: without and with the cache, and its memory."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finding import Finding, ratios
from settings import Settings, say


def measure(settings: Settings) -> Iterator[Finding]:
    """Extract features with an empty cache, and again with the cache of the first run."""
    cold, warm = [], []
    for repeat in range(settings.repeats):
        folder = settings.work / "features"
        shutil.rmtree(folder, ignore_errors=True)
        say(f"round {repeat + 1} of {settings.repeats}: cold and warm cache")
        cold.append(_extract(settings, "--cache", folder))
        warm.append(_extract(settings, "--cache", folder))
    details = {"images": cold[0]["images"], "read from the cache": warm[0]["cached"]}
    seconds = {name: [run["seconds"] for run in runs] for name, runs in (("c", cold), ("w", warm))}
    yield Finding("features, first run", "s", seconds["c"], details=details)
    yield Finding("features, second run", "s", seconds["w"], details=details)
    yield Finding("second run against first", "x", ratios(seconds["c"], seconds["w"]), 20)
    yield from _memory(settings, cold)


def _memory(settings: Settings, cold: list[dict[str, Any]]) -> Iterator[Finding]:
    whole = cold[0]["images"]
    for n in (whole // 50, whole // 10):
        say(f"memory with {n} images")
        peak = _extract(settings, "--images", str(n))["peak_mib"]
        yield Finding(f"peak memory, {n:,} images", "MiB", [peak])
    peaks = [run["peak_mib"] for run in cold]
    yield Finding(f"peak memory, {whole:,} images", "MiB", peaks, at_most=1.5 * 1024)


def _extract(settings: Settings, *arguments: str | Path) -> dict[str, Any]:
    limit = () if settings.images is None else ("--images", str(settings.images))
    return settings.run(
        "parquet_features", "--files", *settings.parquet, "--weights", settings.weights,
        "--model", settings.model, *limit, *arguments,
    )  # fmt: skip
