from dataclasses import replace

from headstart.evaluation.learnt_from import LearntFrom
from headstart.reports.claim import FOR_YOU, answered


def test_the_answers_are_those_of_the_model(make):
    data = make([0, 1, 1], [0, 1, 0], ["cat", "dog"])
    items = {item.topic: item.answer for item in answered(data.evaluation, data.predictor, 12)}
    assert (
        "12 training images; 3 images" in items["Partitions, and the level at which they are apart"]
    )
    assert "66.7 %" in items["Measures of performance and their uncertainty"]
    assert "32 x 32 pixels" in items["Preparation of the images"]
    assert "1 mistake " in items["Analysis of failures"]
    assert len(FOR_YOU) > 5


def test_groups_are_counted_and_nothing_is_claimed_of_a_split_that_others_made(make):
    data = make([0, 1, 1], [0, 1, 0], ["cat", "dog"], groups=[0, 0, 1])
    level = answered(data.evaluation, data.predictor, 12)[1].answer
    assert "3 tested images in 2 groups, which the intervals count." in level
    assert "stay on one side" not in level


def test_images_that_the_model_has_learnt_from_are_no_others(make):
    data = make([0, 1, 1], [0, 1, 0], ["cat", "dog"])
    for n, said in (
        (0, "3 images tested on others."),
        (2, "3 images tested, 2 of which the model"),
    ):
        evaluation = replace(data.evaluation, learnt_from=LearntFrom(n=n, n_others=3 - n))
        assert said in answered(evaluation, data.predictor, 12)[1].answer
