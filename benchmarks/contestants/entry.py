"""How a contestant is run: one process, one way of answering photos, one JSON record out.

A contestant is a module with a function that gets everything ready and returns another one, from
photo paths to class probabilities in the same order. `compete` warms it up, feeds it photos for so
many seconds, and prints the record.
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

import numpy as np

SUFFIXES = {".jpg", ".jpeg", ".png"}
WARM_UP = 8

Answer = Callable[[Iterable[Path]], Iterator["np.ndarray | None"]]


@dataclass(frozen=True)
class Options:
    """What every contestant is told."""

    photos: Path
    weights: Path
    model: str
    seconds: float
    work: Path
    precision: str
    resize: str
    probabilities: Path | None

    def paths(self) -> list[Path]:
        """Return the photos of the folder, in order."""
        files = sorted(self.photos.rglob("*"))
        return [file for file in files if file.suffix.lower() in SUFFIXES]


def compete(prepare: Callable[[Options], Answer]) -> None:
    """Run a contestant as the command line says, and print its record."""
    began = time.perf_counter()
    options = _options()
    answer = prepare(options)
    paths = options.paths()
    for _ in answer(paths[:WARM_UP]):
        pass
    ready = time.perf_counter()
    first, n = _count(answer(_fed(paths, options.seconds)), keep=len(paths))
    seconds = time.perf_counter() - ready
    if options.probabilities and first[0] is not None:
        np.save(options.probabilities, np.stack(first))
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
    """Return the most memory this process has held, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024**2 if sys.platform == "darwin" else 1024)


def _fed(paths: list[Path], seconds: float) -> Iterator[Path]:
    """Yield the photos over and over: all of them once, then until the time is up."""
    until = time.perf_counter() + seconds
    yield from paths
    for path in itertools.cycle(paths):
        if time.perf_counter() > until:
            return
        yield path


def _count(answers: Iterator["np.ndarray | None"], keep: int) -> tuple[list, int]:
    first = list(itertools.islice(answers, keep))
    return first, len(first) + sum(1 for _ in answers)


def _options() -> Options:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", default="mobilenet_v2")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--resize", default="auto")
    parser.add_argument("--probabilities", type=Path)
    return Options(**vars(parser.parse_args()))
