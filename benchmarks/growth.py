r"""Measure what grows with the number of images, files, rows and classes.

    python benchmarks/growth.py --out results/
    python benchmarks/growth.py --only overhead --images 1000 10000 100000 1000000 --out results/

`images`: features of generated images of 32 x 32 pixels by `mini`, twice: with an empty cache and
from the cache. `overhead`: the same with a stand-in for the network, so that what is measured is
what headstart does besides. `folder` and `table`: how long it takes to list the images in class
folders and in the rows of a CSV file, and until `headstart predict` has answered for the first
image of a folder. `classes`: `headstart train` and `evaluate` on datasets of many classes.

Each figure of time is what one image takes, without the start. Processor time is what counts on a
machine that does other work too. The goals: with the largest number of images, one image takes at
most 1.1 times as long, and all take at most 1.1 times the memory, as with the number before it.
Writes ``growth.json`` and ``growth.md`` into `--out`. The cache of a million images takes 2 GB.
"""

import argparse
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import machine
import table
from finding import Finding, ratios
from settings import Settings, say

# A class has the same four by four colours in all its images, with noise.
_COLOURS, _PIXELS, _NOISE = 4, 32, 20
_CLASSES = 2000


def main() -> int:
    """Measure, write, print; return 1 if a goal was missed."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.work) as temporary:
        work = Path(temporary)
        # The cache of the user is neither read nor changed.
        os.environ["HEADSTART_CACHE"] = str(work / "cache")
        settings = Settings(
            photos=work, weights=work, model="mini", labelled=None, parquet=[], images=None,
            repeats=options.repeats, seconds=1, work=work,
        )  # fmt: skip
        described = machine.describe()
        parts = options.only or PARTS
        found = [row for name in parts for row in PARTS[name](settings, options)]
    return table.publish("growth", "what grows", described, found, options.out)


def _images(settings: Settings, options: argparse.Namespace, *how: str) -> Iterator[Finding]:
    """Measure a first and a second run for each number of images."""
    what = "overhead" if how else "mini"
    runs: dict[str, dict[int, list[dict[str, Any]]]] = {"first run": {}, "second run": {}}
    for n in options.images:
        for _ in range(settings.repeats):
            folder = settings.work / "features"
            shutil.rmtree(folder, ignore_errors=True)
            for run, records in runs.items():
                say(f"{what}, {n:,} images, {run}")
                record = settings.run(
                    "generated_images", "--images", str(n), "--size", str(_PIXELS),
                    "--cache", folder, *how,
                )  # fmt: skip
                record["cache"] = sum(file.stat().st_size for file in folder.iterdir())
                records.setdefault(n, []).append(record)
    for run, records in runs.items():
        name = f"{what}, {run}"
        for measure in ("processor", "wall", "main_thread"):
            yield from _times(f"{name}: {measure.replace('_', ' ')}", records, measure)
        yield from _growth(f"{name}: peak memory", "MiB", _each(records, "peak_mib"))
        yield from _growth(f"{name}: start", "s", _each(records, "start"), goal=None)
    sizes = {n: [record["cache"] / n for record in each] for n, each in runs["first run"].items()}
    yield from _growth(f"{what}: size of the cache an image", "bytes", sizes)


def _overhead(settings: Settings, options: argparse.Namespace) -> Iterator[Finding]:
    yield from _images(settings, options, "--no-engine")


def _folder(settings: Settings, options: argparse.Namespace) -> Iterator[Finding]:
    """List folders of class folders, and predict the first image of each."""
    listed, starts = {}, {}
    for n in options.files:
        say(f"a folder of {n:,} files")
        folder = settings.work / f"folder-{n}"
        _write_images(folder, n, min(_CLASSES, n // 2))
        listed[n] = [settings.run("listed_images", folder) for _ in range(settings.repeats)]
        first = (_first_answer(settings, folder) for _ in range(settings.repeats + 1))
        # The first of all finds the network for the others.
        starts[n] = list(first)[1:]
        shutil.rmtree(folder)
    yield from _times("folder, listed: processor", listed, "processor")
    yield from _growth("folder, listed: memory", "MiB", _each(listed, "mib"), goal=None)
    yield from _growth("folder: first answer of predict", "s", starts, goal=None)


def _table(settings: Settings, options: argparse.Namespace) -> Iterator[Finding]:
    """Read tables of many rows."""
    read = {}
    for n in options.rows:
        say(f"a table of {n:,} rows")
        path = settings.work / "table.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("path,label,split\n")
            for i in range(n):
                split = "train" if i % 5 else "test"
                file.write(f"images/{i % 1000:03}/{i:07}.jpg,class {i % _CLASSES},{split}\n")
        read[n] = [settings.run("listed_images", path) for _ in range(settings.repeats)]
    yield from _times("table, read: processor", read, "processor")
    yield from _growth("table, read: memory", "MiB", _each(read, "mib"), goal=None)


def _classes(settings: Settings, options: argparse.Namespace) -> Iterator[Finding]:
    """Train and evaluate with many classes."""
    times: dict[str, dict[int, list[float]]] = {"train": {}, "evaluate": {}}
    for n in options.classes:
        folder, model = settings.work / f"classes-{n}", settings.work / f"model-{n}"
        _write_images(folder, n * options.each, n)
        commands = {
            "train": ("train", folder, "--out", model, "--model", "mini", "--resize", "keras"),
            "evaluate": ("evaluate", model, folder),
        }
        # The features are in the cache: what is measured is the rest.
        settings.output(*settings.headstart(*commands["train"]))
        settings.output(*settings.headstart(*commands["evaluate"]))
        for name, _ in itertools.product(commands, range(settings.repeats)):
            say(f"{n:,} classes of {options.each} images: {name}")
            if name == "train":
                shutil.rmtree(model)
            times[name].setdefault(n, []).append(
                settings.time(*settings.headstart(*commands[name]))
            )
        shutil.rmtree(folder)
    for name, seconds in times.items():
        what = f"{name}, {options.each} images of each class"
        yield from _growth(what, "s", seconds, counted="classes", goal=None)


PARTS: dict[str, Callable[[Settings, argparse.Namespace], Iterator[Finding]]] = {
    "images": _images,
    "overhead": _overhead,
    "folder": _folder,
    "table": _table,
    "classes": _classes,
}


def _each(records: dict[int, list[dict[str, Any]]], measure: str) -> dict[int, list[float]]:
    return {n: [record[measure] for record in each] for n, each in records.items()}


def _times(what: str, records: dict[int, list[dict[str, Any]]], measure: str) -> Iterator[Finding]:
    """Yield the microseconds that an image takes."""
    seconds = _each(records, measure)
    each = {n: [1e6 * value / n for value in values] for n, values in seconds.items()}
    yield from _growth(f"{what} time an image", "µs", each)


def _growth(
    what: str,
    unit: str,
    values: dict[int, list[float]],
    *,
    counted: str = "images",
    goal: float | None = 1.1,
) -> Iterator[Finding]:
    """Yield a figure for each number of images, and the largest against the one before."""
    for n, runs in values.items():
        yield Finding(f"{what}, {n:,} {counted}", unit, runs)
    if len(values) > 1:
        lower, upper = list(values)[-2:]
        grown = ratios(values[upper], values[lower])
        yield Finding(f"{what}: {upper:,} against {lower:,}", "x", grown, at_most=goal)


def _first_answer(settings: Settings, folder: Path) -> float:
    """Return the seconds until the first image of a folder is predicted."""
    command = settings.headstart("predict", folder, "--model", settings.model, "--json")
    began = time.perf_counter()
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        output: Any = process.stdout
        json.loads(output.readline())
        seconds = time.perf_counter() - began
        process.kill()
    return seconds


def _write_images(folder: Path, n: int, classes: int) -> None:
    """Write small JPEG files into a folder for each class."""
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, (classes, _COLOURS, _COLOURS, 3))
    wide = np.ones((_PIXELS // _COLOURS, _PIXELS // _COLOURS, 1))
    for number in range(classes):
        (folder / f"class-{number:04}").mkdir(parents=True)
    for i in range(n):
        number = i % classes
        noisy = np.kron(colours[number], wide) + random.normal(0, _NOISE, (_PIXELS, _PIXELS, 3))
        file = io.BytesIO()
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG")
        (folder / f"class-{number:04}" / f"{i:07}.jpg").write_bytes(file.getvalue())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, help="(default: all)")
    numbers: dict[str, Any] = {"type": int, "nargs": "+"}
    upto_a_million = (1_000, 10_000, 100_000, 1_000_000)
    parser.add_argument(
        "--images", **numbers, default=upto_a_million, help="(default: %(default)s)"
    )
    parser.add_argument(
        "--files", **numbers, default=upto_a_million[:3], help="(default: %(default)s)"
    )
    parser.add_argument("--rows", **numbers, default=upto_a_million, help="(default: %(default)s)")
    parser.add_argument(
        "--classes", **numbers, default=(20, 200, 2_000), help="(default: %(default)s)"
    )
    parser.add_argument("--each", type=int, default=10, help="images of a class (default: 10)")
    parser.add_argument("--repeats", type=int, default=1, help="rounds (default: 1)")
    parser.add_argument("--work", type=Path, help="folder for a temporary folder")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
