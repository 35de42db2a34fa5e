import sys

import pytest

from headstart.errors import UsageError
from headstart.evaluation.drawing_check import check_drawing


def test_plots_can_be_drawn_here():
    check_drawing()


def test_a_library_that_does_not_start_is_told_with_its_reason(monkeypatch):
    monkeypatch.setitem(sys.modules, "headstart.evaluation.plots", None)
    monkeypatch.delattr("headstart.evaluation.plots", raising=False)
    with pytest.raises(UsageError, match=r"matplotlib, which must start\. Received: .*plots"):
        check_drawing()
