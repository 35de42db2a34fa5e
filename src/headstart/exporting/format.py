"""What a format of other programs is: how a model is written in it, and how it is run there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from headstart.exporting.exported_model import ExportedModel


@dataclass(frozen=True, slots=True)
class Format:
    """One row of `headstart.exporting.formats.FORMATS`.

    Attributes
    ----------
    title : str
        Its name in sentences.
    suffixes : tuple of str
        The endings of its files: that of the file the user names, then those of files beside it.
    runtime : str
        The program that runs the file for the parity gate.
    check : callable
        Raises `MissingExtra` if a package is missing. Called before any work.
    write : callable
        Takes the model and the path of the first file, in an empty folder. Raises `ConversionError`
        for what the format can't hold, by name.
    run : callable
        Takes the path of the first file and images, uint8 RGB (n, height, width, 3). Returns the
        probabilities (n, k) that the format's own runtime computes of it.
    """

    title: str
    suffixes: tuple[str, ...]
    runtime: str
    check: Callable[[], None]
    write: Callable[[ExportedModel, Path], None]
    run: Callable[[Path, NDArray[np.uint8]], NDArray[np.float32]]
