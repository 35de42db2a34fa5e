"""What fails after a result is saved does not look as if the result were lost."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from headstart.errors import NotTested
from headstart.progress import Bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headstart.progress import Progress


@contextlib.contextmanager
def saved_first(saved: str, what: str, progress: Progress | None, advice: str) -> Iterator[None]:
    """Say that something is saved if what comes after that fails or is interrupted.

    Parameters
    ----------
    saved : str
        What is saved, and where: "The model is saved in my-model".
    what : str
        What may fail: "testing it".
    progress : Progress, optional
        Gets the message after an interruption.
    advice : str
        What to do then.

    Raises
    ------
    NotTested
        With the reason. It stands for any error.
    """
    try:
        yield
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise NotTested(f"{saved} and can be used, but {what} failed: {reason} {advice}") from error
    except KeyboardInterrupt:
        (progress or Bars()).say(f"{saved}; {what} was interrupted. {advice}")
        raise
