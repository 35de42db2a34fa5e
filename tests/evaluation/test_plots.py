import itertools
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.text import Text
from PIL import Image

from headstart.data.labelled_images import LabelledImages
from headstart.display import fonts
from headstart.errors import UsageError
from headstart.evaluation import Evaluation, plots
from headstart.evaluation.canvas import SUFFIXES
from headstart.evaluation.plots import Baseline, plot_history
from headstart.images.sources import BytesSource
from headstart.training.history import Epoch

PLOTS = (Evaluation.plot_confusion, Evaluation.plot_classes)


def _pixels(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def _share(pixels, colour):
    return np.mean(np.abs(pixels - np.array(colour)).max(axis=-1) < 30)


def texts(figure):
    """Return everything that is written in a figure."""
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def boxes(figure, written):
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [text.get_window_extent(renderer) for text in written if text.get_text().strip()]


def assert_apart(figure, written):
    found = boxes(figure, written)
    for one, other in itertools.combinations(found, 2):
        assert not one.overlaps(other), (one, other)


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
    assert 3000 < pixels.shape[0] < 3400
    assert _share(pixels, (0, 114, 178)) > 0.001


@pytest.mark.slow
@pytest.mark.parametrize("plot", PLOTS)
def test_draws_hundreds_of_classes(plot, make_evaluation, tmp_path):
    plot(make_evaluation(200, n_each=3), tmp_path / "plot.png")
    assert max(_pixels(tmp_path / "plot.png").shape) < 6000


LONG = "Ailuropoda melanoleuca var. {}"


@pytest.mark.parametrize(
    ("k", "name", "turned"),
    [
        (2, "{}", 0),
        (2, LONG, 0),
        (3, "{}", 0),
        (10, "kind {}", 0),
        (10, LONG, 45),
        (24, "{}", 0),
        (24, "n0{}1443537", 45),
        (55, LONG, 90),
    ],
)
def test_names_of_columns_are_turned_only_where_they_would_not_fit(
    make_evaluation, k, name, turned
):
    evaluation = make_evaluation(classes=[name.format(number) for number in range(k)], n_each=3)
    figure = evaluation.plot_confusion()
    axes = figure.axes[0]
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {turned}
    if not turned:
        assert_apart(figure, axes.get_xticklabels())
    assert_apart(figure, axes.get_yticklabels())


@pytest.mark.parametrize("k", [2, 10, 24, 25])
def test_cells_hold_counts_and_shares_that_fit(make_evaluation, k):
    figure = make_evaluation(k, n_each=40).plot_confusion()
    axes = figure.axes[0]
    cells = [text for text in axes.texts if text.get_transform() == axes.transData]
    share = "75.0 %" if k == 2 else "75 %"
    assert f"30\n{share}" in [text.get_text() for text in cells]
    corners = axes.transData.transform([(0, 0), (1, 1)])
    width, height = abs(corners[1] - corners[0])
    for box in boxes(figure, cells):
        assert box.width < width
        assert box.height < height


def test_cells_of_a_larger_matrix_hold_shares_in_percent(make_evaluation):
    figure = make_evaluation(40, n_each=8).plot_confusion()
    axes = figure.axes[0]
    cells = [text for text in axes.texts if text.get_transform() == axes.transData]
    assert {text.get_text() for text in cells} == {"75", "25"}
    assert "The numbers are these shares in percent." in texts(figure)
    assert_apart(figure, cells)


@pytest.mark.parametrize("k", [61, 100])
def test_a_matrix_without_numbers_has_a_scale_of_its_colours(make_evaluation, k):
    figure = make_evaluation(k, n_each=2).plot_confusion()
    matrix, scale = figure.axes
    assert [label.get_text() for label in scale.get_yticklabels()] == [
        "0 %",
        "25 %",
        "50 %",
        "75 %",
        "100 %",
    ]
    assert [label.get_text() for label in scale.get_xticklabels()] == ["right", "wrong"]
    lists = [text for text in matrix.texts if "labelled" in text.get_text()]
    written = [*lists, *scale.get_yticklabels()]
    assert_apart(figure, written)
    assert min(box.x0 for box in boxes(figure, written)) > matrix.get_window_extent().x1


def test_the_most_frequent_confusions_are_listed_beside_a_large_matrix(make_evaluation):
    evaluation = make_evaluation(30, n_each=8)
    assert "2 of 8 labelled kind 0, predicted kind 1" in texts(evaluation.plot_confusion())
    small = make_evaluation(25, n_each=8)
    assert "labelled" not in texts(small.plot_confusion())


def test_intervals_are_dark_lines_on_white_ones(make_evaluation):
    axes = make_evaluation(3).plot_classes().axes[0]
    lines = [each for each in axes.collections if isinstance(each, LineCollection)]
    below, above = sorted(lines[:2], key=lambda line: line.get_zorder())
    assert np.array_equal(below.get_segments(), above.get_segments())
    assert below.get_linewidth() > above.get_linewidth() + 1
    assert below.get_color()[0].tolist() == [1, 1, 1, 1]
    assert above.get_color()[0][:3].max() < 0.2


def test_the_plot_of_classes_says_how_they_are_sorted(make_evaluation):
    assert "Sorted by F1" in texts(make_evaluation(3).plot_classes())
    missing = Evaluation.from_predictions(["a"], ["x"], [[1.0, 0.0]], ["x", "y"])
    written = texts(missing.plot_classes())
    assert "Classes without test images come last." in written
    assert "no test images" in written


@pytest.mark.parametrize("k", [2, 25, 51, 100, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["{}", LONG])
def test_columns_of_bars_are_apart_and_waste_no_room(make_evaluation, k, name):
    evaluation = make_evaluation(classes=[name.format(number) for number in range(k)], n_each=3)
    figure = evaluation.plot_classes()
    # Above are a title and notes, which may be wider than a column.
    beside = [[each for each in axes.texts if each.get_text()[0] == " "] for axes in figure.axes]
    names = [label for axes in figure.axes for label in axes.get_yticklabels()]
    shares = [label for axes in figure.axes for label in axes.get_xticklabels()]
    assert_apart(figure, [*names, *shares, *itertools.chain(*beside)])
    for counts, right in zip(beside, figure.axes[1:], strict=False):
        start = max(box.x1 for box in boxes(figure, counts))
        end = min(box.x0 for box in boxes(figure, right.get_yticklabels()))
        # Inches.
        assert 0.1 < (end - start) / figure.dpi < 0.6
    lengths = [len(axes.get_yticklabels()) for axes in figure.axes]
    assert sum(lengths) == k
    assert max(lengths) - min(lengths) < len(lengths)


def dataset(counts, split=None):
    labels = [label for label, n in counts.items() for _ in range(n)]
    sources = [BytesSource(f"{number}.jpg", b"") for number in range(len(labels))]
    return LabelledImages(sources, labels, [*counts], split=split)


def widths(axes):
    return {bars.get_label(): [round(bar.get_width()) for bar in bars] for bars in axes.containers}


def test_bars_count_the_images_of_each_class_the_fewest_first():
    figure = plots.counts_figure(dataset({"cat": 3, "dog": 1, "7": 2}))
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["dog", "7", "cat"]
    assert widths(axes) == {"images": [1, 2, 3]}
    assert "6 images of 3 classes: 1 to 3 of each class" in texts(figure)
    assert axes.get_legend() is None


def test_each_split_has_a_part_of_the_bar():
    split = ["train", "train", "test", "train", "test"]
    figure = plots.counts_figure(dataset({"cat": 3, "dog": 2}, split))
    assert widths(figure.axes[0]) == {"train": [1, 2], "test": [1, 1]}
    assert in_legend(figure) == ["train", "test"]


def test_of_very_many_classes_the_smallest_are_counted():
    figure = plots.counts_figure(dataset({f"class {n}": 1 + (n == 0) for n in range(203)}))
    assert "The 200 smallest of 203 classes." in texts(figure)
    assert "class 0" not in [name.get_text() for name in figure.axes[-1].get_yticklabels()]


@pytest.mark.parametrize("plot", PLOTS)
def test_names_that_no_font_has_are_explained(plot, make_evaluation, monkeypatch):
    monkeypatch.setattr("headstart.display.fonts._font_folders", lambda: iter(()))
    fonts._font_for.cache_clear()
    fonts._system_fonts.cache_clear()
    evaluation = make_evaluation(classes=["赤", "犬"])
    assert "the fonts of this machine do not have" in texts(plot(evaluation))
    assert "the fonts of this machine do not have" not in texts(plot(make_evaluation(2)))


def all_figures(evaluation):
    history = [epoch(1, 0.5, 1.0), epoch(2, 0.6, 0.9)]
    return [
        evaluation.plot_confusion(),
        evaluation.plot_classes(),
        plot_history(history, best_epoch=2, frozen=Baseline(0.55, 0.95, kept=False)),
    ]


def test_a_dark_style_of_the_user_changes_nothing(make_evaluation):
    evaluation = make_evaluation(3)
    light = [figure._repr_png_() for figure in all_figures(evaluation)]
    with style.context("dark_background"), mpl.rc_context({"savefig.transparent": True}):
        assert [figure._repr_png_() for figure in all_figures(evaluation)] == light


def test_names_are_not_typeset_by_latex(strange):
    with mpl.rc_context({"text.usetex": True}):
        for figure in all_figures(strange):
            assert figure._repr_png_()
            assert not [text for text in figure.findobj(Text) if text.get_usetex()]


def test_drawing_changes_nothing_in_matplotlib(make_evaluation, tmp_path):
    before = dict(mpl.rcParams.copy())
    backend = mpl.get_backend(auto_select=False)
    evaluation = make_evaluation(30)
    for plot in PLOTS:
        for suffix in SUFFIXES:
            plot(evaluation, tmp_path / f"a{suffix}")
    plot_history([epoch(1, 0.5, 1.0)], tmp_path / "a.png", best_epoch=1)
    assert dict(mpl.rcParams.copy()) == before
    assert mpl.get_backend(auto_select=False) == backend


def epoch(number, val_accuracy, val_loss, accuracy=0.5):
    return Epoch(
        epoch=number,
        seconds=1.0,
        size=64,
        learning_rate=0.1,
        loss=4 / number,
        accuracy=accuracy,
        val_accuracy=val_accuracy,
        val_loss=val_loss,
    )


def curves(axes):
    """Return the values of each curve by its label. Lines across the axes have one value."""
    lines, labels = axes.get_legend_handles_labels()
    return {
        label: sorted(set(line.get_ydata())) if label == "frozen network" else [*line.get_ydata()]
        for line, label in zip(lines, labels, strict=True)
    }


def in_legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_a_history_of_any_length_has_a_curve_for_either_set(epochs):
    history = [epoch(i, 1 - 1 / i, 3.0 / i) for i in range(1, epochs + 1)]
    accuracy, loss = plot_history(history, best_epoch=epochs).axes
    assert curves(accuracy) == {
        "training images": [each.accuracy for each in history],
        "validation images": [each.val_accuracy for each in history],
    }
    assert curves(loss) == {
        "training images": [each.loss for each in history],
        "validation images": [each.val_loss for each in history],
    }


def test_the_frozen_network_is_a_horizontal_line():
    history = [epoch(1, 0.8, 0.4), epoch(2, 0.9, 0.3)]
    figure = plot_history(history, best_epoch=2, frozen=Baseline(0.85, 0.35, kept=False))
    accuracy, loss = figure.axes
    assert curves(accuracy)["frozen network"] == [0.85]
    assert curves(loss)["frozen network"] == [0.35]
    assert "frozen network" in in_legend(figure)


def test_what_was_not_measured_has_no_curve():
    nothing = float("nan")
    figure = plot_history([epoch(1, nothing, nothing)], best_epoch=1)
    assert [[*curves(axes)] for axes in figure.axes] == [["training images"]] * 2
    assert "there are no validation images" in texts(figure)
    assert "nan" not in texts(figure)


def test_a_curve_in_one_of_the_axes_is_in_the_legend():
    figure = plot_history([epoch(1, 0.5, float("nan"), accuracy=float("nan"))], best_epoch=1)
    assert in_legend(figure) == ["training images", "validation images"]


def test_the_title_is_of_the_epoch_that_is_kept():
    history = [epoch(1, 0.9, 0.4), epoch(2, 0.9, 0.3), epoch(3, 0.9, 0.5)]
    written = texts(plot_history(history, best_epoch=2))
    assert "Accuracy 90.0 % after epoch 2" in written
    assert "epoch 2 is kept" in written


@pytest.mark.parametrize(
    ("n", "best"), [(1, 1), (2, 1), (3, 2), (8, 6), (30, 29), (30, 2), (100, 41), (100, 2)]
)
@pytest.mark.parametrize("kept", [True, False])
def test_the_first_last_and_kept_epoch_are_named(n, best, kept):
    history = [epoch(i, 0.5, 1.0) for i in range(1, n + 1)]
    figure = plot_history(history, best_epoch=best, frozen=Baseline(0.5, 1.0, kept=kept))
    for axes in figure.axes:
        named = {label.get_text() for label in axes.get_xticklabels()}
        words = {word for name in named for word in name.split()}
        assert {"1", str(n), str(best), "best" if kept else "kept"} <= words
        # A name that begins with a line break stands below the others.
        on_one_line = [each for each in axes.get_xticklabels() if each.get_text()[0] != "\n"]
        assert_apart(figure, on_one_line)


def test_ticks_half_a_point_apart_differ():
    accuracy, _ = plot_history([epoch(1, 0.882, 0.4), epoch(2, 0.921, 0.3)], best_epoch=2).axes
    ticks = accuracy.yaxis.get_major_formatter().format_ticks([0.9, 0.915, 0.92, 1])
    assert ticks == ["90 %", "91.5 %", "92 %", "100 %"]


def test_a_history_is_drawn_with_and_without_a_file(tmp_path):
    history = [epoch(1, 0.882, 0.4), epoch(2, 0.921, 0.3)]
    assert len(plot_history(history, best_epoch=2).axes) == 2
    plot_history(history, str(tmp_path / "curves.png"), best_epoch=2)
    assert _pixels(tmp_path / "curves.png").std() > 10
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_other_suffixes_are_refused_before_anything_is_drawn(make_evaluation, monkeypatch):
    def draw(*_):
        raise AssertionError("drawn")

    evaluation = make_evaluation(3)
    for name in ("confusion_figure", "classes_figure", "new_figure"):
        monkeypatch.setattr(plots, name, draw)
    for refused in (
        lambda: evaluation.plot_confusion("a.jpg"),
        lambda: evaluation.plot_classes("a"),
        lambda: plot_history([epoch(1, 0.5, 1.0)], "a.gif", best_epoch=1),
    ):
        with pytest.raises(UsageError, match=r"end in \.png, \.pdf or \.svg"):
            refused()


@pytest.mark.parametrize(("name", "start"), [("a.pdf", b"%PDF"), ("a.SVG", b"<?xml")])
@pytest.mark.parametrize("plot", PLOTS)
def test_the_suffix_says_the_format(plot, name, start, strange, tmp_path):
    plot(strange, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
