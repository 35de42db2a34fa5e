import itertools

import pytest
from tests.comparing.makers import StandInProbe

from headstart.comparing.race import Clock, run_race, sizes

NO_LIMIT = Clock(None)


def test_rounds_double():
    assert sizes(100_000, 10) == [300, 600, 1200, 2400]
    assert sizes(192, 3) == [192]
    assert sizes(1000, 3) == [300, 600, 1000]


def test_many_classes_need_more_images():
    assert sizes(100_000, 200)[0] == 800
    assert sizes(100_000, 2000) == [8000]


def test_the_better_half_goes_on_and_the_best_wins():
    probes = [StandInProbe(f"net {n}", {"logistic": loss}) for n, loss in enumerate([5, 3, 4, 1])]
    race = run_race(probes, [300, 600, 1200], NO_LIMIT)
    assert [[size for size, _ in probe.judged_on] for probe in probes] == [
        [300],
        [300, 600],
        [300],
        [300, 600, 1200],
    ]
    assert race.best.candidate.backbone == "net 3"
    assert [len(standings) for standings in race.rounds] == [4, 2, 1]
    assert not race.cut_short


def test_a_network_is_as_good_as_its_best_head():
    probes = [
        StandInProbe("one", {"logistic": 2, "knn": 2, "ridge": 2}),
        StandInProbe("two", {"logistic": 1, "knn": 9, "ridge": 5}),
    ]
    race = run_race(probes, [300, 600], NO_LIMIT)
    assert probes[1].judged_on == [
        (300, ("logistic", "knn", "ridge")),
        (600, ("logistic", "ridge")),
    ]
    assert race.best.candidate.head == "logistic"


def test_what_the_budget_does_not_allow_is_left_out_and_named():
    probes = [
        StandInProbe("quick", {"knn": 2}, seconds=0.01),
        StandInProbe("slow", {"knn": 1}, seconds=1.0),
    ]
    race = run_race(probes, [300], Clock(10, iter([0.0, *[3.0] * 9]).__next__))
    assert race.left_out == [("slow, resize 'crop'", "about 300 s on 300 images: no time was left")]
    assert race.best.candidate.backbone == "quick"


def test_the_most_promising_is_judged_whatever_the_budget_is():
    race = run_race([StandInProbe("slow", {"knn": 1}, seconds=100)], [300, 600], Clock(1))
    assert race.best.candidate.backbone == "slow"
    assert len(race.rounds) == 1
    assert race.cut_short


def test_what_does_the_same_as_another_is_judged_once():
    squash = StandInProbe("net", {"knn": 1}, rule="squash")
    pad = StandInProbe("net", {"knn": 1}, rule="pad", same_as=squash)
    pad.extractor.network = squash.extractor.network
    race = run_race([squash, pad], [300, 600], NO_LIMIT)
    assert race.left_out == [("net, resize 'pad'", "the same features as net, resize 'squash'")]
    assert len(pad.judged_on) == 1


@pytest.mark.parametrize(("cost", "allowed"), [(5, True), (7, False)])
def test_a_clock_counts_from_its_beginning(cost, allowed):
    clock = Clock(10, itertools.count(100, 4).__next__)  # 100, then 104
    assert clock.allows(cost) is allowed
