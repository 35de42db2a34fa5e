"""How many threads NumPy's linear algebra uses while a head is fitted."""

from __future__ import annotations

import functools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadpoolctl import ThreadpoolController

# About a tenth of a second on one core, within which a few milliseconds of spinning do not matter.
_WORTH_SEVERAL = 2.5e9
# Held by whoever set the number of threads, which belongs to the whole process.
_SET = threading.Lock()


@contextmanager
def suitable_threads(operations: float) -> Iterator[None]:
    """Use one thread for matrix products that are too small to be worth several.

    The threads of OpenBLAS wait for the next product by spinning. Between many small products they
    take more time of the processor than they save, and on a busy machine they also take longer: a
    head for 100 classes of 4 images took 14 s of the processor with two threads, and 1.4 with one.
    The number of threads is restored. While one head is fitted, others take its number.

    Parameters
    ----------
    operations : float
        Multiplications in one matrix product.
    """
    if operations > _WORTH_SEVERAL or not _SET.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _SET.release()


@functools.cache
def _controller() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
