import dataclasses
import json

import pytest
from tests.attacks.judges import LABELS, judge_markdown

from headstart.images.resizing import Resize
from headstart.model import TrainingData, load
from headstart.model.card import model_card
from headstart.model.parts import CARD
from headstart.networks.preprocessing import STANDARDISED
from headstart.networks.variants import mirrored
from headstart.records import to_json


def card(save, folder, **changes):
    save(folder, **changes)
    return (folder / CARD).read_text("utf-8")


def settings_in(text):
    """Return the settings that the card shows."""
    return json.loads(text.partition("```json")[2].partition("\n```")[0])


def test_tells_what_the_model_is(model_folder):
    text = (model_folder / CARD).read_text("utf-8")
    for fact in (
        "Version 1, saved at 20",
        "| dog | 7 |",
        "Its accuracy is 90.0 % on images",
        "(95 % interval: 80.0 % to 95.0 %), measured on 20 images.",
        f"Trained on 15 images; 1 more could not be read (fingerprint `{'f' * 64}`).",
        "`tiny`",
        "32 x 32 pixels",
        "Computed in f32: as asked for.",
        "`pip install .`",
    ):
        assert fact in text


def test_every_fact_of_the_network_is_in_it(save, tmp_path, tiny_network):
    known = {
        "layer": "conv_7",
        "pooling": "max",
        "preprocessing": STANDARDISED,
        "license": "CC-BY-4.0",
        "source": "a paper",
        "weights_source": "https://example.org/tiny.h5",
    }
    text = card(save, tmp_path / "model", network=dataclasses.replace(tiny_network, **known))
    facts = to_json(load(tmp_path / "model").network, without=["folder", "key", "files", "classes"])
    assert None not in facts.values()
    del facts["outputs"]
    assert settings_in(text)["network"] == facts
    assert "- Licence of its weights, which applies to this model as well: CC-BY-4.0." in text


def test_the_resize_is_that_of_the_model(save, tmp_path):
    text = card(save, tmp_path / "model", resize=Resize("squash", 32, 32, interpolation="bicubic"))
    resize = settings_in(text)["resize"]
    assert (resize["rule"], resize["interpolation"]) == ("squash", "bicubic")
    assert (
        "Each image is resized without cropping and without keeping its shape: 32 x 32 pixels."
        in text
    )


def test_does_not_claim_what_was_not_measured(save, tmp_path):
    text = card(save, tmp_path / "model", evaluation={}, training=TrainingData((1, 1, 1)))
    assert "was not measured" in text
    assert "could not be read" not in text
    assert "fingerprint" not in text


def test_an_accuracy_may_stand_alone(save, tmp_path):
    text = card(save, tmp_path / "model", evaluation={"accuracy": 0.5})
    assert "Its accuracy is 50.0 % on images that it was not trained on." in text


@pytest.mark.parametrize("text", LABELS)
def test_strings_can_not_break_the_page(model_folder, text):
    described = load(model_folder).description
    network = dataclasses.replace(described.network, name=text, layer=text)
    found = model_card(
        dataclasses.replace(described, classes=(text, "b", "c"), network=network, version=text)
    )
    judge_markdown(found)
    assert settings_in(found)["network"]["layer"] == text
    assert "| 5 |\n| b | 7 |" in found


def test_says_whether_the_network_was_trained_as_well(save, tmp_path):
    assert "pre-trained and left unchanged" in card(save, tmp_path / "frozen")
    data = TrainingData((1, 2, 0), fine_tuned="from block_16_expand on")
    text = card(save, tmp_path / "tuned", training=data)
    assert "pre-trained and fine-tuned on these images (from block_16_expand on)" in text


def test_says_whether_mirror_images_are_used(save, tmp_path, tiny_network):
    assert "mirror image" not in card(save, tmp_path / "plain")
    text = card(save, tmp_path / "mirrored", network=mirrored(tiny_network))
    assert "32 x 32 pixels; the probabilities are the mean over it and its mirror image." in text
