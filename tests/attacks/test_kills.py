"""Kills of every job: what was finished stays, the next run ends as an undisturbed one would.

Each job is killed (SIGKILL) before it changes a file for the n-th time, or at any moment, with the
processes that it has started or alone. Then every file must be whole or absent, the same command
must give what it gives undisturbed, and nothing else may be left in the folder, in the cache or in
the folder for temporary files.
"""

import os
import random
import shutil

import pytest
from PIL import Image, ImageOps
from tests.attacks.jobs import EAGER, JOBS, QUICK

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


# Killed as soon as there is a checkpoint to continue from.
KILLED = f"""{EAGER}
import os, signal
save = training.save_checkpoint
def save_once(*args):
    save(*args)
    os.kill(os.getpid(), signal.SIGKILL)
training.save_checkpoint = save_once
"""


@pytest.mark.parametrize("name", ["train --fine-tune", "pretrain"])
def test_a_killed_training_is_not_continued_on_other_images(
    name, nurseries, attacked_photos, tmp_path, attacked
):
    (job,) = (job for job in JOBS if job.name == name)
    photos, folder = tmp_path / "photos", tmp_path / "folder"
    words = [word.replace("{photos}", str(photos)) for word in job.words]
    shutil.copytree(attacked_photos, photos)
    folder.mkdir()
    assert nurseries(True).run(folder, *words, before=KILLED).status == -9
    checkpoints = {file: file.read_bytes() for file in folder.rglob("last.npz")}
    assert len(checkpoints) == 1
    for change in (_exchange_labels, _invert):
        change(photos)
        ended = nurseries(True).run(folder, *words, before=EAGER)
        assert ended.status == 2
        assert "Traceback" not in ended.said
        assert "holds an unfinished training" in ended.said
        assert {file: file.read_bytes() for file in folder.rglob("last.npz")} == checkpoints
        assert not [place for place in (*job.models, *job.backbones) if (folder / place).exists()]
        change(photos)
    attacked("trainings continued on other images", 2)


def _exchange_labels(photos):
    (photos / "sky").rename(photos / "other")
    (photos / "grass").rename(photos / "sky")
    (photos / "other").rename(photos / "grass")


def _invert(photos):
    for file in (photos / "sky").iterdir():
        ImageOps.invert(Image.open(file)).save(file)
