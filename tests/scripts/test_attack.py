"""``scripts/attack.py``: all attacks, for longer."""

import subprocess
from types import SimpleNamespace

import pytest


@pytest.fixture
def calls(monkeypatch):
    """What the script starts, with the rounds and the seed it is given; nothing runs."""
    seen = []

    def started(command, *, env, **_):
        rounds, seed = env["HEADSTART_ATTACK_ROUNDS"], env["HEADSTART_ATTACK_SEED"]
        seen.append((command, rounds, seed))
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(subprocess, "run", started)
    return seen


def test_it_runs_all_attacks_slow_ones_too(calls, run):
    assert run("attack.py", "--rounds", "7", "--seed", "5", "-n", "2") == 3
    ((command, rounds, seed),) = calls
    assert (rounds, seed) == ("7", "5")
    assert "not real_data" in command
    assert command[-3].endswith("attacks")
    assert command[-2:] == ["-n", "2"]


def test_one_kind_alone(calls, run):
    assert run("attack.py", "--only", "forks") == 3
    assert calls[0][0][-1].endswith("test_forks.py")


def test_a_kind_must_exist(calls, run, capsys):
    assert run("attack.py", "--only", "wishes") == 2
    assert "forks" in capsys.readouterr().err
    assert calls == []


def test_another_seed_every_time_which_it_prints(calls, run, capsys):
    run("attack.py")
    run("attack.py")
    seeds = [seed for _, _, seed in calls]
    assert seeds[0] != seeds[1]
    assert f"--seed {seeds[0]}" in capsys.readouterr().out
