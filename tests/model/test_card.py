import pytest

from headstart.backbones.variants import mirrored
from headstart.model import TrainingData, layout


def card(save, folder, **changes):
    save(folder, **changes)
    return (folder / layout.CARD).read_text("utf-8")


def test_tells_what_a_finder_wants_to_know(model_folder):
    text = (model_folder / layout.CARD).read_text("utf-8")
    for fact in (
        "| dog | 7 |",
        "right 90.0% of the time (95 % interval: 80.0% to 95.0%), tested on 20 pictures.",
        "Trained on 15 pictures, and 1 set aside that could not be read.",
        "`tiny`",
        "32 x 32 pixels",
        "Computed in f32: as asked for.",
    ):
        assert fact in text


def test_does_not_claim_what_was_not_measured(save, tmp_path):
    text = card(save, tmp_path / "model", evaluation={}, training=TrainingData((1, 1, 1)))
    assert "was not measured" in text
    assert "set aside" not in text


def test_an_accuracy_may_stand_alone(save, tmp_path):
    assert "right 50.0% of the time." in card(save, tmp_path / "m", evaluation={"accuracy": 0.5})


@pytest.mark.parametrize("label", ["a|b", "<script>", "two\nlines"])
def test_labels_can_not_break_the_page(save, tmp_path, label):
    text = card(save, tmp_path / "model", classes=(label, "b", "c"))
    assert label not in text
    assert "| 5 |\n| b | 7 |" in text


def test_says_whether_the_network_learnt_as_well(save, tmp_path):
    assert "trained by others and left unchanged" in card(save, tmp_path / "frozen")
    counted = TrainingData((1, 2, 0), fine_tuned="from block_16_expand on")
    text = card(save, tmp_path / "tuned", training=counted)
    assert "trained by others and fine-tuned on these pictures (from block_16_expand on)" in text


def test_says_whether_it_looks_at_mirror_images(save, tmp_path, tiny_network):
    assert "mirror" not in card(save, tmp_path / "plain")
    text = card(save, tmp_path / "mirrored", network=mirrored(tiny_network))
    assert "32 x 32 pixels; the answer is the mean over it and its mirror image." in text
