"""Kills of every job: what was finished stays, the next run ends as an undisturbed one would.

Each job is killed (SIGKILL) before it changes a file for the n-th time, or at any moment, with the
processes that it has started or alone. Then every file must be whole or absent, the same command
must give what it gives undisturbed, and nothing else may be left in the folder, in the cache or in
the folder for temporary files.
"""

import os
import random

import pytest
from tests.attacks.jobs import JOBS, QUICK

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork"),
]


@pytest.mark.parametrize("name", [job.name for job in JOBS])
@pytest.mark.parametrize("way", ["before a change", "at any moment"])
def test_a_job_that_is_killed(name, way, attack_on, rounds, seed, attacked):
    if rounds == 1 and name not in QUICK:
        pytest.skip("scripts/attack.py attacks this job, too")
    attack = attack_on(name)
    chance = random.Random(f"{seed} {name} {way}")
    failed, killed = [], 0
    for _ in range(rounds):
        attack.begin()
        when = {"group": chance.random() < 0.5}
        if way == "before a change":
            when["at"] = chance.randint(1, attack.undisturbed.changes)
        else:
            when["after"] = chance.uniform(0, attack.undisturbed.seconds)
        ended = attack.run(**when)
        killed += ended.status == -9
        assert ended.status in (0, -9), ended.said
        try:
            attack.check_whole()
            attack.check_next_run()
        except Exception as error:  # noqa: BLE001 - the other attacks are made, too
            failed.append(f"{when}: {type(error).__name__}: {str(error)[:700]}")
    attacked(f"kills of {name}", killed)
    assert not failed, "\n\n".join(failed)
