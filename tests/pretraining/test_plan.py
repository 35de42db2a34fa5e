import json
from pathlib import Path

import numpy as np
import pytest

import headstart as hs
from headstart.augmentation.settings import Augmentation
from headstart.data import LabelledImages, read_dataset
from headstart.data.sources import FileSource
from headstart.errors import UnknownBackbone, UsageError
from headstart.pretraining.job import Pretraining
from headstart.pretraining.plan import Job, divide


def refused(pictures, out, match, **settings):
    with pytest.raises(UsageError, match=match):
        hs.pretrain(pictures, out, **{"batch_size": 8} | settings)
    assert not out.with_name(f"{out.name}.training").exists()


def test_a_folder_that_is_in_use_is_not_touched(pictures, tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "note.txt").write_text("mine")
    refused(pictures, tmp_path / "net", "new or empty folder")
    assert (tmp_path / "net" / "note.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"architecture": "maxi"}, r"must be one of mini\. Received: 'maxi'"),
        ({"size": 16}, r"size must be from 32 to 256 pixels\. Received: 16"),
        ({"size": 512}, r"Received: 512"),
        ({"batch_size": 128}, r"as many pictures to train on as in one batch: 128\. Received: 65"),
        ({"epochs": 0}, r"epochs must be at least 1\. Received: 0"),
        ({"batch_size": 0}, r"batch_size must be at least 1"),
        ({"learning_rate": 0.0}, r"learning_rate must be above 0"),
        ({"label_smoothing": 1.0}, r"label_smoothing must be from 0 to below 1"),
        ({"mixup": -1.0}, r"mixup must be 0 or more"),
    ],
)
def test_what_can_not_be_done_is_refused_before_anything_is(pictures, tmp_path, settings, match):
    refused(pictures, tmp_path / "net", match, **settings)


def test_validation_pictures_of_kinds_not_trained_on_are_refused(pictures, tmp_path):
    whole = read_dataset(pictures)
    split = ["valid" if label == "sky" else "train" for label in whole.labels]
    images = LabelledImages(whole.sources, whole.labels, whole.classes, split)
    refused(images, tmp_path / "net", r"1 kinds are not: sky")


def test_a_teacher_that_is_none_is_refused(pictures, tmp_path):
    pytest.importorskip("tensorflow")
    with pytest.raises(UnknownBackbone):
        hs.pretrain(pictures, tmp_path / "net", batch_size=8, teacher="nobody")


@pytest.mark.parametrize(
    ("parts", "measured_by"),
    [("train valid test", "valid"), ("train test", "test")],
)
def test_the_data_sets_own_validation_part_is_used(parts, measured_by):
    names = parts.split()
    sources = [FileSource(Path(name)) for name in names]
    images = LabelledImages(sources, ["a"] * len(names), ["a"], names)
    learnt, tested = divide(images, seed=0)
    assert [source.name for source in learnt.sources] == ["train"]
    assert [source.name for source in tested.sources] == [measured_by]


def test_the_settings_tell_of_an_augmentation_and_its_layers_as_json_can():
    def settings(**views):
        recipe = Pretraining(
            epochs=1,
            batch_size=8,
            size=32,
            first_size=16,
            learning_rate=0.1,
            augmentation=Augmentation(**views),
        )
        images = LabelledImages([FileSource(Path("a.png"))], ["a"], ["a"])
        job = Job(
            architecture="mini",
            recipe=recipe,
            learnt=images,
            tested=images,
            teacher=None,
            precision="f32",
            seed=0,
            folder=Path("net.training"),
            trained_on="nothing",
            license="none",
            workers=1,
            progress=None,
        )
        return json.loads(json.dumps(job.settings()))

    assert settings() == settings()
    assert settings()["recipe"]["augmentation"]["crop"] == [0.35, 1.0]
    assert settings() != settings(rotation=10)
    assert settings(layers=[np.negative]) not in (settings(), settings(layers=[np.positive]))
