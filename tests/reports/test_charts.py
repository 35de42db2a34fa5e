import pytest

from headstart.evaluation.calibration import Bin, Calibration
from headstart.evaluation.metrics import Interval
from headstart.reports.charts import accuracy_lines, bar, reliability
from headstart.training.history import Epoch


def test_a_bar_is_in_percent():
    found = bar(0.5, Interval(0.25, 0.75))
    assert (found.low, found.value, found.high) == (25, 50, 75)
    assert found.in_words == "50.0 % (25.0 to 75.0)"
    assert bar(None, None) is None


def test_points_of_a_reliability_diagram():
    calibration = Calibration(0.1, 0.2, (Bin(10, 0.6, 0.5, Interval(0.2, 0.8)),))
    ((confidence, found),) = reliability(calibration)
    assert confidence == pytest.approx(60)
    assert found.value == 50


def test_lines_of_a_training_leave_out_what_is_not_known():
    figures = {"seconds": 1.0, "size": 0, "learning_rate": 0.1, "loss": 1.0, "accuracy": 0.5}
    history = [Epoch(epoch=n, **figures) for n in (1, 2, 3)]
    (line,) = accuracy_lines(history)
    assert line.name == "training images"
    assert line.points == "0.00,50.00 50.00,50.00 100.00,50.00"
    assert accuracy_lines([]) == []
