import json
from pathlib import Path

import pytest
from PIL import Image

from headstart.backbones.catalogue import backbones
from headstart.evaluation import Evaluation
from headstart.images.notes import NoteCount
from headstart.pretraining.summary import PretrainingSummary
from headstart.training.history import Epoch


@pytest.fixture
def summary():
    history = [
        Epoch(
            epoch=i,
            seconds=1,
            size=64,
            learning_rate=0.1,
            loss=1 / i,
            accuracy=0.9,
            val_loss=1,
            val_accuracy=0.5,
        )
        for i in (1, 2, 3)
    ]
    return PretrainingSummary(
        folder=Path("my-net"),
        backbone=backbones()[0],
        teacher=None,
        precision="f32",
        n_train=100,
        unreadable=(),
        notes=(NoteCount("CMYK converted", 7, ("a.jpg",)),),
        evaluation=Evaluation.from_predictions(
            ["a", "b"], ["x", "y"], [[0.9, 0.1], [0.6, 0.4]], ["x", "y"]
        ),
        history=tuple(history),
        best_epoch=2,
        seconds=3.0,
        sizes={64: 0.5},
    )


def test_report_tells_accuracy_and_folder(summary):
    assert "50.0 %" in str(summary)
    assert str(summary).splitlines()[-1].endswith("--model my-net")


def test_report_and_json_say_how_images_were_read(summary):
    assert "Read by a rule: 7 images, CMYK converted" in str(summary)
    assert summary.to_dict()["notes"][0]["n"] == 7


def test_repr_is_one_line_and_html_has_all_of_it(summary):
    assert repr(summary).startswith("<PretrainingSummary: Trained")
    assert "\n" not in repr(summary)
    assert "my-net" in summary._repr_html_()


def test_history_is_drawn_with_and_without_a_file(summary, tmp_path):
    assert "after epoch 2" in "".join(t.get_text() for t in summary.plot_history().axes[0].texts)
    summary.plot_history(tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as image:
        assert image.format == "PNG"


def test_json_keeps_the_figures(summary):
    found = summary.to_dict()
    assert json.loads(json.dumps(found))["accuracy"] == 0.5
    assert (found["n_train"], found["n_valid"], found["epochs"]) == (100, 2, 3)
