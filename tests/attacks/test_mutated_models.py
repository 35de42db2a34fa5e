"""Damaged and hostile saved models and networks: refused, or they answer as before."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.attacks.limits import Trial

import headstart as hs
from headstart import records
from headstart.model import parts
from headstart.networks import network as networks
from headstart.networks.classes import ClassName
from headstart.networks.network import load_network, write_description
from headstart.storage.disk import hash_file

HEADS = ("logistic", "ridge", "nearest_mean", "knn", "dense")
#: Models and a network as earlier versions saved them.
OLD = [
    folder / name
    for folder in sorted((Path(__file__).parents[1] / "fixtures" / "models").glob("format-*"))
    for name in ("logistic", "dense", "knn")
    if (folder / name).is_dir()
]
MODEL_FILES = (*parts.REQUIRED, parts.CHECKSUMS, parts.CARD)
OLD_NETWORK = Path(__file__).parents[1] / "fixtures" / "networks" / "format-1"


def noise(n, seed=0):
    """Return images of noise on grounds of three colours."""
    random = np.random.default_rng(seed)
    grounds = np.array([[200, 60, 50], [70, 190, 60], [60, 70, 200]])
    return [
        np.clip(random.normal(grounds[i % 3], 40, (48, 64, 3)), 0, 255).astype(np.uint8)
        for i in range(n)
    ]


class LoadModel(Trial):
    """Load a saved model and predict images."""

    def prepare(self):
        self._images = noise(3, seed=1)

    def answer(self, path):
        model = hs.load(path, threads=1)
        return model.labels, model.predict_proba(self._images).tobytes()


class LoadNetwork(Trial):
    """Load a network's folder and predict images."""

    def prepare(self):
        self._images = noise(3, seed=1)

    def answer(self, path):
        facts = records.to_json(load_network(path), without=["folder"])
        features = hs.Embedder(path, cache=False, precision="f32").transform(self._images)
        named = [[]]
        if facts["classes"]:
            named = hs.predict(self._images, path, precision="f32", workers=1)
        return facts, features.tobytes(), named


@pytest.fixture(scope="module")
def models(tiny_network, tmp_path_factory):
    """A saved model for each kind of head."""
    folder = tmp_path_factory.mktemp("models")
    images, labels = noise(36), ["red", "green", "blüe"] * 12
    for head in HEADS:
        classifier = hs.ImageClassifier(tiny_network, head=head, resize="crop", cache=False)
        classifier.fit(images, labels).save(folder / head)
    return [folder / head for head in HEADS]


@pytest.fixture(scope="module")
def network_folders(tiny_network, tmp_path_factory):
    """A network with the names of its classes, and one of an older format."""
    folder = tmp_path_factory.mktemp("networks") / "tiny"
    names = tuple(ClassName(f"n{i}", f"class {i}") for i in range(5))
    folder.mkdir()
    for file in networks.FILES:
        (folder / file).write_bytes((tiny_network.folder / file).read_bytes())
    write_description(replace(tiny_network, folder=folder, classes=names), folder)
    return [folder, OLD_NETWORK]


def mend_model(folder, _):
    """Make the sums of a model right again, as whoever forges it would."""
    leave_out_digest(folder / "model.json")
    parts.write_checksums(folder, parts.REQUIRED)


def mend_network(folder, changed):
    """Make the sums in a network's description right again."""
    path = folder / "network.json"
    leave_out_digest(path)
    if changed != path.name:
        entries = json.loads(path.read_text("utf-8"))
        entries["files"] = {name: hash_file(folder / name) for name in networks.FILES}
        path.write_text(json.dumps(entries), "utf-8")


def leave_out_digest(path):
    """Make a description one of headstart 0.1, which wrote no digest."""
    path.write_bytes(re.sub(rb',\s*"digest":\s*"[0-9a-f]{64}"', b"", path.read_bytes()))


def test_damaged_models_of_older_formats(fuzz):
    fuzz("damaged models", LoadModel(), OLD, n=40, files=MODEL_FILES)


@pytest.mark.slow
def test_damaged_models(models, fuzz):
    fuzz("damaged models", LoadModel(), models, n=40, files=MODEL_FILES)


@pytest.mark.slow
def test_forged_models(models, fuzz):
    forged = {"files": parts.REQUIRED, "forge": True, "mend": mend_model, "others": True}
    fuzz("forged models", LoadModel(), [*models, *OLD], n=40, **forged)


def test_damaged_networks(network_folders, fuzz):
    files = (*networks.FILES, "network.json", "network.json")
    # headstart 0.1 wrote no digest: in its networks, some changes can't be noticed.
    fuzz("damaged networks", LoadNetwork(), network_folders[:1], n=40, files=files)


@pytest.mark.slow
def test_forged_networks(network_folders, fuzz):
    files = (*networks.FILES, "network.json")
    forged = {"files": files, "forge": True, "mend": mend_network, "others": True}
    fuzz("forged networks", LoadNetwork(), network_folders, n=40, **forged)
