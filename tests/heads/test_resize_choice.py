import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.heads import resize_choice
from headstart.heads.resize_choice import CANDIDATES, ResizeChoice, choose_resize
from headstart.images.resizing import Resize
from headstart.images.sources import ArraySource, BytesSource


def edged(bright, seed):
    """Return noise of 32 x 96 pixels whose outer quarters alone tell the class."""
    random = np.random.default_rng([seed, bright])
    pixels = random.integers(0, 256, (32, 96, 3)).astype(np.uint8)
    pixels[:, :20] = pixels[:, -20:] = 230 if bright else 20
    return pixels


@pytest.fixture
def extractor(tiny_network):
    return FeatureExtractor.open(tiny_network, FeatureSettings(cache=False, precision="f32"))


@pytest.fixture
def dataset():
    labels = ["dark", "bright"] * 60
    return [
        ArraySource(f"image {seed}", edged(label == "bright", seed))
        for seed, label in enumerate(labels)
    ], labels


def test_what_cuts_off_the_difference_is_not_chosen(extractor, dataset):
    recorder = Recorder()
    choice = choose_resize(extractor, *dataset, progress=recorder)
    assert recorder.said == [f"The resize rule is {choice}."]
    assert choice.rule in {"squash", "pad"}
    assert "by cross-validated log loss on 120 images: squash 0." in choice.reason
    assert str(choice) == f"{choice.rule}, {choice.reason}"


def test_the_same_seed_makes_the_same_choice(extractor, dataset):
    sources, labels = dataset
    first = choose_resize(extractor, sources, labels, 3)
    assert choose_resize(extractor, sources, labels, 3) == first


def test_few_images_decide_nothing_and_cost_nothing(extractor, dataset, monkeypatch):
    monkeypatch.setattr(FeatureExtractor, "extract_all", None)
    sources, labels = dataset
    choice = choose_resize(extractor, sources[:20], labels[:20])
    assert choice.rule == CANDIDATES[0]
    assert "fewer than 100" in choice.reason


def test_only_classes_with_several_images_decide(extractor, dataset):
    sources, labels = dataset
    single = ArraySource("single", edged(True, 999))
    choice = choose_resize(extractor, [*sources, single], [*labels, "single"])
    assert "on 120 images" in choice.reason


def test_unreadable_images_decide_nothing(extractor, dataset):
    sources, labels = dataset
    choice = choose_resize(extractor, [BytesSource("bad", b"GIF89a"), *sources], ["dark", *labels])
    assert "on 120 images" in choice.reason


def test_at_most_some_images_of_some_classes_are_used(extractor, monkeypatch):
    monkeypatch.setattr(resize_choice, "_IMAGES", 48)
    monkeypatch.setattr(resize_choice, "_CLASSES", 6)
    monkeypatch.setattr(resize_choice, "_TOO_FEW", 30)
    labels = [number % 20 for number in range(400)]
    sources = [ArraySource(str(n), edged(n % 2 == 0, n)) for n in range(400)]
    recorder = Recorder()
    choice = choose_resize(extractor, sources, labels, progress=recorder)
    assert "on 48 images" in choice.reason


def best(**losses):
    return resize_choice._best(
        {rule: np.array(each) for rule, each in losses.items()}, np.ones(len(losses["squash"]))
    )


def test_the_first_rule_stays_unless_another_is_better_beyond_chance():
    squash = np.array([0.1, 0.9, 0.3, 0.7] * 10)
    by_chance = squash + np.array([-1.0, 0.9, -1.0, 1.0] * 10)
    clearly = squash - 0.05
    worse = squash + 1
    assert best(squash=squash, crop=by_chance, pad=worse) == ResizeChoice(
        "squash",
        "since none was better beyond chance by cross-validated log loss on 40 images: "
        "squash 0.50, crop 0.47, pad 1.50",
    )
    assert best(squash=squash, crop=clearly, pad=worse).rule == "crop"
    assert best(squash=squash, crop=worse, pad=worse).reason.startswith("chosen by")


def test_each_rule_brings_images_to_the_networks_size(extractor):
    for rule in CANDIDATES:
        assert extractor.resized_by(rule).resize == Resize(rule, 32, 32)


def test_without_progress_the_rule_is_only_logged(extractor, dataset, caplog, capsys):
    with caplog.at_level("INFO", "headstart"):
        choice = choose_resize(extractor, *dataset)
    assert f"The resize rule is {choice}." in caplog.messages
    assert "resize rule" not in capsys.readouterr().err
