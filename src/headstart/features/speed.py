"""How long a network takes for an image on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from headstart.features.compiling import compile_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from headstart.features.extractor import FeatureExtractor

# Images that are timed, and how often.
_IMAGES, _ROUNDS = 8, 3


def seconds_an_image(extractor: FeatureExtractor) -> float:
    """Return the seconds that the extractor's network takes for one image of a batch.

    Decoding and resizing are not in it. The network runs on the processor, in the extractor's
    precision. The best of three rounds counts: whatever else runs only ever slows it down.
    """
    engine = compile_network(
        extractor.network, precision=extractor.precision.precision, threads=extractor.threads
    )
    shape = (_IMAGES, *extractor.network.size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    engine.infer(images)
    return best_of(_ROUNDS, lambda: engine.infer(images)) / _IMAGES


def best_of(rounds: int, run: Callable[[], object]) -> float:
    """Return the seconds of the fastest of some rounds."""
    return min(_timed(run) for _ in range(rounds))


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
