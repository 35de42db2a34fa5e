"""``headstart augment``; what is drawn is tested in tests/evaluation/test_preview.py."""

import numpy as np
import pytest
from PIL import Image

import headstart.augmentation.preview
from headstart.augmentation.settings import Augmentation
from headstart.cli.augment import _spread
from headstart.cli.main import main


@pytest.fixture
def asked(monkeypatch):
    """What `draw_augmented` was called with."""
    calls = []

    def draw(path, sources, augmentation, size, **settings):
        calls.append((path.name, [source.name for source in sources], augmentation, size, settings))
        return ()

    monkeypatch.setattr(headstart.augmentation.preview, "draw_augmented", draw)
    return calls


def test_a_sheet_is_drawn_of_a_folder(photos, tmp_path, capsys):
    out = tmp_path / "sheet.png"
    assert main(["augment", str(photos), "--out", str(out), "--size", "32", "--views", "2"]) == 0
    with Image.open(out) as sheet:
        assert np.asarray(sheet).std() > 20
    told = capsys.readouterr()
    assert told.err.startswith(f"{out}: 6 images, 2 views each: 35 % to 100 %")
    assert told.out == ""


def test_the_defaults(asked, photos):
    assert main(["augment", str(photos), "--out", "sheet.png"]) == 0
    ((name, sources, augmentation, size, settings),) = asked
    assert (name, size, settings) == ("sheet.png", 224, {"views": 7, "seed": 0})
    assert augmentation == Augmentation()
    # Some of each of the three folders.
    assert [source.split("photos")[1][1:-6] for source in sources] == [
        *("blue", "blue", "green", "green", "red", "red")
    ]


def test_every_argument_arrives(asked, photos):
    words = [
        *("--crop", "0.5", "--aspect", "1.2", "--rotation", "20", "--no-flip", "--vertical-flip"),
        *("--colour", "0", "--size", "96", "--views", "3", "--images", "2", "--seed", "5"),
    ]
    assert main(["augment", str(photos), "--out", "sheet.png", *words]) == 0
    ((_, sources, augmentation, size, settings),) = asked
    assert len(sources) == 2
    assert (size, settings) == (96, {"views": 3, "seed": 5})
    assert augmentation == Augmentation(
        crop=(0.5, 1.0), aspect=1.2, rotation=20, flip=0.0, vertical_flip=0.5, colour=0.0
    )


def test_an_unreadable_image_is_named_and_counts_as_failed(photos, tmp_path, capsys):
    (tmp_path / "none.jpg").write_bytes(b"no image at all")
    paths = [str(photos / "red"), str(tmp_path / "none.jpg")]
    out = str(tmp_path / "sheet.png")
    words = ["--size", "32", "--views", "1", "--images", "99"]
    assert main(["augment", *paths, "--out", out, *words]) == 1
    told = capsys.readouterr().err
    assert "none.jpg" in told
    assert "6 images, 1 views" in told


def test_a_folder_without_images_is_refused(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    out = str(tmp_path / "sheet.png")
    assert main(["augment", str(tmp_path / "empty"), "--out", out]) == 1
    assert "There is no image in the folder" in capsys.readouterr().err


def test_impossible_views_are_wrong_usage(photos, tmp_path, capsys):
    out = ["--out", str(tmp_path / "sheet.png")]
    assert main(["augment", str(photos), *out, "--rotation", "-3"]) == 2
    assert "from 0 to 180 degrees. Received: -3" in capsys.readouterr().err


def test_images_are_taken_evenly_from_all():
    assert _spread(list(range(12)), 3) == [0, 4, 8]
    assert _spread([0, 1], 6) == [0, 1]
    assert _spread([], 6) == []
