"""Random views of images in a file, made on threads, and where there are many cores in processes.

The lock of Python's interpreter limits what threads make, as it limits what they decode
(docs/adr/0018). A process opens the same file of pixels, gets the state of the random numbers with
each batch and returns it, so that the views are the same bit for bit, whoever makes them.
"""

from __future__ import annotations

import json
import weakref
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart import records
from headstart.images.cores import usable_cores
from headstart.processes import messages
from headstart.processes.pool import Pool
from headstart.processes.worker import THREADS_SCALE_TO, WorkerEnded, WorkerProcess, most_workers
from headstart.untrusted.json_text import MAX_BYTES, parse_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from headstart.augmentation.settings import Augmentation

    Views = NDArray[np.uint8] | NDArray[np.float32]

#: To a worker: which views to make (JSON). From a worker: the views, with the random state (JSON).
MAKE, MADE = b"M", b"V"

_MODULE = "headstart.training.view_worker"
# Batches that threads make before processes start: a training that is over by then needs none.
_FIRST = 64


class ViewMaker:
    """Makes batches of random views of the images in an array.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n, height, width, 3)
        RGB. Processes are used only if it is the memory map of a whole file.
    workers : int or None
        How many batches may be made at the same time. None: one where there are up to 4 cores,
        because the network itself uses them; else one for each core.

    Attributes
    ----------
    threads : int
        From how many threads it is worth calling.
    """

    def __init__(self, pixels: NDArray[np.uint8], workers: int | None = None) -> None:
        cores = usable_cores()
        self._pixels = pixels
        self.threads = workers or (cores if cores > THREADS_SCALE_TO else 1)
        n, file = most_workers(self.threads, cores), _whole_file(pixels)
        self._pool: Pool[ViewWorker] | None = None
        if n and file is not None:
            self._pool = Pool(partial(ViewWorker, file, pixels.shape), n, _FIRST)
            weakref.finalize(self, self._pool.close)

    def __call__(
        self, augmentation: Augmentation, rows: Sequence[int], size: int, random: Generator
    ) -> Views:
        """Return a view of each of some images; see `Augmentation.batch`.

        Parameters
        ----------
        augmentation : Augmentation
        rows : sequence of int
            Which images.
        size : int
            Height and width of the views, in pixels.
        random : numpy.random.Generator

        Returns
        -------
        ndarray of uint8, or of float32 if the augmentation has layers, shape (n, size, size, 3)
            RGB, 0 to 255.
        """

        def here() -> Views:
            return augmentation.batch([self._pixels[row] for row in rows], size, random)

        # Layers are the user's own code, which no other process has.
        if self._pool is None or augmentation.layers:
            return here()
        try:
            return self._pool.do(lambda worker: worker.make(augmentation, rows, size, random), here)
        except WorkerEnded:
            return here()


class ViewWorker(WorkerProcess):
    """One process that makes views.

    Parameters
    ----------
    file : Path
        What holds the pixels.
    shape : tuple of int
        Of the pixels.

    Raises
    ------
    OSError
        The system starts no process.
    """

    def __init__(self, file: Path, shape: Sequence[int]) -> None:
        super().__init__(_MODULE)
        self._settings = {"file": str(file), "shape": list(shape)}

    def welcome(self) -> None:
        """Wait until the process is ready.

        Raises
        ------
        WorkerEnded
        """
        self.greet(self._settings)

    def make(
        self, augmentation: Augmentation, rows: Sequence[int], size: int, random: Generator
    ) -> NDArray[np.uint8]:
        """Make views; see `ViewMaker`.

        Raises
        ------
        WorkerEnded
            The random numbers are then as they were.
        """
        request = {
            "augmentation": records.to_json(augmentation, without=("layers",)),
            "rows": [int(row) for row in rows],
            "size": size,
            "random": random.bit_generator.state,
        }
        views = np.empty((len(rows), size, size, 3), np.uint8)
        with self.exchange():
            messages.send(self.requests, MAKE, json.dumps(request).encode())
            head = messages.receive_head(self.answers)
            if head.kind != MADE or head.content != views.nbytes or head.text > MAX_BYTES:
                raise ValueError("no views")
            state: Any = parse_json(messages.receive(self.answers, head.text))
            messages.receive_into(self.answers, views)
            random.bit_generator.state = state
        return views


def _whole_file(pixels: NDArray[np.uint8]) -> Path | None:
    """Return the file that an array is the memory map of, or None."""
    if not isinstance(pixels, np.memmap) or pixels.filename is None or pixels.offset:
        return None
    file = Path(pixels.filename)
    whole = pixels.flags.c_contiguous and file.stat().st_size == pixels.nbytes
    return file.resolve() if whole else None
