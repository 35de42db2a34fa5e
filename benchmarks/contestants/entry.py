"""Run a contestant: one process with one way to predict photos, which prints one JSON record.

A contestant is a module with a function that prepares everything and returns another function,
which maps paths of photos to class probabilities, in the same order. `compete` warms it up, feeds
it photos for a number of seconds, and prints the record.
"""

import argparse
import itertools
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from headstart.features.engine import Runtime
    from headstart.features.settings import Device, PrecisionRule, ResizeRule
    from headstart.networks.network import Network

SUFFIXES = {".jpg", ".jpeg", ".png"}
WARM_UP = 8

Predict = Callable[[Iterable[Path]], Iterator["np.ndarray | None"]]


@dataclass(frozen=True)
class Options:
    """The settings of a contestant."""

    photos: Path
    weights: Path
    model: str
    seconds: float
    work: Path
    precision: "PrecisionRule"
    resize: "ResizeRule"
    device: "Device"
    runtime: "Runtime"
    size: int | None
    workers: int
    threads: bool
    probabilities: Path | None

    def network(self) -> "Network":
        """Return the converted network."""
        from headstart.backbones.finding import find_network
        from headstart.backbones.spec import NetworkSpec

        return find_network(NetworkSpec(self.model, weights=self.weights, size=self.size))

    def paths(self) -> list[Path]:
        """Return the photos of the folder, in order."""
        files = sorted(self.photos.rglob("*"))
        return [file for file in files if file.suffix.lower() in SUFFIXES]


def compete(prepare: Callable[[Options], Predict]) -> None:
    """Run a contestant with the settings of the command line, and print its record."""
    began = time.perf_counter()
    options = read_options()
    predict = prepare(options)
    paths = options.paths()
    for _ in predict(paths[:WARM_UP]):
        pass
    ready = time.perf_counter()
    first, n = _count(predict(_fed(paths, options.seconds)), keep=len(paths))
    seconds = time.perf_counter() - ready
    if options.probabilities and first[0] is not None:
        np.save(options.probabilities, np.stack([row for row in first if row is not None]))
    record = {
        "images": n,
        "seconds": seconds,
        "images_per_second": n / seconds,
        "set_up_seconds": ready - began,
        "peak_mib": peak_mib(),
        "top1": [int(row.argmax()) for row in first if row is not None],
    }
    print(json.dumps(record))


def peak_mib() -> float:
    """Return the peak memory of this process, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024**2 if sys.platform == "darwin" else 1024)


def _fed(paths: list[Path], seconds: float) -> Iterator[Path]:
    """Yield all photos once, then again and again until the time is up."""
    until = time.perf_counter() + seconds
    yield from paths
    for path in itertools.cycle(paths):
        if time.perf_counter() > until:
            return
        yield path


def _count(rows: Iterator["np.ndarray | None"], keep: int) -> tuple[list["np.ndarray | None"], int]:
    first = list(itertools.islice(rows, keep))
    return first, len(first) + sum(1 for _ in rows)


def read_options() -> Options:
    """Return the settings of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--resize", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runtime", default="openvino")
    parser.add_argument("--size", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", action="store_true")
    parser.add_argument("--probabilities", type=Path)
    return Options(**vars(parser.parse_args()))
