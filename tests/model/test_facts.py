from dataclasses import replace

from headstart.features.extractor import FeatureExtractor
from headstart.features.precision import PrecisionChoice
from headstart.images.resizing import Resize
from headstart.model.facts import class_table, fact_table, listed_classes
from headstart.model.training_data import TrainingData
from headstart.prediction.predictor import Predictor


def predictor(network):
    precision = PrecisionChoice("f32", "asked for")
    return Predictor("tiny", FeatureExtractor(network, Resize("pad", 64, 48), precision), ())


def test_each_fact_is_a_row(tiny_network):
    training = TrainingData((3, 2_000), 4, "", "from block_3 on")
    mirroring = predictor(replace(tiny_network, mirror=True))
    table = fact_table(mirroring, "logistic", training, [("saved", "today")])
    assert table.rows == [
        ("network", f"{tiny_network.name}, fine-tuned: from block_3 on"),
        ("input", "64 x 48 pixels, resize 'pad'; mean over the image and its mirror image"),
        ("head", "logistic"),
        ("precision", "f32"),
        ("training images", "2,003; 4 more could not be read"),
        ("saved", "today"),
    ]


def test_why_the_resize_rule_was_chosen_is_a_row(tiny_network):
    training = TrainingData((3, 2), resize_choice="chosen by log loss")
    assert ("resize", "chosen by log loss") in fact_table(
        predictor(tiny_network), "knn", training
    ).rows


def test_what_is_not_so_is_not_mentioned(tiny_network):
    rows = dict(fact_table(predictor(tiny_network), "knn", TrainingData((3, 2))).rows)
    assert rows["network"] == tiny_network.name
    assert rows["training images"] == "5"
    assert rows["input"] == "64 x 48 pixels, resize 'pad'"
    assert "resize" not in rows


def test_the_first_classes_are_listed():
    assert listed_classes(["cat", 7]) == "2 classes (cat, 7)"
    assert listed_classes(range(7)) == "7 classes (0, 1, 2, 3, 4, ...)"


def test_classes_are_counted():
    table = class_table(["cat", 7], TrainingData((3, 2_000)))
    assert table.rows == [("cat", "3"), ("7", "2,000")]
    assert table.notes == ()


def test_many_classes_are_cut():
    table = class_table(range(33), TrainingData((1,) * 33))
    assert len(table.rows) == 20
    assert table.notes == ["... and 13 more classes"]
