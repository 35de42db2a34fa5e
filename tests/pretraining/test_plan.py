import json
from pathlib import Path

import numpy as np
import pytest

import headstart as hs
from headstart.augmentation.settings import Augmentation
from headstart.data.datasets import read_dataset
from headstart.data.labelled_images import LabelledImages
from headstart.errors import DatasetError, UnknownBackbone, UsageError
from headstart.images.sources import FileSource
from headstart.pretraining.plan import Job, split_images
from headstart.pretraining.settings import Pretraining


def refused(dataset, out, match, **settings):
    with pytest.raises(UsageError, match=match):
        hs.pretrain(dataset, out, Pretraining(**{"batch_size": 8} | settings))
    assert not out.with_name(f"{out.name}.training").exists()


def test_a_folder_that_is_in_use_is_not_touched(dataset, tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "note.txt").write_text("mine")
    refused(dataset, tmp_path / "net", "new or empty folder")
    assert (tmp_path / "net" / "note.txt").read_text() == "mine"


def test_fewer_images_than_a_batch_are_refused(dataset, tmp_path):
    match = r"as many training images as in one batch, 128\. Received: 65"
    refused(dataset, tmp_path / "net", match, batch_size=128)


def test_validation_images_of_other_classes_are_refused(dataset, tmp_path):
    whole = read_dataset(dataset)
    split = ["valid" if label == "sky" else "train" for label in whole.labels]
    images = LabelledImages(whole.sources, whole.labels, whole.classes, split)
    with pytest.raises(DatasetError, match="Received: 'sky'"):
        hs.pretrain(images, tmp_path / "net", Pretraining(batch_size=8))


def test_an_unknown_teacher_is_refused(dataset, tmp_path):
    pytest.importorskip("tensorflow")
    with pytest.raises(UnknownBackbone):
        hs.pretrain(dataset, tmp_path / "net", Pretraining(batch_size=8), teacher="nobody")


@pytest.mark.parametrize(
    ("parts", "validated_on"),
    [("train valid test", "valid"), ("train test", "test")],
)
def test_the_validation_images_of_the_dataset_are_used(parts, validated_on):
    names = parts.split()
    sources = [FileSource(Path(name)) for name in names]
    images = LabelledImages(sources, ["a"] * len(names), ["a"], names)
    train, validation = split_images(images, Pretraining(batch_size=1))
    assert [source.name for source in train.sources] == ["train"]
    assert [source.name for source in validation.sources] == [validated_on]


def test_a_tenth_of_a_dataset_without_splits_is_the_validation_set():
    sources = [FileSource(Path(f"{i}.png")) for i in range(40)]
    images = LabelledImages(sources, ["a", "b"] * 20, ["a", "b"])
    train, validation = split_images(images, Pretraining(batch_size=8))
    assert (len(train), len(validation)) == (36, 4)
    _, other = split_images(images, Pretraining(batch_size=8, seed=1))
    assert other.sources != validation.sources


def test_the_description_holds_an_augmentation_and_its_layers():
    def settings(**views):
        images = LabelledImages([FileSource(Path("a.png"))], ["a"], ["a"])
        job = Job(
            settings=Pretraining(augmentation=Augmentation(**views)),
            train=images,
            validation=images,
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
