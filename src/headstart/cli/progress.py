"""Progress on stderr: how far, how fast, how long still. Silent where stderr is not a terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def say(message: str) -> None:
    """Print a message for the person at the terminal."""
    print(message, file=sys.stderr, flush=True)


def shown(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Yield `items`, showing progress."""
    from tqdm import tqdm

    # disable=None: no bar unless stderr is a terminal.
    yield from tqdm(items, desc=what, total=total, disable=None, leave=False, unit="picture")


def download_bar(what: str) -> "DownloadBar":
    """Return a callback that shows a download's progress."""
    return DownloadBar(what)


class DownloadBar:
    """Called with (bytes so far, bytes in all or None)."""

    def __init__(self, what: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(desc=what, disable=None, leave=False, unit="B", unit_scale=True)

    def __call__(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` bytes are here."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)
