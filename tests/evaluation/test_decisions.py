import json

import numpy as np
import pytest

from headstart import records
from headstart.evaluation.decisions import DecisionFigures

RIGHT = np.array([True, True, False, False])
UNSURE = np.array([False, False, True, False])
UNLIKE = np.array([False, False, True, False])
SETS = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]], bool)


def test_what_the_rule_does_is_counted():
    found = DecisionFigures.of(RIGHT, UNSURE, UNLIKE, 0.1, SETS, [0, 0, 1, 1])
    assert (found.n, found.n_unsure, found.n_unlike) == (4, 1, 1)
    assert found.answered_accuracy == pytest.approx(2 / 3)
    assert found.coverage == 0.75
    assert found.set_size == 1.25
    assert found.coverage_interval.low < 0.75 < found.coverage_interval.high
    assert json.loads(json.dumps(records.to_json(found)))["coverage"] == 0.75
    text = found.table().to_text()
    assert "3 of 4" in text
    assert "aim: 90.0 %" in text


def test_without_sets_and_without_sure_images_less_is_known():
    found = DecisionFigures.of(RIGHT, np.ones(4, bool), UNLIKE, 0.1)
    assert found.answered_accuracy is found.coverage is found.set_size is None
    assert "coverage" not in found.table().to_text()


def test_intervals_count_groups():
    alone = DecisionFigures.of(RIGHT, ~RIGHT, UNLIKE, 0.1, SETS, [0, 0, 1, 1])
    grouped = DecisionFigures.of(RIGHT, ~RIGHT, UNLIKE, 0.1, SETS, [0, 0, 1, 1], effect=2.0)
    assert grouped.coverage == alone.coverage
    assert grouped.coverage_interval.low < alone.coverage_interval.low
