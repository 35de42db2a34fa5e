import io

import numpy as np
import pytest
from PIL import Image

from headstart.errors import StorageError, UsageError
from headstart.evaluation import canvas


def drawn():
    figure, axes = canvas.new_figure(2, 1)
    axes.set(xlim=(0, 1), ylim=(0, 1), facecolor="red")
    canvas.title(axes, "A title that is wider than the axes are", "a note\nof two lines")
    canvas.name_ticks(axes.yaxis, ["$x$", "a very long name of a class, really"], 8)
    return figure, axes


def inches(figure, axes):
    return axes.get_position().bounds[2:] * figure.get_size_inches()


def test_nothing_is_cut_off_and_axes_keep_their_size():
    figure, axes = drawn()
    canvas.fit(figure)
    np.testing.assert_allclose(inches(figure, axes), (2, 1))
    image = io.BytesIO()
    figure.savefig(image, format="png")
    with Image.open(image) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    margin = round(canvas.MARGIN * canvas.DPI) - 2
    inside = (pixels < 250).any(axis=-1)
    assert not inside[:margin].any()
    assert not inside[-margin:].any()
    assert not inside[:, :margin].any()
    assert not inside[:, -margin:].any()
    assert inside[margin : margin + 8].any()
    assert inside[:, margin : margin + 8].any()


def test_names_are_no_formulas_and_long_ones_are_shortened():
    _, axes = drawn()
    formula, long = axes.get_yticklabels()
    assert not formula.get_parse_math()
    assert formula.get_text() == "$x$"
    assert len(long.get_text()) == 26


def test_a_notebook_shows_the_figure_without_pyplot():
    figure, _ = drawn()
    shown = canvas.fit(figure)._repr_png_()  # type: ignore[attr-defined] # set on the object
    assert shown.startswith(b"\x89PNG")


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figure, _ = drawn()
    assert canvas.saved(figure, None) is figure
    assert list(tmp_path.iterdir()) == []


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"end in \.png"):
        canvas.saved(drawn()[0], tmp_path / "plot.svg")
    assert list(tmp_path.iterdir()) == []


def test_failed_writing_leaves_the_old_file(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    old = tmp_path / "plot.png"
    old.write_bytes(b"old")
    figure, _ = drawn()
    monkeypatch.setattr(type(figure), "savefig", fail)
    with pytest.raises(StorageError, match="No space left"):
        canvas.saved(figure, old)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
