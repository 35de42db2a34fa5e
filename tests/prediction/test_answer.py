import json

import numpy as np
import pytest

from headstart.errors import ImageDamaged
from headstart.images.sources import as_source
from headstart.networks.classes import ClassName
from headstart.prediction.answer import Answer, Prediction

CLASSES = (ClassName("n1", "ant"), ClassName("n2", "bee"), ClassName("n3", "cat"))
SOURCE = as_source("a.jpg")


def answered(*probabilities, **settings):
    return Answer(3, SOURCE, CLASSES, np.array(probabilities, np.float32), **settings)


def unreadable():
    return Answer(3, SOURCE, CLASSES, error=ImageDamaged("cut short"))


def test_the_most_probable_classes_come_first():
    answer = answered(0.25, 0.125, 0.625)
    assert answer.predictions(2) == (Prediction("n3", "cat", 0.625), Prediction("n1", "ant", 0.25))
    assert len(answer.predictions(99)) == 3
    assert answer.path == "a.jpg"


def test_of_equally_probable_classes_the_first_comes_first():
    assert [found.id for found in answered(0.25, 0.5, 0.25).predictions()] == ["n2", "n1", "n3"]


def test_an_unreadable_image_has_an_error_and_no_predictions():
    assert unreadable().predictions() == ()
    with pytest.raises(ImageDamaged, match="cut short"):
        unreadable().required()
    assert answered(0, 0, 1).required().tolist() == [0, 0, 1]


def test_its_repr_is_one_line():
    assert repr(answered(0.25, 0.125, 0.625)) == "<Answer: a.jpg: cat 62.5 %>"
    assert repr(unreadable()) == "<Answer: a.jpg: cut short>"


def test_records_are_json():
    record = answered(0.5, 0.25, 0.25, notes=("animated: first frame; 2 in all",)).to_record(1)
    assert json.loads(json.dumps(record)) == {
        "path": "a.jpg",
        "predictions": [{"id": "n1", "label": "ant", "probability": 0.5}],
        "notes": ["animated: first frame; 2 in all"],
    }
    assert unreadable().to_record() == {
        "path": "a.jpg",
        "error": {"type": "ImageDamaged", "message": "cut short"},
    }


def test_records_say_of_what_the_model_is_unsure():
    verdict = {"unsure": True, "unlike": False, "prediction_set": ("ant", 2), "parent": "insect"}
    record = answered(0.5, 0.25, 0.25, **verdict).to_record(1)
    assert {**record, "path": None, "predictions": None} == {
        "path": None,
        "predictions": None,
        "unsure": True,
        "prediction_set": ["ant", "2"],
        "parent": "insect",
    }
