import json
from pathlib import Path

import numpy as np
import pytest

import headstart as hs
from headstart.augmentation.settings import Augmentation
from headstart.data import LabelledImages, read_dataset
from headstart.data.sources import FileSource
from headstart.errors import UnknownBackbone, UsageError
from headstart.pretraining.plan import Job, divide
from headstart.pretraining.settings import Pretraining


def refused(pictures, out, match, **settings):
    with pytest.raises(UsageError, match=match):
        hs.pretrain(pictures, out, Pretraining(**{"batch_size": 8} | settings))
    assert not out.with_name(f"{out.name}.training").exists()


def test_a_folder_that_is_in_use_is_not_touched(pictures, tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "note.txt").write_text("mine")
    refused(pictures, tmp_path / "net", "new or empty folder")
    assert (tmp_path / "net" / "note.txt").read_text() == "mine"


def test_fewer_images_than_a_batch_are_refused(pictures, tmp_path):
    match = r"as many pictures to train on as in one batch: 128\. Received: 65"
    refused(pictures, tmp_path / "net", match, batch_size=128)


def test_validation_pictures_of_kinds_not_trained_on_are_refused(pictures, tmp_path):
    whole = read_dataset(pictures)
    split = ["valid" if label == "sky" else "train" for label in whole.labels]
    images = LabelledImages(whole.sources, whole.labels, whole.classes, split)
    refused(images, tmp_path / "net", r"1 kinds are not: sky")


def test_a_teacher_that_is_none_is_refused(pictures, tmp_path):
    pytest.importorskip("tensorflow")
    with pytest.raises(UnknownBackbone):
        hs.pretrain(pictures, tmp_path / "net", Pretraining(batch_size=8), teacher="nobody")


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
        images = LabelledImages([FileSource(Path("a.png"))], ["a"], ["a"])
        job = Job(
            settings=Pretraining(augmentation=Augmentation(**views)),
            learnt=images,
            tested=images,
            teacher=None,
            precision="f32",
            folder=Path("net.training"),
            trained_on="nothing",
            license="none",
            progress=None,
        )
        return json.loads(json.dumps(job.described()))

    assert settings() == settings()
    assert settings()["augmentation"]["crop"] == [0.35, 1.0]
    assert settings()["precision"] == "f32"
    assert settings() != settings(rotation=10)
    assert settings(layers=[np.negative]) not in (settings(), settings(layers=[np.positive]))
