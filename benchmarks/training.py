"""Measure training on a labelled folder: its time and its accuracy."""

import json
import shutil
from collections.abc import Iterator

from finding import Finding
from settings import Settings, say


def measure(settings: Settings) -> Iterator[Finding]:
    """Train with an empty cache, then repeat cross-validation ten times."""
    assert settings.labelled is not None  # noqa: S101 - the group runs only with --labelled
    seconds, walls = [], []
    model = ("--model", settings.model, "--weights", settings.weights)
    for repeat in range(settings.repeats):
        say(f"round {repeat + 1} of {settings.repeats}: train")
        shutil.rmtree(settings.work / "cache" / "features", ignore_errors=True)
        out = settings.work / "trained"
        shutil.rmtree(out, ignore_errors=True)
        command = settings.headstart("train", settings.labelled, "--out", out, "--json", *model)
        wall, printed = settings.timed(*command)
        walls.append(wall)
        seconds.append(json.loads(printed)["seconds"])
    yield Finding("train and test, work after start-up", "s", seconds, at_most=5)
    yield Finding("train and test, whole command", "s", walls)
    say("cross-validation")
    found = settings.run("cross_validation", "--folder", settings.labelled, *model)
    what = "mean accuracy of 10-fold cross-validation, ten times"
    yield Finding(what, "share", [found["mean"]], 0.93, details=found)
