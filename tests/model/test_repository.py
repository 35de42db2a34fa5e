import json
from dataclasses import replace

import numpy as np
import pytest

from headstart.errors import UsageError
from headstart.features.extractor import FeatureExtractor
from headstart.images.resizing import Resize
from headstart.images.sources import as_source
from headstart.model import load
from headstart.model.examples import Examples
from headstart.model.repository import front_matter, preprocessor, write_repository
from headstart.prediction.training_hashes import TrainingHashes


@pytest.fixture
def model(model_folder):
    return load(model_folder)


def licensed(model, name):
    network = replace(model.network, license=name)
    return replace(model, description=replace(model.description, network=network))


def test_the_repository_is_a_saved_model_that_loads(model, tmp_path):
    assert write_repository(model, tmp_path / "repo") < 1e-5
    found = load(tmp_path / "repo")
    assert found.labels == model.labels
    names = {path.name for path in (tmp_path / "repo").iterdir()}
    assert {"README.md", "config.json", ".gitattributes", "SHA256SUMS", "graph.xml"} <= names


def test_the_card_begins_with_what_the_hub_reads(model, tmp_path):
    write_repository(licensed(model, "Apache-2.0"), tmp_path / "repo")
    text = (tmp_path / "repo" / "README.md").read_text("utf-8")
    assert text.startswith("---\nlicense: apache-2.0\nlibrary_name: headstart\n")
    assert "pipeline_tag: image-classification" in text
    assert "      value: 0.9000\n" in text
    assert "---\n\n# An image classifier" in text


def test_the_front_matter_is_yaml_that_the_hubs_library_reads(model):
    yaml = pytest.importorskip("yaml")
    _, front, _ = front_matter(licensed(model, "Some: 'odd'\n- licence")).split("---\n")
    found = yaml.safe_load(front)
    assert found["license"] == "other"
    assert found["license_name"] == "some-odd-licence"
    assert found["model-index"][0]["results"][0]["metrics"] == [{"type": "accuracy", "value": 0.9}]


def test_an_unknown_licence_is_said(model):
    assert "license: unknown\n" in front_matter(licensed(model, None))
    assert "license_name: unnamed\n" in front_matter(licensed(model, "???"))


def test_a_card_that_was_edited_is_kept_and_has_one_front_matter(copied, tmp_path):
    (copied / "README.md").write_text("---\nlicense: mine\n---\n\nMy own words\n", "utf-8")
    write_repository(load(copied), tmp_path / "repo")
    text = (tmp_path / "repo" / "README.md").read_text("utf-8")
    assert text.endswith("---\n\nMy own words\n")
    assert "mine" not in text
    (copied / "README.md").unlink()
    write_repository(load(copied), tmp_path / "repo", overwrite=True)
    assert "# An image classifier" in (tmp_path / "repo" / "README.md").read_text("utf-8")


def test_classes_are_numbered_as_transformers_does(save, tmp_path):
    model = save(tmp_path / "model", classes=("horse cart", 2, "a\nb"))
    write_repository(model, tmp_path / "repo")
    config = json.loads((tmp_path / "repo" / "config.json").read_text("utf-8"))
    assert config["id2label"] == {"0": "horse cart", "1": "2", "2": "a\\nb"}


def test_small_copies_of_training_images_stay_at_home(save, tmp_path, tiny_network):
    extractor = FeatureExtractor(tiny_network, Resize("pad", 32, 32))
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    examples = Examples.of(extractor, [as_source(noise, 0)], [0])
    model = save(tmp_path / "model", examples=examples)
    assert (tmp_path / "model" / "examples.npz").exists()
    write_repository(model, tmp_path / "repo")
    assert not (tmp_path / "repo" / "examples.npz").exists()
    load(tmp_path / "repo")


def test_what_is_there_is_replaced_only_if_asked_for(model, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="something else"):
        write_repository(model, tmp_path)
    write_repository(model, tmp_path / "repo")
    with pytest.raises(UsageError, match="already"):
        write_repository(model, tmp_path / "repo")


def test_a_model_is_not_replaced_by_its_own_repository(model):
    with pytest.raises(UsageError, match="a folder of its own, beside the model's"):
        write_repository(model, model.folder, overwrite=True)


@pytest.mark.parametrize(
    ("resize", "expected"),
    [
        (Resize("squash", 8, 9), {"size": {"height": 8, "width": 9}, "resample": 2}),
        (Resize("keras", 8, 8), {"size": {"height": 8, "width": 8}, "resample": 0}),
        (
            Resize("crop", 224, 224),
            {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}},
        ),
    ],
)
def test_resize_rules_in_the_words_of_transformers(resize, expected):
    found = preprocessor(resize)
    assert expected.items() <= found.items()
    assert not found["do_rescale"]


@pytest.mark.parametrize("resize", [Resize("pad", 8, 8), Resize("crop", 8, 9)])
def test_a_rule_that_transformers_has_not_is_not_said(resize):
    assert preprocessor(resize) is None


def test_hashes_of_training_images_stay_at_home(save, tmp_path):
    known = TrainingHashes(np.arange(20, dtype=np.uint64))
    write_repository(save(tmp_path / "model", training_hashes=known), tmp_path / "repo")
    assert not (tmp_path / "repo" / "hashes.npz").exists()
    assert load(tmp_path / "repo").predictor.training_hashes is None
