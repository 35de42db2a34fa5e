"""Datasets for the recipes, and a way to run recipes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

RECIPES = Path(__file__).parents[2] / "recipes"
KINDS = {"sky": (60, 120, 230), "grass": (50, 180, 60), "brick": (200, 70, 40)}

# Starting Keras takes seconds, so all commands run in one process.
SCRIPT = """
import contextlib, io, json, runpy, sys
sys.path.insert(0, sys.argv[1])
for name, words in json.load(sys.stdin):
    sys.argv = [name, *words]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(f"{sys.path[0]}/{name}", run_name="__main__")
    print(json.dumps(printed.getvalue()))
"""


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """The cache folder of all recipes, so that a network is converted only once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(cache))
    monkeypatch.delenv("HEADSTART_WEIGHTS", raising=False)


@pytest.fixture(scope="session")
def kinds(tmp_path_factory):
    """``train/`` and ``test/`` folders of three classes with different colours."""
    folder = tmp_path_factory.mktemp("kinds")
    random = np.random.default_rng(0)
    for part, number in {"train": 20, "test": 6}.items():
        for kind, colour in KINDS.items():
            (folder / part / kind).mkdir(parents=True)
            for name in range(number):
                pixels = random.normal(colour, 25, (40, 40, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / part / kind / f"{name}.jpg")
    return folder


@pytest.fixture(scope="session")
def as_kaggle(tmp_path_factory):
    """Return a function that writes images as on Kaggle: ``labels.csv`` and ``train/``."""

    def write(breeds, images):
        folder = tmp_path_factory.mktemp("dogs")
        (folder / "train").mkdir()
        with (folder / "labels.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["id", "breed"])
            for number, (breed, image) in enumerate(zip(breeds, images, strict=True)):
                table.writerow([f"{number:08x}", breed])
                (folder / "train" / f"{number:08x}.jpg").write_bytes(image)
        return folder

    return write


@pytest.fixture(scope="session")
def run(cache, python, tmp_path_factory):
    """Return a function that runs recipes one after another: ``run((name, *words), ...)``."""

    def run_all(*commands, **settings):
        done = python(
            "-c",
            SCRIPT,
            RECIPES,
            stdin=json.dumps([(name, [*map(str, words)]) for name, *words in commands]),
            cwd=tmp_path_factory.mktemp("recipes"),
            **{"HEADSTART_CACHE": str(cache)}
            | {name: str(value) for name, value in settings.items()},
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run_all
