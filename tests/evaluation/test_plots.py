import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from headstart.errors import StorageError, UsageError
from headstart.evaluation import Evaluation, plot_classes, plot_confusion, plot_history, plots
from headstart.training.history import Epoch

PLOTS = (plot_confusion, plot_classes)


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
        plot_confusion(found, tmp_path / "plot.png")
        return _pixels(tmp_path / "plot.png")

    right, wrong = drawn(np.eye(2)), drawn(1 - np.eye(2))
    blue, orange = (0, 114, 178), (213, 94, 0)
    assert _share(right, blue) > 0.1 > _share(right, orange)
    assert _share(wrong, orange) > 0.1 > _share(wrong, blue)


def test_a_single_mistake_among_many_stays_visible():
    confusion = np.array([[9_999, 1], [0, 10_000]])
    depth = plots._depths(confusion)
    assert depth[0, 1] > 0.1
    assert depth[1, 0] == 0
    assert depth[1, 1] == 1


def test_class_without_images_leaves_an_empty_row():
    assert plots._depths(np.array([[3, 1], [0, 0]]))[1].tolist() == [0, 0]


def test_class_without_evidence_has_no_bar(tmp_path):
    only = Evaluation.from_predictions(["a"], ["x"], [[1.0, 0.0]], ["x", "y"])
    plot_classes(only, tmp_path / "plot.png")
    none_right = Evaluation.from_predictions(["a"], ["x"], [[0.0, 1.0]], ["x", "y"])
    plot_classes(none_right, tmp_path / "none.png")
    blue = (0, 114, 178)
    found = _share(_pixels(tmp_path / "plot.png"), blue)
    assert found > _share(_pixels(tmp_path / "none.png"), blue)


def test_weakest_class_comes_first(make_evaluation):
    confusion = make_evaluation(4, n_each=7, wrong_every=3).per_class
    order = plots._weakest_first(confusion)
    f1 = [confusion[index].f1 for index in order]
    assert f1 == sorted(f1)


def test_classes_absent_from_the_test_set_have_no_bars(tmp_path):
    classes = [f"kind {index}" for index in range(55)]
    plot_classes(
        Evaluation.from_predictions(["a"], classes[:1], np.eye(1, 55), classes), tmp_path / "a.png"
    )
    assert 0 < _share(_pixels(tmp_path / "a.png"), (0, 114, 178)) < 0.01


def test_thousands_of_cells_are_drawn_without_names(make_evaluation, tmp_path):
    plot_confusion(make_evaluation(251, n_each=2), tmp_path / "plot.png")
    pixels = _pixels(tmp_path / "plot.png")
    assert 3000 < pixels.shape[1] < 3400
    assert _share(pixels, (0, 114, 178)) > 0.001


@pytest.mark.slow
@pytest.mark.parametrize("plot", PLOTS)
def test_draws_hundreds_of_classes(plot, make_evaluation, tmp_path):
    plot(make_evaluation(200, n_each=3), tmp_path / "plot.png")
    assert max(_pixels(tmp_path / "plot.png").shape) < 6000


@pytest.mark.parametrize("plot", PLOTS)
def test_other_suffix_is_refused(plot, make_evaluation, tmp_path):
    with pytest.raises(UsageError, match=r"\.png"):
        plot(make_evaluation(), tmp_path / "plot.svg")
    assert list(tmp_path.iterdir()) == []


def test_failed_drawing_leaves_the_old_file(make_evaluation, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    old = tmp_path / "plot.png"
    old.write_bytes(b"old")
    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(StorageError, match="No space left"):
        plot_confusion(make_evaluation(), old)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


def test_room_loads_no_matplotlib_and_drawing_no_pyplot(tmp_path):
    code = """
import sys
import headstart.evaluation as room
heavy = {"matplotlib", "sklearn", "scipy", "pandas", "keras", "openvino"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert room.__all__ == sorted(room.__all__, key=lambda name: (name.islower(), name))
found = room.Evaluation.from_predictions(["a"], ["x"], [[1, 0]], ["x", "y"])
room.plot_confusion(found, __import__("pathlib").Path(sys.argv[1]))
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.png")], check=True)


def epoch(number, accuracy, val_loss):
    return Epoch(
        epoch=number,
        seconds=1.0,
        size=64,
        learning_rate=0.1,
        loss=4 / number,
        accuracy=accuracy,
        val_loss=val_loss,
    )


@pytest.mark.parametrize("val_loss", [3.0, float("nan")])
@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_a_history_of_any_length_is_drawn(epochs, val_loss, tmp_path):
    history = [epoch(i, 1 - 1 / i, val_loss / i) for i in range(1, epochs + 1)]
    plot_history(history, tmp_path / "curves.png", best_epoch=epochs)
    with Image.open(tmp_path / "curves.png") as picture:
        assert min(picture.size) > 400
        colours = {colour for _, colour in picture.convert("RGB").getcolors(2**24)}
    assert {(0, 114, 178), (213, 94, 0)} <= colours


def test_the_headline_is_of_the_epoch_that_is_kept(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "_save", lambda figure, _: drawn.append(figure))
    history = [epoch(1, 0.9, 0.4), epoch(2, 0.9, 0.3), epoch(3, 0.9, 0.5)]
    plot_history(history, tmp_path / "curves.png", best_epoch=2)
    told = [text.get_text() for text in drawn[0].axes[0].texts]
    assert "Best: 90.0 % right, after epoch 2" in told


def test_ticks_half_a_point_apart_are_told_apart(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(plots, "_save", lambda figure, _: drawn.append(figure))
    plot_history([epoch(1, 0.882, 0.4), epoch(2, 0.921, 0.3)], tmp_path / "c.png", best_epoch=2)
    ticks = drawn[0].axes[0].yaxis.get_major_formatter().format_ticks([0.9, 0.915, 0.92, 1])
    assert ticks == ["90%", "91.5%", "92%", "100%"]
