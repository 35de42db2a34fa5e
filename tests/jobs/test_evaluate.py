"""`headstart.evaluate` as Python calls it."""

import dataclasses

import numpy as np
import pytest
from PIL import Image
from tests.recorder import Recorder

import headstart as hs
from headstart.errors import DatasetError, UsageError
from headstart.evaluation.learnt_from import LearntFrom
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


@pytest.fixture
def photos(tmp_path):
    """Return the files of 20 images that are brighter the higher their number is."""
    random, paths = np.random.default_rng(0), []
    for number in range(20):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(random.integers(8 * number, 99 + 8 * number, (32, 32, 3), np.uint8)).save(
            paths[-1]
        )
    return paths


LABELS = ["dark"] * 10 + ["light"] * 10


def test_images_that_the_model_has_learnt_from_are_no_test(photos, tiny_network, tmp_path):
    """They are recognised under other names, but not where their pixels were written anew."""
    fitted = hs.ImageClassifier(tiny_network).fit(photos[::2], LABELS[::2])
    saved = fitted.save(tmp_path / "model")
    for model in (fitted, saved, tmp_path / "model"):
        found = hs.evaluate(model, photos[::2], LABELS[::2])
        assert found.learnt_from == LearntFrom(n=10, n_others=0)
        assert "learnt from all of these 10 images: its accuracy on them says" in str(found)
        assert hs.evaluate(model, photos[1::2], LABELS[1::2]).learnt_from.n == 0
    renamed = [path.rename(path.with_suffix(".jpg")) for path in photos]
    again = tmp_path / "again.bmp"
    Image.open(renamed[0]).save(again)
    found = hs.evaluate(saved, [*renamed, again], [*LABELS, "dark"])
    assert (found.learnt_from.n, found.learnt_from.n_others) == (10, 11)
    assert found.outcomes.learnt_from.tolist() == [True, False] * 10 + [False]
    seen = found.outcomes.learnt_from
    assert found.learnt_from.accuracy == pytest.approx(found.outcomes.right[~seen].mean())
    assert found.to_dict()["learnt_from"]["interval"] == list(found.learnt_from.interval)
    assert "learnt from 10 of these 21 images" in str(found).split("macro F1")[0]


def test_arrays_are_recognised_and_unreadable_images_count_nowhere(images, tiny_network):
    classifier = hs.ImageClassifier(tiny_network, cache=False).fit(*images)
    given = [b"no image", images[0][0], 255 - images[0][0]]
    found = hs.evaluate(classifier, given, [0, 0, 0]).learnt_from
    assert (found.n, found.n_others) == (1, 1)


def test_a_model_that_does_not_know_says_nothing(images, tiny_network, tmp_path):
    classifier = hs.ImageClassifier(tiny_network).fit(*images)
    found = hs.evaluate(classifier.save(tmp_path / "model", keep_hashes=False), *images)
    assert (found.learnt_from, found.to_dict()["learnt_from"]) == (None, None)
    assert "learnt" not in str(found)


def test_figures_say_it_too(images, tiny_network):
    found = hs.evaluate(hs.ImageClassifier(tiny_network).fit(*images), *images)
    for figure in (found.plot_confusion(), found.plot_classes()):
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert any("learnt from all of these 24 images" in text for text in texts)


def test_a_comparison_tells_which_model_knew_the_images(photos, tiny_network):
    one, other = (
        hs.ImageClassifier(tiny_network).fit(photos[start::2], LABELS[start::2]) for start in (0, 1)
    )
    found = hs.evaluate(one, photos[:11], LABELS[:11], against=other).against
    assert (found.learnt_from, found.other_learnt_from, found.without) == (6, 5, None)
