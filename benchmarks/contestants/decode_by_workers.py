"""Read, decode and resize in processes that share nothing, or in threads: what all cores can do."""

import itertools
import json
import multiprocessing
import multiprocessing.dummy
import time
from pathlib import Path
from typing import Any

from entry import WARM_UP, Options, read_options

from headstart.features.extractor import network_resize
from headstart.images.reader import load
from headstart.images.resizing import Resize
from headstart.images.sources import FileSource

# Longest time that the workers may take to start.
PATIENCE = 120


def main() -> None:
    """Start the workers, let them read together for some seconds, and print the record."""
    options = read_options()
    began = time.perf_counter()
    resize = network_resize(options.network(), options.resize)
    kind: Any = multiprocessing.dummy if options.threads else multiprocessing.get_context("spawn")
    # The workers and this thread.
    ready, counts = kind.Barrier(options.workers + 1), kind.Queue()
    workers = [
        kind.Process(target=_read, args=(number, options, resize, ready, counts))
        for number in range(options.workers)
    ]
    for worker in workers:
        worker.daemon = True
        worker.start()
    ready.wait(PATIENCE)
    started = time.perf_counter()
    found = [counts.get() for _ in workers]
    record = {
        "images": sum(n for n, _ in found),
        "workers": options.workers,
        "images_per_second": sum(n / seconds for n, seconds in found),
        "set_up_seconds": started - began,
    }
    print(json.dumps(record))


def _read(number: int, options: Options, resize: Resize, ready: Any, counts: Any) -> None:
    """Read photos again and again, each worker from another one on."""
    paths = options.paths()
    first = number * len(paths) // options.workers
    for path in paths[:WARM_UP]:
        _load(path, resize)
    ready.wait(PATIENCE)
    began, n, seconds = time.perf_counter(), 0, 0.0
    for path in itertools.cycle(paths[first:] + paths[:first]):
        _load(path, resize)
        n, seconds = n + 1, time.perf_counter() - began
        if seconds > options.seconds:
            break
    counts.put((n, seconds))


def _load(path: Path, resize: Resize) -> None:
    if load(0, FileSource(path), resize).pixels is None:
        raise SystemExit(f"{path} must be readable.")


if __name__ == "__main__":
    main()
