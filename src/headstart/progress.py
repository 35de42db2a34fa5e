"""How far a job is: one protocol, for images, epochs and downloads alike.

Bars share the terminal with messages and results. `write` is the one function that writes these,
so that they stand above a bar and nothing in them moves the cursor.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO, TypeVar

from headstart.errors import StorageError
from headstart.escaping import printable, printable_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    Advance = Callable[[float], object]

T = TypeVar("T")

# Seconds before a bar shows itself: what is done sooner needs none.
_DELAY = 1.0
# A share of the whole, with the time that has passed and that is left.
_SHARE = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"


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
            What is counted; "B" counts bytes, "%" a share of the whole.
        """

    def say(self, message: str) -> None:
        """Tell the user something, without breaking a bar."""


class Bars:
    """Bars and messages on stderr; the bars only on a terminal or in a notebook."""

    @contextlib.contextmanager
    def bar(self, what: str, total: int | None, *, unit: str = "image") -> Iterator[Advance]:
        """Show a bar for whatever takes longer than a second."""
        make = _bar_for_here()
        if make is None:
            yield lambda _: None
            return
        how: dict[str, Any] = {"unit_scale": unit == "B", "leave": False, "dynamic_ncols": True}
        if unit == "%":
            how["bar_format"] = _SHARE
        bar = _LateBar(lambda: make(desc=printable(what), total=total, unit=unit, **how))
        with contextlib.closing(bar):
            yield bar.advance

    def say(self, message: str) -> None:
        """Print a message to stderr, above a bar that is there."""
        # A job does not end because nobody reads its messages any more.
        with contextlib.suppress(OSError, ValueError):
            write(message, sys.stderr)


class _LateBar:
    """A bar that is made when its job has taken longer than `_DELAY`.

    tqdm has a delay, too, but shows the bar early when a message is written, and then leaves it.

    Parameters
    ----------
    make : callable
        Makes the bar of tqdm.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._began = make, time.time()
        self._bar: Any = None
        # Whole as long as whole numbers are counted: a bar shows 2 of 3, not 2.0.
        self._done: float = 0

    def advance(self, n: float) -> None:
        """Count `n` more."""
        self._done += n
        if self._bar is not None:
            self._bar.update(n)
        elif time.time() - self._began >= _DELAY:
            self._bar = self._make()
            _leave_room(self._bar)
            # Rate and time left count from the beginning of the job.
            self._bar.start_t = self._began
            self._bar.update(self._done)
            self._bar.refresh()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


def _leave_room(bar: Any) -> None:
    """Leave room for the ^C of an interruption, which would break a line that is full."""
    shape = bar.dynamic_ncols
    if callable(shape):

        def narrower(file: object) -> tuple[int | None, int | None]:
            columns, rows = shape(file)
            return columns and max(columns - len("^C"), 1), rows

        bar.dynamic_ncols = narrower


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


def write(text: str, stream: TextIO | None, *, flush: bool = True) -> None:
    """Write lines, above a bar that is shown on the same terminal.

    Everything that headstart writes to stdout and stderr goes through here. Control characters are
    escaped, except for the line breaks between lines.

    Parameters
    ----------
    text : str
        One line or several; a line break is added.
    stream : text file or None
        stdout or stderr; nothing is written where there is none.
    flush : bool
        Whether it must be seen at once. On a terminal it always is.

    Raises
    ------
    BrokenPipeError
        If nobody reads the stream any more.
    StorageError
        If it can't be written: the disk is full.
    """
    if stream is None:
        return
    with _told(stream), _apart_from_bars(stream):
        stream.write(f"{_encodable(printable_lines(text), stream)}\n")
        if flush or stream.isatty():
            stream.flush()


def flush(stream: TextIO | None) -> None:
    """Have the stream written; raise what `write` raises if it can't be."""
    if stream is not None:
        with _told(stream):
            stream.flush()


def _encodable(text: str, stream: TextIO) -> str:
    """Return `text` with escapes for what the encoding of the stream lacks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextlib.contextmanager
def _told(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        # What stands in for stdout may have no name.
        name = getattr(stream, "name", None) or type(stream).__name__
        raise StorageError(
            f"Could not write to {name}: {error.strerror}. Free some space, or write to "
            "another place."
        ) from error


def _apart_from_bars(stream: TextIO) -> AbstractContextManager[object]:
    # Without a bar there is nothing to break, and tqdm takes time to load.
    tqdm = sys.modules.get("tqdm")
    if tqdm is None or not _shows_bars(stream):
        return contextlib.nullcontext()
    mode: AbstractContextManager[object] = tqdm.tqdm.external_write_mode(file=stream)
    return mode


def _shows_bars(stream: TextIO) -> bool:
    return "ipykernel" in sys.modules or stream.isatty()


def _bar_for_here() -> Any:  # tqdm has no types
    """Return the bar that a notebook or a terminal can show; None elsewhere."""
    in_notebook = "ipykernel" in sys.modules
    # Without these, tqdm would warn and show a bar of text after all.
    if in_notebook and importlib.util.find_spec("ipywidgets"):
        from tqdm.auto import tqdm as notebook_bar

        return notebook_bar
    if not in_notebook and (sys.stderr is None or not sys.stderr.isatty()):
        return None
    # Not tqdm.auto: it loads asyncio.
    from tqdm import tqdm

    return tqdm
