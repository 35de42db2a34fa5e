import json

import numpy as np
import pytest
from tests.comparing.makers import standing

from headstart.comparing.candidates import Candidate
from headstart.comparing.comparison import Comparison
from headstart.comparing.race import Race

BIG, SMALL = Candidate("big", "crop", "logistic"), Candidate("small", "squash", "knn")


def compared(small_right, *, in_last_round=True, **facts):
    big = standing([1] * 95 + [0] * 5, candidate=BIG)
    small = standing(small_right, candidate=SMALL)
    last = {BIG: big, SMALL: small} if in_last_round else {BIG: big}
    race = Race([{BIG: big, SMALL: small}, last], facts.pop("left_out", []))
    how = {"n_unreadable": 0, "seconds": 3.0, "budget": 60.0}
    return Comparison.of(race, {"big": 8.0, "small": 2.0}, **(how | facts))


def test_the_first_has_the_lowest_log_loss():
    comparison = compared([1] * 80 + [0] * 20)
    assert [result.backbone for result in comparison.results] == ["big", "small"]
    assert comparison.best.accuracy == pytest.approx(0.95)
    assert comparison.best.difference == 0
    worse = comparison.results[1]
    assert worse.difference == pytest.approx(-0.15)
    assert worse.is_worse
    assert comparison.fastest == comparison.best
    text = str(comparison)
    assert "big with resize 'crop' and head 'logistic' has the lowest" in text
    assert "2 candidates" in text
    assert "95.0 %" in text
    assert "times as fast" not in text


def test_what_is_faster_and_not_clearly_worse_is_named():
    comparison = compared([1] * 94 + [0] * 6)
    assert not comparison.results[1].is_worse
    assert comparison.fastest.backbone == "small"
    assert "not clearly worse, and 4.0 times as fast" in str(comparison)


def test_who_fell_behind_is_compared_on_the_images_of_its_last_round():
    big = {300: standing([1] * 200 + [0] * 100, candidate=BIG)}
    big[600] = standing([1] * 590 + [0] * 10, candidate=BIG)
    small = standing([1] * 100 + [0] * 200, candidate=SMALL)
    race = Race([{BIG: big[300], SMALL: small}, {BIG: big[600]}])
    comparison = Comparison.of(
        race, {"big": 8.0, "small": 2.0}, n_unreadable=0, seconds=1.0, budget=None
    )
    first, second = comparison.results
    assert (first.n, second.n) == (600, 300)
    assert second.difference == pytest.approx(-1 / 3)


def test_everything_is_told():
    left_out = [("huge, resize 'crop'", "no time was left")]
    race = Race([{BIG: standing([1, 0], candidate=BIG)}], left_out, cut_short=True)
    comparison = Comparison.of(
        race,
        {"big": 8.0},
        untried=[("other", "no time was left")],
        n_unreadable=2,
        seconds=1.0,
        budget=30.0,
    )
    text = str(comparison)
    assert "Not compared: huge, resize 'crop' (no time was left)." in text
    assert "Not compared: other (no time was left)." in text
    assert "2 images could not be read." in text
    assert "time budget of 30 s" in text


def test_programs_get_everything():
    record = json.loads(json.dumps(compared([1] * 80 + [0] * 20).to_dict()))
    assert record["results"][0]["backbone"] == "big"
    assert record["results"][1]["difference_interval"][1] < 0
    assert record["reason"].startswith("big with")
    assert record["budget"] == 60


def test_a_result_is_no_worse_than_itself():
    assert not np.isnan(compared([1] * 100).best.difference)
    assert not compared([1] * 100).best.is_worse


def test_of_many_candidates_the_first_are_shown_and_each_backbone():
    candidates = [Candidate("big", "crop", head) for head in ("logistic", "ridge", "knn", "dense")]
    candidates += [Candidate("big", rule, "knn") for rule in ("squash", "pad", "keras")]
    candidates += [Candidate("big", rule, "ridge") for rule in ("squash", "pad", "keras")]
    candidates += [Candidate("big", "pad", "dense"), Candidate("small", "crop", "knn")]
    race = Race(
        [
            {
                each: standing([1] * 90 + [0] * 10, np.full(100, 0.1 + n), candidate=each)
                for n, each in enumerate(candidates)
            }
        ]
    )
    comparison = Comparison.of(
        race, {"big": 8.0, "small": 2.0}, n_unreadable=0, seconds=1.0, budget=None
    )
    text = str(comparison)
    assert text.count("\n  big ") == 10
    assert "\n  small " in text
    assert "... and 1 other candidate" in text
    assert len(comparison.results) == 12
