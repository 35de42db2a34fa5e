"""Full disks at every stage of every job: nothing is half-written, and the message says so."""

import os
import random
import re

import pytest
from tests.attacks.jobs import JOBS, QUICK

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork"),
]

# The reasons of the system; and from what a message takes, which is written to a file as well, to
# more than the largest file of any job.
SAYS_SO = re.compile("No space left|File too large|iostream error")
SMALLEST, LARGEST = 1_000, 15_000_000


@pytest.mark.parametrize("name", [job.name for job in JOBS])
@pytest.mark.parametrize("way", ["no new files", "no large files"])
def test_a_job_whose_disk_is_full(name, way, attack_on, rounds, seed, attacked):
    if rounds == 1 and name not in QUICK:
        pytest.skip("scripts/attack.py attacks this job, too")
    attack = attack_on(name)
    chance = random.Random(f"{seed} {name} {way}")
    failed = []
    for _ in range(rounds):
        attack.begin()
        if way == "no new files":
            when = {"at": chance.randint(1, attack.undisturbed.changes), "full": True}
        else:
            when = {"largest": int(SMALLEST * (LARGEST / SMALLEST) ** chance.random())}
        try:
            ended = attack.run(**when)
            assert "Traceback" not in ended.said, ended.said[-3000:]
            assert ended.status in (0, 1), ended.said
            assert ended.status == 0 or SAYS_SO.search(ended.said), ended.said
            attack.check_whole()
            attack.check_nothing_hidden()
            attack.check_next_run()
        except Exception as error:  # noqa: BLE001 - the other attacks are made, too
            failed.append(f"{when}: {type(error).__name__}: {str(error)[-1500:]}")
    attacked(f"full disks for {name}", rounds)
    assert not failed, "\n\n".join(failed)
