import sys

import numpy as np
import pytest
from PIL import Image

from headstart.errors import UsageError
from headstart.evaluation import plot_history
from headstart.training.history import Epoch

HISTORY = [
    Epoch(
        epoch=i,
        seconds=1.0,
        size=64,
        learning_rate=0.1,
        loss=4 / i,
        accuracy=0.5,
        val_loss=1,
        val_accuracy=0.5,
    )
    for i in (1, 2)
]


def test_a_history_is_drawn_with_and_without_a_file(tmp_path):
    figure = plot_history(HISTORY, best_epoch=2)
    assert len(figure.axes) == 2
    plot_history(HISTORY, str(tmp_path / "curves.png"), best_epoch=2)
    with Image.open(tmp_path / "curves.png") as image:
        assert np.asarray(image).std() > 10
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"end in \.png"):
        plot_history(HISTORY, tmp_path / "curves.svg", best_epoch=2)
