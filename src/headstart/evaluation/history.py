"""How a training went, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from headstart.training.history import Epoch


def plot_history(
    history: Sequence[Epoch], path: str | Path | None = None, *, best_epoch: int
) -> Figure:
    """Draw the accuracy and the loss in each epoch of a training.

    Parameters
    ----------
    history : sequence of Epoch
    path : str or Path, optional
        A ``.png`` file to write as well. It is written whole or not at all.
    best_epoch : int
        The epoch whose weights are kept, counted from 1.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot. A notebook shows it, ``figure.savefig`` writes it.

    Raises
    ------
    UsageError
        If `path` does not end in ``.png``.
    StorageError
        If the file can't be written.
    """
    from headstart.evaluation import plots

    return plots.saved(plots.history_figure(history, best_epoch), path)
