"""`headstart.evaluate` as Python calls it."""

import dataclasses

import pytest
from PIL import Image
from tests.recorder import Recorder

import headstart as hs
from headstart.errors import DatasetError, UsageError
from headstart.images.sources import as_source
from headstart.jobs.evaluate import draw_evaluation
from headstart.networks.classes import ClassName


def test_evaluating_a_classifier_a_saved_model_and_pairs_agree(
    images, labelled, tiny_network, tmp_path
):
    classifier = hs.ImageClassifier(tiny_network).fit(*images)
    saved = classifier.save(tmp_path / "model")
    figures = [
        hs.evaluate(classifier, labelled).to_dict(),
        hs.evaluate(saved, labelled).to_dict(),
        hs.evaluate(saved, *images).to_dict(),
    ]
    assert figures[0]["n"] == 24
    for other in figures[1:]:
        assert other["confusion"] == figures[0]["confusion"]
        assert other["log_loss"] == pytest.approx(figures[0]["log_loss"], abs=1e-4)


def test_unreadable_images_are_in_no_figure(images, tiny_network):
    classifier = hs.ImageClassifier(tiny_network).fit(*images)
    evaluation = hs.evaluate(classifier, [images[0][0], b"no image"], [0, 1])
    assert evaluation.n == 1
    assert [error.type for error in evaluation.errors] == ["ImageUnsupported"]


def test_there_must_be_one_label_for_each_image(images, tiny_network):
    classifier = hs.ImageClassifier(tiny_network).fit(*images)
    with pytest.raises(UsageError, match="one label for each image"):
        hs.evaluate(classifier, images[0], [0, 1])


def test_without_a_readable_image_there_is_no_evaluation(images, tiny_network):
    classifier = hs.ImageClassifier(tiny_network).fit(*images)
    with pytest.raises(DatasetError, match="at least one labelled image"):
        hs.evaluate(classifier, [b"no image"], [0])


def test_a_model_is_named_by_its_folder(images, tiny_network, tmp_path):
    model = hs.ImageClassifier(tiny_network).fit(*images).save(tmp_path / "model")
    expected = hs.evaluate(model, *images).to_dict()
    for same in (tmp_path / "model", str(tmp_path / "model"), model.predictor):
        assert hs.evaluate(same, *images).to_dict() == expected


def test_a_pretrained_network_is_measured_on_its_own_classes(images, tiny_network):
    names = tuple(ClassName(f"n{i}", f"class {i}") for i in range(5))
    network = dataclasses.replace(tiny_network, classes=names)
    found = [prediction.id for (prediction,) in hs.predict(images[0], network, top=1)]
    assert hs.evaluate(network, images[0], found).accuracy == 1


def test_progress_is_shown(images, tiny_network):
    progress = Recorder()
    hs.evaluate(hs.ImageClassifier(tiny_network).fit(*images), *images, progress=progress)
    assert progress.bars == [["testing", 24, "image", 24]]


def test_an_evaluation_is_drawn(images, tiny_network, tmp_path):
    evaluation = hs.evaluate(hs.ImageClassifier(tiny_network).fit(*images), *images)
    paths = draw_evaluation(evaluation, tmp_path)
    assert [path.name for path in paths] == ["confusion.png", "classes.png"]
    for path in paths:
        with Image.open(path) as image:
            assert image.width > 100


def test_a_folder_is_read_as_asked_told_and_tested_on_its_validation_split(
    images, tiny_network, tmp_path
):
    classifier = hs.ImageClassifier(tiny_network).fit(images[0], ["dark"] * 12 + ["light"] * 12)
    for name, pixels in {
        "train/here/dark/1": images[0][0],
        "eval/there/dark/1": images[0][1],
        "eval/there/light/2": images[0][-1],
    }.items():
        path = tmp_path / "data" / f"{name}.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(pixels).save(path)
    progress = Recorder()
    settings = hs.DatasetSettings(class_level=3)
    evaluation = hs.evaluate(classifier, tmp_path / "data", dataset=settings, progress=progress)
    assert (evaluation.n, evaluation.accuracy) == (2, 1)
    assert "3 images (1 train, 2 valid) of 2 classes: dark (2), light (1)." in progress.said[0]


def test_settings_of_a_dataset_without_one_are_refused(images, tiny_network):
    classifier = hs.ImageClassifier(tiny_network).fit(*images)
    settings = hs.DatasetSettings(class_level=1)
    with pytest.raises(UsageError, match=r"where labels are given in y\. Received: class_level"):
        hs.evaluate(classifier, *images, dataset=settings)


def test_another_model_is_compared_on_the_same_images(images, tiny_network):
    model = hs.ImageClassifier(tiny_network).fit(*images)
    other = hs.ImageClassifier(tiny_network, head="nearest_mean").fit(*images)
    found = hs.evaluate(model, *images, against=other)
    assert found.against.n == found.n == 24
    assert found.against.other_accuracy == hs.evaluate(other, *images).accuracy
    assert "Compared on the same 24 images" in str(found)


def test_unreadable_images_move_no_subgroup(images, labelled, tiny_network):
    model = hs.ImageClassifier(tiny_network).fit(*images)
    broken = dataclasses.replace(labelled, sources=[*labelled.sources])
    broken.sources[0] = as_source(b"no image", 0)
    broken.columns["site"] = ["north"] * 12 + ["south"] * 12
    found = hs.evaluate(model, broken, by="site").subgroups
    assert {part.value: part.n for part in found.subgroups} == {"north": 11, "south": 12}


def test_by_needs_a_dataset(images, tiny_network):
    model = hs.ImageClassifier(tiny_network).fit(*images)
    with pytest.raises(UsageError, match="found in a dataset"):
        hs.evaluate(model, *images, by="site")
