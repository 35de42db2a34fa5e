import numpy as np
import pytest
from PIL import Image

from headstart.errors import UsageError
from headstart.evaluation import Evaluation
from headstart.evaluation.curve_plots import COLOURS


def test_curves_are_drawn_for_any_number_of_classes(any_size, tmp_path):
    path = tmp_path / "roc.png"
    figure = any_size.plot_roc(path)
    with Image.open(path) as image:
        assert image.width > 800
    left, right = figure.axes
    k = len(any_size.classes)
    # The diagonal is a line, too.
    assert (len(left.lines), len(right.lines)) == (k + 1, k)
    assert len(left.get_legend().get_texts()) == min(k, len(COLOURS))


def test_strange_names_are_drawn_without_formulas(strange):
    legend = strange.plot_roc().axes[0].get_legend()
    assert not any(text.get_parse_math() for text in legend.get_texts())


def test_curves_end_where_everything_is_taken_for_the_class(make_evaluation):
    left, right = make_evaluation(2).plot_roc().axes
    for line in left.lines:
        np.testing.assert_array_equal(line.get_xydata()[[0, -1]], [[0, 0], [1, 1]])
    assert right.lines[0].get_xdata()[-1] == 1


def test_a_single_class_has_no_area():
    found = Evaluation.from_predictions(["a", "b"], ["cat"] * 2, [[0.9, 0.1]] * 2, ["cat", "dog"])
    (text,) = found.plot_roc().axes[0].get_legend().get_texts()
    assert text.get_text() == "cat: no images of other classes"


def test_another_suffix_is_refused(make_evaluation):
    with pytest.raises(UsageError, match="end in"):
        make_evaluation().plot_roc("roc.jpg")
