"""How far a job is: one protocol, for images, epochs and downloads alike."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    Advance = Callable[[int], object]

T = TypeVar("T")

# Seconds before a bar shows itself: what is done sooner needs none.
_DELAY = 1.0


class Progress(Protocol):
    """Shows how far a job is, and its messages."""

    def bar(
        self, what: str, total: int | None, *, unit: str = "image"
    ) -> AbstractContextManager[Advance]:
        """Show a bar while the context is open; what it yields is called with each advance.

        Parameters
        ----------
        what : str
            What is being done.
        total : int or None
            How many there are; None if that is not known.
        unit : str
            What is counted; "B" counts bytes.
        """

    def say(self, message: str) -> None:
        """Tell the user something, without breaking a bar."""


class Bars:
    """Bars and messages on stderr; the bars only on a terminal or in a notebook."""

    @contextlib.contextmanager
    def bar(self, what: str, total: int | None, *, unit: str = "image") -> Iterator[Advance]:
        """Show a bar for whatever takes longer than a second."""
        bar = _bar_for_here()
        if bar is None:
            yield lambda _: None
            return
        with bar(
            desc=what, total=total, unit=unit, unit_scale=unit == "B", leave=False, delay=_DELAY
        ) as shown:
            yield shown.update

    def say(self, message: str) -> None:
        """Print a message to stderr, above a bar that is there."""
        # Without a bar there is nothing to break, and tqdm takes time to load.
        tqdm = sys.modules.get("tqdm")
        apart = tqdm.tqdm.external_write_mode(file=sys.stderr) if tqdm else contextlib.nullcontext()
        with apart:
            print(message, file=sys.stderr, flush=True)  # noqa: T201 - its work


class NoProgress:
    """Shows no bars and no messages."""

    @contextlib.contextmanager
    def bar(self, what: str, total: int | None, *, unit: str = "image") -> Iterator[Advance]:  # noqa: ARG002 - the protocol's
        """Show nothing."""
        yield lambda _: None

    def say(self, message: str) -> None:
        """Say nothing."""


def track(
    progress: Progress | None, items: Iterable[T], what: str, total: int | None = None
) -> Iterator[T]:
    """Yield `items`, and show how many have passed.

    Parameters
    ----------
    progress : Progress or None
        None: `Bars`.
    items : iterable
    what : str
        What is being done to them.
    total : int, optional
        How many they are.
    """
    with (progress or Bars()).bar(what, total) as advance:
        for item in items:
            yield item
            advance(1)


def _bar_for_here() -> Any:  # tqdm has no types
    """Return the bar that a notebook or a terminal can show; None elsewhere."""
    if "ipykernel" in sys.modules:
        from tqdm.auto import tqdm as notebook_bar

        return notebook_bar
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    # Not tqdm.auto: it loads asyncio.
    from tqdm import tqdm

    return tqdm
