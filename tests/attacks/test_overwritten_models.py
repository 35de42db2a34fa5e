"""A model that is replaced while it is loaded answers as one of the two, and never as a mixture."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import headstart as hs
from headstart.networks.network import load_network, write_description

pytestmark = pytest.mark.slow

N_IMAGES = 12

SAVING = """
import os, shutil, sys, time
from pathlib import Path
import headstart as hs

how, place, *models = sys.argv[1:]
place, models = Path(place), [Path(model) for model in models]


def put(model, turn):
    if how == "save":
        kept[model].save(place, overwrite=True)
    elif how == "copy":  # file by file, into the files that are there
        for file in sorted(model.iterdir(), key=lambda file: file.name, reverse=turn % 2 > 0):
            shutil.copyfile(file, place / file.name)
        time.sleep(0.005)  # a moment in which the model is whole, or no load would find one
    elif how == "rename":
        new = shutil.copytree(model, place.with_name("new"))
        place.rename(place.with_name("old"))
        new.rename(place)
        shutil.rmtree(place.with_name("old"))
    else:
        link = place.with_name("link")
        link.symlink_to(model)
        link.replace(place)


if how == "save":
    kept = {model: hs.ImageClassifier(str(model) + ".net", cache=False) for model in models}
    for i, model in enumerate(models):
        images = sorted(map(str, place.with_name("images").iterdir()))
        kept[model].fit(images, [f"{i}{n % (2 + i)}" for n in range(len(images))])
print("ready", flush=True)
turn = 0
while not place.with_name("stop").exists():
    turn += 1
    put(models[turn % len(models)], turn)
print(turn)
"""


@pytest.fixture
def place(make_network, tmp_path):
    """Two models with other labels, heads and networks, and images."""
    random = np.random.default_rng(0)
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(N_IMAGES):
        image = Image.fromarray(random.integers(0, 256, (40, 40, 3), np.uint8))
        image.save(folder / f"{i:02}.png")
    paths = sorted(map(str, folder.iterdir()))
    for i in range(2):
        network = make_network(seed=i, features=16 + 8 * i)
        write_description(network, network.folder)
        network.folder.rename(tmp_path / f"{i}.net")
        classifier = hs.ImageClassifier(load_network(tmp_path / f"{i}.net"), cache=False)
        labels = [f"{i}{n % (2 + i)}" for n in range(len(paths))]
        classifier.fit(paths, labels).save(tmp_path / str(i))
    return tmp_path / "model"


@pytest.mark.parametrize("how", ["save", "copy", "rename", "link"])
def test_a_model_that_is_replaced_while_it_is_loaded(place, how, rounds, attacked):
    if how == "link" and os.name == "nt":
        pytest.skip("links need a right on Windows")
    models = [place.with_name(str(i)) for i in range(2)]
    images = sorted(map(str, place.with_name("images").iterdir()))
    expected = {
        model.labels: model.predict_proba(images) for model in (hs.load(each) for each in models)
    }
    if how == "link":
        place.symlink_to(models[0])
    else:
        shutil.copytree(models[0], place)
    command = [sys.executable, "-c", SAVING, how, *map(str, [place, *models])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as saving:
        try:
            assert saving.stdout.readline() == "ready\n"
            seen, told, tries = set(), 0, 0
            while tries < 150 * rounds or (seen != set(expected) and tries < 10_000 * rounds):
                tries += 1
                try:
                    model = hs.load(place)
                    found = model.predict_proba(images)
                except hs.errors.SavedModelError:
                    told += 1  # at once, and by its name
                    continue
                seen.add(model.labels)
                np.testing.assert_allclose(found, expected[model.labels], atol=1e-5)
        finally:
            place.with_name("stop").touch()
            saves = saving.communicate(timeout=60)[0]
    attacked(f"loads of a model that is replaced ({how})", tries)
    assert int(saves) > 1
    assert seen == set(expected)
    if how in ("save", "link"):
        assert told == 0
