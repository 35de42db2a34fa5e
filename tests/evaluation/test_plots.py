import io
import sys

import numpy as np
import pytest
from PIL import Image

from headstart.errors import StorageError, UsageError
from headstart.evaluation import Evaluation, plots
from headstart.evaluation.plots import plot_history
from headstart.training.history import Epoch

PLOTS = (Evaluation.plot_confusion, Evaluation.plot_classes)


def _pixels(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def _share(pixels, colour):
    return np.mean(np.abs(pixels - np.array(colour)).max(axis=-1) < 30)


@pytest.mark.parametrize("plot", PLOTS)
def test_draws_from_two_classes_to_many(plot, any_size, tmp_path):
    plot(any_size, tmp_path / "plot.png")
    pixels = _pixels(tmp_path / "plot.png")
    assert 400 < pixels.shape[1] < 5000
    assert pixels.std() > 10
    # Nothing is cut off: the border stays white.
    assert pixels[[0, -1]].min() == 255
    assert pixels[:, [0, -1]].min() == 255


@pytest.mark.parametrize("plot", PLOTS)
def test_strange_names_draw_without_warnings(plot, strange, tmp_path):
    plot(strange, tmp_path / "plot.png")
    assert _pixels(tmp_path / "plot.png").std() > 10


def test_right_is_blue_and_wrong_is_orange(tmp_path):
    def drawn(scores):
        found = Evaluation.from_predictions(["a", "b"], ["x", "y"], scores, ["x", "y"])
        found.plot_confusion(tmp_path / "plot.png")
        return _pixels(tmp_path / "plot.png")

    right, wrong = drawn(np.eye(2)), drawn(1 - np.eye(2))
    blue, orange = (0, 114, 178), (213, 94, 0)
    assert _share(right, blue) > 0.1 > _share(right, orange)
    assert _share(wrong, orange) > 0.1 > _share(wrong, blue)


def test_class_without_evidence_has_no_bar(tmp_path):
    only = Evaluation.from_predictions(["a"], ["x"], [[1.0, 0.0]], ["x", "y"])
    only.plot_classes(tmp_path / "plot.png")
    none_right = Evaluation.from_predictions(["a"], ["x"], [[0.0, 1.0]], ["x", "y"])
    none_right.plot_classes(tmp_path / "none.png")
    blue = (0, 114, 178)
    found = _share(_pixels(tmp_path / "plot.png"), blue)
    assert found > _share(_pixels(tmp_path / "none.png"), blue)


def test_weakest_class_comes_first(make_evaluation):
    evaluation = make_evaluation(4, n_each=7, wrong_every=3)
    names = [label.get_text() for label in evaluation.plot_classes().axes[0].get_yticklabels()]
    f1 = dict(zip(evaluation.classes, (result.f1 for result in evaluation.per_class), strict=True))
    assert [f1[name] for name in names] == sorted(f1.values())


def test_classes_absent_from_the_test_set_have_no_bars(tmp_path):
    classes = [f"kind {index}" for index in range(55)]
    only = Evaluation.from_predictions(["a"], classes[:1], np.eye(1, 55), classes)
    only.plot_classes(tmp_path / "a.png")
    assert 0 < _share(_pixels(tmp_path / "a.png"), (0, 114, 178)) < 0.01


def test_thousands_of_cells_are_drawn_without_names(make_evaluation, tmp_path):
    make_evaluation(251, n_each=2).plot_confusion(tmp_path / "plot.png")
    pixels = _pixels(tmp_path / "plot.png")
    assert 3000 < pixels.shape[1] < 3400
    assert _share(pixels, (0, 114, 178)) > 0.001


@pytest.mark.slow
@pytest.mark.parametrize("plot", PLOTS)
def test_draws_hundreds_of_classes(plot, make_evaluation, tmp_path):
    plot(make_evaluation(200, n_each=3), tmp_path / "plot.png")
    assert max(_pixels(tmp_path / "plot.png").shape) < 6000


def epoch(number, accuracy, val_loss):
    return Epoch(
        epoch=number,
        seconds=1.0,
        size=64,
        learning_rate=0.1,
        loss=4 / number,
        accuracy=0.5,
        val_accuracy=accuracy,
        val_loss=val_loss,
    )


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_a_history_of_any_length_has_three_curves(epochs):
    history = [epoch(i, 1 - 1 / i, 3.0 / i) for i in range(1, epochs + 1)]
    accuracy, loss = plot_history(history, best_epoch=epochs).axes
    (curve,) = accuracy.lines
    assert curve.get_ydata().tolist() == [each.val_accuracy for each in history]
    assert [curve.get_ydata().tolist() for curve in loss.lines] == [
        [each.loss for each in history],
        [each.val_loss for each in history],
    ]


def test_a_history_without_a_validation_loss_has_no_curve_of_it():
    _, loss = plot_history([epoch(1, 0.5, float("nan"))], best_epoch=1).axes
    assert len(loss.lines) == 1
    assert "orange: training images" in [text.get_text() for text in loss.texts]


def test_the_title_is_of_the_epoch_that_is_kept():
    history = [epoch(1, 0.9, 0.4), epoch(2, 0.9, 0.3), epoch(3, 0.9, 0.5)]
    written = [text.get_text() for text in plot_history(history, best_epoch=2).axes[0].texts]
    assert "Best accuracy: 90.0 %, after epoch 2" in written


def test_ticks_half_a_point_apart_differ():
    accuracy, _ = plot_history([epoch(1, 0.882, 0.4), epoch(2, 0.921, 0.3)], best_epoch=2).axes
    ticks = accuracy.yaxis.get_major_formatter().format_ticks([0.9, 0.915, 0.92, 1])
    assert ticks == ["90%", "91.5%", "92%", "100%"]


def test_a_history_is_drawn_with_and_without_a_file(tmp_path):
    history = [epoch(1, 0.882, 0.4), epoch(2, 0.921, 0.3)]
    assert len(plot_history(history, best_epoch=2).axes) == 2
    plot_history(history, str(tmp_path / "curves.png"), best_epoch=2)
    assert _pixels(tmp_path / "curves.png").std() > 10
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def drawn():
    figure, axes = plots._new_figure(2, 1)
    axes.set(xlim=(0, 1), ylim=(0, 1), facecolor="red")
    plots._write_title(axes, "A title that is wider than the axes are", "a note\nof two lines")
    plots._name_ticks(axes.yaxis, ["$x$", "a very long name of a class, really"], 8)
    return figure, axes


def test_nothing_is_cut_off_and_axes_keep_their_size():
    image = io.BytesIO()
    drawn()[0].savefig(image, format="png")
    with Image.open(image) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    margin = round(plots.MARGIN * plots.DPI) - 2
    inside = (pixels < 250).any(axis=-1)
    assert not inside[:margin].any()
    assert not inside[-margin:].any()
    assert not inside[:, :margin].any()
    assert not inside[:, -margin:].any()
    assert inside[margin : margin + 8].any()
    assert inside[:, margin : margin + 8].any()
    red = (pixels == (255, 0, 0)).all(axis=-1)
    assert red.any(axis=0).sum() == pytest.approx(2 * plots.DPI, abs=2)
    assert red.any(axis=1).sum() == pytest.approx(plots.DPI, abs=2)


def test_names_are_no_formulas_and_long_ones_are_shortened():
    _, axes = drawn()
    formula, long = axes.get_yticklabels()
    assert not formula.get_parse_math()
    assert formula.get_text() == "$x$"
    assert len(long.get_text()) == 26


def test_a_notebook_shows_the_figure_without_pyplot():
    assert drawn()[0]._repr_png_().startswith(b"\x89PNG")


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figure, _ = drawn()
    assert plots.saved(figure, None) is figure
    assert list(tmp_path.iterdir()) == []


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"end in \.png"):
        plots.saved(drawn()[0], tmp_path / "plot.svg")
    assert list(tmp_path.iterdir()) == []


def test_failed_writing_leaves_the_old_file(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    old = tmp_path / "plot.png"
    old.write_bytes(b"old")
    figure, _ = drawn()
    monkeypatch.setattr(type(figure), "savefig", fail)
    with pytest.raises(StorageError, match="No space left"):
        plots.saved(figure, old)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
