import io

import numpy as np
import pytest
from PIL import Image

from headstart.errors import StorageError, UsageError
from headstart.evaluation import canvas, plots


def drawn():
    figure, axes = canvas.new_figure(2, 1)
    axes.set(xlim=(0, 1), ylim=(0, 1), facecolor="red")
    canvas.write_title(axes, "A title that is wider than the axes are", "a note\nof two lines")
    names = canvas.drawables(["$x$", "a very long name of a class, really"])
    plots._name_ticks(axes.yaxis, names, 8)
    return figure, axes


def test_nothing_is_cut_off_and_axes_keep_their_size():
    image = io.BytesIO()
    drawn()[0].savefig(image, format="png")
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
    red = (pixels == (255, 0, 0)).all(axis=-1)
    assert red.any(axis=0).sum() == pytest.approx(2 * canvas.DPI, abs=2)
    assert red.any(axis=1).sum() == pytest.approx(canvas.DPI, abs=2)


def test_names_are_no_formulas_and_long_ones_are_shortened():
    _, axes = drawn()
    formula, long = axes.get_yticklabels()
    assert not formula.get_parse_math()
    assert formula.get_text() == "$x$"
    assert len(long.get_text()) == 26


def test_long_names_that_differ_in_the_middle_stay_different():
    names = [f"the first half of a name, number {n}, and its other half" for n in (1, 2)]
    assert len({name.text for name in canvas.drawables(names)}) == 2
    assert len(canvas.drawables(names[:1])[0].text) == canvas.NAME_LENGTHS[0]


def test_a_notebook_shows_the_figure_without_pyplot():
    assert drawn()[0]._repr_png_().startswith(b"\x89PNG")


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figure, _ = drawn()
    assert canvas.saved(figure, None) is figure
    assert list(tmp_path.iterdir()) == []


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"end in \.png, \.pdf or \.svg\. Received: .*plot\.jpg"):
        canvas.saved(drawn()[0], tmp_path / "plot.jpg")
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
