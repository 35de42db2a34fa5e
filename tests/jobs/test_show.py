"""`headstart.draw_samples` and `headstart.plot_counts` as Python calls them."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import headstart as hs
from headstart.data.labelled_images import LabelledImages
from headstart.errors import DatasetError, UsageError
from headstart.evaluation import sheet


@pytest.fixture
def lines(monkeypatch):
    """What is written on a sheet, line by line."""
    written = []
    monkeypatch.setattr(sheet, "write_line", lambda *what: written.append(what[2]))
    return written


@pytest.fixture
def folder(labelled, tmp_path):
    """The images as class folders."""
    folder = tmp_path / "images"
    for number, (source, label) in enumerate(zip(labelled.sources, labelled.labels, strict=True)):
        (folder / f"class {label}").mkdir(parents=True, exist_ok=True)
        (folder / f"class {label}" / f"{number}.png").write_bytes(source.read())
    return folder


def test_each_class_is_drawn_before_any_is_drawn_again(labelled, lines):
    k = len(labelled.classes)
    hs.draw_samples(labelled, at_most=k)
    assert [line for line in lines if line in map(str, labelled.classes)] == [
        str(label) for label in labelled.classes
    ]
    assert f"{k} of {len(labelled)} images, chosen at random." in lines


def test_the_seed_chooses_the_images(labelled, lines):
    drawn = [hs.draw_samples(labelled, at_most=4, seed=seed).tobytes() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1]
    shown = [lines[at : at + 4] for at in range(0, len(lines), len(lines) // 3)]
    assert shown[0] == shown[1] != shown[2]


def test_a_whole_small_dataset_is_not_called_a_choice(labelled, lines):
    hs.draw_samples(labelled.subset(range(5)))
    assert not [line for line in lines if "random" in line]


def test_a_file_is_written(folder, tmp_path):
    image = hs.draw_samples(folder, tmp_path / "samples.png")
    with Image.open(tmp_path / "samples.png") as written:
        assert np.array_equal(written, image)


def test_a_model_says_what_it_sees(images, labelled, tiny_network, lines):
    classifier = hs.ImageClassifier(tiny_network).fit(*images)
    hs.draw_samples(labelled, model=classifier)
    marked = [line for line in lines if line[0] in "✓✗"]
    assert len(marked) == len(labelled) == 24
    n_right = sum(classifier.predict(images[0]) == np.array(images[1]))
    assert sum(line == "✓ right" for line in marked) == n_right


def test_arguments_are_checked_before_anything_is_read():
    with pytest.raises(UsageError, match=r"\.png"):
        hs.draw_samples("nowhere", "samples.jpg")
    with pytest.raises(UsageError, match=r"at least 1\. Received: 0"):
        hs.draw_samples("nowhere", at_most=0)
    with pytest.raises(UsageError, match=r"\.svg"):
        hs.plot_counts("nowhere", "counts.jpg")


@pytest.mark.parametrize("show", [hs.draw_samples, hs.plot_counts])
def test_a_result_among_the_images_is_refused(show, folder):
    with pytest.raises(UsageError, match="must be written outside the folder of the images"):
        show(folder, folder / "shown.png")


@pytest.mark.parametrize("show", [hs.draw_samples, hs.plot_counts])
def test_whatever_train_takes_can_be_shown(show, folder, labelled, tmp_path):
    paths = sorted(folder.rglob("*.png"))
    labels = [path.parent.name for path in paths]
    table = pd.DataFrame({"photo": list(map(str, paths)), "label": labels})
    settings = hs.DatasetSettings(image_column="photo")
    for data, how in ((table, settings), ((paths, labels), hs.DatasetSettings())):
        show(data, tmp_path / "shown.png", dataset=how)
        assert (tmp_path / "shown.png").is_file()
        (tmp_path / "shown.png").unlink()
    show(tmp_path, dataset=hs.DatasetSettings(class_level=2))
    with pytest.raises(UsageError, match="how a path or a table is read"):
        show(labelled, dataset=settings)


@pytest.mark.parametrize("show", [hs.draw_samples, hs.plot_counts])
def test_nothing_to_show_is_said(show):
    with pytest.raises(DatasetError, match="at least one image"):
        show(LabelledImages([], [], ["a"]))


def test_counts_are_drawn_and_written(folder, labelled, tmp_path):
    figure = hs.plot_counts(folder, tmp_path / "counts.svg")
    assert len(figure.axes[0].get_yticklabels()) == len(labelled.classes)
    assert (tmp_path / "counts.svg").read_text("utf-8").startswith("<?xml")
