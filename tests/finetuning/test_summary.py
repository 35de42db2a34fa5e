import json

import pytest
from PIL import Image

from headstart.finetuning.comparison import Comparison
from headstart.finetuning.summary import FineTuningSummary
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
    return FineTuningSummary(
        comparison=Comparison(
            n=40,
            frozen=0.8,
            tuned=0.9,
            frozen_loss=0.5,
            tuned_loss=0.3,
            loss_error=0.05,
            only_frozen=1,
            only_tuned=5,
            p_value=0.22,
        ),
        history=tuple(history),
        best_epoch=2,
        where="block_13",
        first_layer="block_13_expand",
        n_learning=12,
        n_folds=1,
        n_views=8,
        precision="f32",
        notes=("A note.",),
        seconds=12.5,
    )


def test_report_names_layers_epochs_and_comparison(summary):
    first, *_, last = str(summary).splitlines()
    assert first.startswith("Fine-tuned 12 layers (from block_13_expand on) for 3 epochs")
    assert "90.0 %" in str(summary)
    assert last == "A note."


def test_repr_is_one_line_and_html_has_all_of_it(summary):
    assert repr(summary).startswith("<FineTuningSummary: Fine-tuned 12 layers")
    assert "\n" not in repr(summary)
    assert "A note." in summary._repr_html_()


def test_history_is_drawn_with_and_without_a_file(summary, tmp_path):
    assert "after epoch 2" in "".join(t.get_text() for t in summary.plot_history().axes[0].texts)
    summary.plot_history(tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as image:
        assert image.format == "PNG"


def test_json_keeps_everything(summary):
    found = summary.to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["comparison"]["kept"] == "tuned"
    assert len(found["history"]) == 3
    assert summary.kept
