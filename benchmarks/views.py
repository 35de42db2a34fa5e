"""What a view of a training image costs the process that trains: on its threads, and in processes.

    python benchmarks/views.py

Makes views of random images in a file, as `headstart.training.views` does on more than 4 cores,
and the same on a thread, in turn. Prints the processor time of the training process and the time
that passes, for each view.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

from headstart.augmentation.settings import Augmentation
from headstart.processes import worker
from headstart.training import views

SIDE, SIZE, BATCH = 128, 112, 128


def main() -> None:
    """Measure in turn, and print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--batches", type=int, default=20, help="of 128 views, in each run")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pixels = _pixels(Path(folder, "pixels.raw"))
        augmentation, rows = Augmentation.gentle(), list(range(BATCH))
        maker = _maker(pixels, options.workers)
        images = [pixels[row] for row in rows]

        def there(seed: int) -> object:
            return maker(augmentation, rows, SIZE, np.random.default_rng(seed))

        def here(seed: int) -> object:
            return augmentation.batch(images, SIZE, np.random.default_rng(seed))

        for run in range(options.runs):
            for name, make in (("in processes", there), ("on a thread", here)):
                used, passed = _measured(make, options.batches)
                print(f"run {run + 1}, {name}: {used:.3f} ms of processor time, {passed:.3f} ms")


def _pixels(file: Path) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    values = np.random.default_rng(0).integers(0, 256, (500, SIDE, SIDE, 3), np.uint8)
    values.tofile(file)
    return np.memmap(file, np.uint8, "r", shape=values.shape)


def _maker(pixels: np.memmap[tuple[int, ...], np.dtype[np.uint8]], workers: int) -> views.ViewMaker:
    """Return a maker whose processes are ready, however many cores there are."""
    with (
        mock.patch.object(worker, "THREADS_SCALE_TO", 1),
        mock.patch.object(views, "_FIRST", 1),
        mock.patch.object(views, "usable_cores", return_value=workers),
    ):
        maker = views.ViewMaker(pixels, workers)
    maker(Augmentation.none(), [0], 8, np.random.default_rng(0))
    pool = maker._pool  # noqa: SLF001 - whether its processes are ready is nobody else's question
    if pool is None or pool._starter is None:  # noqa: SLF001
        raise SystemExit("this Python starts no processes")
    pool._starter.join()  # noqa: SLF001
    return maker


def _measured(make: Callable[[int], object], batches: int) -> tuple[float, float]:
    """Return the processor time of this process, and the time that passes, in ms a view."""
    used, passed = time.process_time(), time.perf_counter()
    for seed in range(batches):
        make(seed)
    n_views = batches * BATCH / 1e3
    return (time.process_time() - used) / n_views, (time.perf_counter() - passed) / n_views


if __name__ == "__main__":
    main()
