"""A tiny network with classes, and a folder of images to tell apart."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.networks.classes import ClassName
from headstart.networks.network import FILES, write_description

COLOURS = {"blue": (30, 40, 200), "green": (20, 190, 60), "red": (210, 30, 30)}
NAMES = tuple(
    ClassName(f"n{i}", name) for i, name in enumerate(["ant", "bee", "cat", "dog", "eel"])
)


def write_photo(path: Path, colour: tuple[int, int, int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(-30, 30, (40, 50, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_classes(folder: Path, n: int = 6, first_seed: int = 0) -> Path:
    for name, colour in COLOURS.items():
        for i in range(n):
            write_photo(folder / name / f"{i}.png", colour, first_seed + i)
    return folder


@pytest.fixture(scope="session")
def backbone(tiny_network, tmp_path_factory) -> str:
    """The folder of a converted network whose five classes have names, as ``--model`` takes it."""
    folder = tmp_path_factory.mktemp("backbone")
    for name in FILES:
        shutil.copyfile(tiny_network.folder / name, folder / name)
    named = dataclasses.replace(tiny_network, folder=folder, classes=NAMES)
    write_description(named, folder)
    return str(folder)


@pytest.fixture
def photos(tmp_path) -> Path:
    """Six noisy images of each of three colours, in class folders."""
    return write_classes(tmp_path / "photos")


@pytest.fixture(scope="session")
def trained(backbone, tmp_path_factory) -> Path:
    """The folder of a model trained on what `photos` has."""
    from headstart.cli.main import main

    folder = tmp_path_factory.mktemp("trained")
    photos, out = write_classes(folder / "photos"), Path(folder / "saved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADSTART_CACHE", str(folder / "cache"))
        assert main(["train", str(photos), "--out", str(out), "--model", backbone]) == 0
    return out


@pytest.fixture
def saved(trained, tmp_path) -> str:
    """A copy of that folder."""
    return str(shutil.copytree(trained, tmp_path / "saved"))
