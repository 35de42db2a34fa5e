"""Whether plots can be drawn here, known before the work that they show."""

from headstart.errors import UsageError


def check_drawing() -> None:
    """Check that plots can be drawn.

    Raises
    ------
    UsageError
        If the library that draws them does not start, for example because of its settings.
    """
    try:
        from headstart.evaluation import plots  # noqa: F401 - it loads what it draws with
    except Exception as error:
        raise UsageError(
            f"Plots are drawn with matplotlib, which must start. Received: {error}. Mend its "
            "settings (the variable MPLBACKEND, the file matplotlibrc) or install it again."
        ) from error
