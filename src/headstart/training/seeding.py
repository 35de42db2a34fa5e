"""The seed of what Keras draws by itself, such as the first weights of a network."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Have Keras draw from this seed while the context is open.

    Keras takes the seed of each layer and initializer from Python's generator. Its state is the
    user's, so it is restored at the end.
    """
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
