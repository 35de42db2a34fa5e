"""Warnings and log records are messages."""

import logging
import warnings

import pytest

from headstart.cli.messages import told
from headstart.progress import Bars, NoProgress


@pytest.mark.parametrize(
    ("verbose", "shown"), [(False, ["warning: w"]), (True, ["info: i", "warning: w"])]
)
def test_log_records_are_messages(capsys, verbose, shown):
    logger = logging.getLogger("headstart")
    before = logger.level
    with told(Bars(), verbose=verbose):
        logger.debug("d")
        logger.info("i")
        logger.warning("w")
        logging.getLogger("tensorflow").info("slow")
    logger.warning("after")
    assert capsys.readouterr().err.splitlines() == shown
    assert logger.level == before


def test_errors_are_shown_even_where_it_is_quiet(capsys):
    with told(NoProgress()):
        logging.getLogger("tensorflow").warning("slow")
        logging.getLogger("tensorflow").error("broken")
        warnings.simplefilter("always")
        warnings.warn("w", stacklevel=1)
    assert capsys.readouterr().err == "error: broken\n"
