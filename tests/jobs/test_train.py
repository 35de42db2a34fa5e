"""`headstart.train` as Python calls it."""

import inspect
import json
from pathlib import Path

import pytest
from tests.recorder import Recorder

import headstart as hs
from headstart.classifier import ClassifierSettings
from headstart.data.labelled_images import LabelledImages
from headstart.data.sources import UnreadableImage, as_source
from headstart.errors import DatasetError, ImageDamaged
from headstart.evaluation import Evaluation
from headstart.heads.logistic import LogisticHead


def test_training_from_labelled_images(labelled, tiny_network, tmp_path):
    summary = hs.train(labelled, tmp_path / "model", backbone=tiny_network, test=0.25, head="ridge")
    assert (summary.n_train, summary.evaluation.n) == (18, 6)
    assert summary.evaluation.accuracy == 1
    assert summary.head == "ridge"
    assert hs.load(summary.folder).predict(labelled.sources[:1]).tolist() == [0]
    assert "6 of 6 right" in str(summary)


def test_a_head_with_settings_is_called_by_its_name(labelled, tiny_network, tmp_path):
    head = LogisticHead(C=1.0)
    summary = hs.train(labelled, tmp_path / "model", backbone=tiny_network, head=head)
    assert summary.to_dict()["head"] == "logistic"
    assert hs.load(tmp_path / "model").description.head == "logistic"


def test_the_validation_split_is_tested_on_if_there_is_no_test_split(
    labelled, tiny_network, tmp_path
):
    parts = ["train", "valid", "train"] * 8
    data = LabelledImages(labelled.sources, labelled.labels, labelled.classes, split=parts)
    summary = hs.train(data, tmp_path / "model", backbone=tiny_network)
    assert (summary.n_train, summary.evaluation.n) == (16, 8)


def test_progress_is_shown_for_both_passes(labelled, tiny_network, tmp_path):
    progress = Recorder()
    hs.train(labelled, tmp_path / "model", backbone=tiny_network, progress=progress)
    assert progress.bars == [["computing features", 19, "image", 19], ["testing", 5, "image", 5]]


def test_an_unknown_setting_is_refused_by_name(labelled, tiny_network, tmp_path):
    with pytest.raises(TypeError, match="learning_rate"):
        hs.train(labelled, tmp_path / "model", backbone=tiny_network, learning_rate=1)  # type: ignore[call-arg]


@pytest.mark.usefixtures("offline")
def test_the_stand_in_for_the_default_backbone_is_told_and_recorded(
    labelled, tiny_network, tmp_path, stand_in
):
    stand_in(tiny_network)
    progress = Recorder()
    summary = hs.train(labelled, tmp_path / "model", progress=progress)
    assert len(progress.said) == 1
    assert summary.to_dict()["backbone"] == "mini"
    assert hs.load(tmp_path / "model").network.name == "mini"


@pytest.mark.usefixtures("offline")
def test_nothing_is_downloaded_for_a_dataset_that_is_refused(tmp_path):
    progress = Recorder()
    with pytest.raises(DatasetError):
        hs.train(tmp_path / "nothing", tmp_path / "model", progress=progress)
    assert progress.said == []


def test_the_settings_of_a_classifier_are_its_parameters():
    parameters = dict(inspect.signature(hs.ImageClassifier).parameters)
    del parameters["backbone"], parameters["random_state"]
    assert ClassifierSettings.__annotations__.keys() == parameters.keys()
    for name, parameter in parameters.items():
        assert ClassifierSettings.__annotations__[name].__forward_arg__ == parameter.annotation


def test_what_is_saved_names_no_image(labelled, tiny_network, tmp_path):
    summary = hs.train(labelled, tmp_path / "model", backbone=tiny_network)
    evaluation = hs.load(tmp_path / "model").evaluation
    assert {"mistakes", "errors"}.isdisjoint(evaluation)
    assert evaluation["accuracy"] == summary.evaluation.accuracy
    assert {path.name for path in summary.images} == {"confusion.png", "classes.png"}


@pytest.fixture
def summary():
    evaluation = Evaluation.from_predictions(
        ["1.jpg", "2.jpg"], ["ant", "bee"], [[0.9, 0.1], [0.6, 0.4]], ["ant", "bee"]
    )
    return hs.TrainingSummary(
        folder=Path("my-model"),
        backbone="mini",
        head="logistic",
        precision="f32",
        resize="pad",
        n_train=1234,
        unreadable=(UnreadableImage(as_source("3.jpg"), ImageDamaged("3.jpg is cut short")),),
        skipped={"hidden": 2},
        evaluation=evaluation,
        tuning=None,
        images=(Path("my-model/confusion.png"),),
        seconds=5.25,
    )


def test_the_dictionary_is_json_and_has_what_the_command_promises(summary):
    found = json.loads(json.dumps(summary.to_dict()))
    promised = {"accuracy", "interval", "n_train", "n_test", "backbone", "seconds"}
    assert promised <= found.keys()
    assert (found["accuracy"], found["n_train"], found["n_test"]) == (0.5, 1234, 2)
    assert found["unreadable"] == [
        {"path": "3.jpg", "type": "ImageDamaged", "message": "3.jpg is cut short"}
    ]
    assert found["skipped"] == {"hidden": 2}
    assert found["images"] == [str(Path("my-model/confusion.png"))]
    assert found["tuning"] is None


def test_the_report_says_what_was_done_and_what_to_do_next(summary):
    report = str(summary)
    assert report.startswith("Trained on 1,234 images with mini and tested on 2 others in 5.2 s.")
    assert "1 of 2 right" in report
    assert "Unreadable: 3.jpg is cut short\nSkipped: 2 hidden" in report
    assert report.endswith("headstart predict IMAGES --model my-model")
    assert "<table>" in summary._repr_html_()


def test_the_repr_says_how_good_the_model_is_and_where_it_is(summary):
    assert repr(summary).startswith("<TrainingSummary: 1 of 2 right: 50.0 % (95 %")
    assert repr(summary).endswith("model in 'my-model'>")
