import json
from pathlib import Path

import pytest

from headstart.data.sources import UnreadableImage, as_source
from headstart.errors import ImageDamaged
from headstart.evaluation import Evaluation
from headstart.jobs.training_summary import TrainingSummary


@pytest.fixture
def summary():
    evaluation = Evaluation.from_predictions(
        ["1.jpg", "2.jpg"], ["ant", "bee"], [[0.9, 0.1], [0.6, 0.4]], ["ant", "bee"]
    )
    return TrainingSummary(
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
