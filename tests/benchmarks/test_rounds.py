"""``benchmarks/rounds.py``: contestants run in turn."""

import sys
import time

import pytest


@pytest.fixture
def rounds(module):
    return module("rounds")


@pytest.fixture
def settings(module):
    return module("settings")


def test_every_second_round_is_in_reverse_order(rounds):
    seen = []

    def run(name):
        seen.append(name)
        return {"images_per_second": len(seen)}

    records = rounds.in_turn(run, {"first": ("a",), "second": ("b",)}, 3)
    assert seen == ["a", "b", "b", "a", "a", "b"]
    assert rounds.column(records) == {"first": [1, 4, 5], "second": [2, 3, 6]}


def test_a_contestant_that_fails_drops_out_and_says_why(rounds, settings):
    def run(name):
        if name == "b":
            raise settings.Failed("no compiler")
        return {"name": name}

    failed = {}
    records = rounds.in_turn(run, {"A": ("a",), "B": ("b",), "C": ("c",)}, 2, failed=failed)
    assert failed == {"B": "no compiler"}
    assert {name: len(each) for name, each in records.items()} == {"A": 2, "C": 2}


def test_a_failure_that_nobody_notes_ends_the_benchmark(rounds, settings):
    def run():
        raise settings.Failed("no photos")

    with pytest.raises(SystemExit, match="no photos"):
        rounds.in_turn(run, {"A": ()}, 1)


def test_there_are_fewer_rounds_where_time_is_short(rounds, settings, tmp_path):
    within = settings.Processes(work=tmp_path, until=0)
    assert rounds.in_turn(dict, {"A": ()}, 5, within=within) == {"A": [{}]}


def test_a_command_that_takes_too_long_is_ended_and_named(settings, tmp_path):
    processes = settings.Processes(work=tmp_path, until=time.monotonic() + 0.2)
    with pytest.raises(settings.Failed, match=r"import time; time\.sleep\(60\) was not done in 0"):
        processes.output(sys.executable, "-c", "import time; time.sleep(60)")


def test_a_command_that_fails_says_what_it_said(settings, tmp_path):
    with pytest.raises(settings.Failed, match=r"(?s)failed:.*no such thing"):
        settings.Processes(work=tmp_path).output(sys.executable, "-c", "exit('no such thing')")
