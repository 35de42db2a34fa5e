"""Damaged and hostile backbone folders and weights: refused, or the same network."""

import functools
import multiprocessing
import os
import re
from dataclasses import replace

import h5py
import numpy as np
import pytest
from tests.attacks.limits import Trial

from headstart import records
from headstart.backbones import architectures
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.folders import DESCRIPTION, read_backbone, write_backbone
from headstart.backbones.weights import FOLDER_WEIGHTS
from headstart.storage.disk import hash_file

# mini with few channels, so that not nearly all mutants differ in some number only.
_NARROW = {32: 2, 96: 3, 192: 4, 384: 5, 200: 6}
_SAID = re.compile(rb'(?<="backbone.weights.h5": ")[0-9a-f]{64}')
_DIGEST = re.compile(rb',\s*"digest":\s*"[0-9a-f]{64}"')


class ReadBackbone(Trial):
    """Read the facts of a backbone's folder, and check its weights."""

    def answer(self, path):
        row = read_backbone(path)
        return records.to_json(row, without=["folder"])


class LoadWeights(ReadBackbone):
    """Put the weights into the network as well, as the process that runs Keras does."""

    def prepare(self):
        os.environ["KERAS_BACKEND"] = "openvino"
        from headstart.backbones import keras_weights
        from headstart.networks.keras_tracing import prepare

        prepare()
        architectures.MINI_WIDTHS = tuple(_NARROW[width] for width in architectures.MINI_WIDTHS)
        # The network is the same each time; only what is put into it differs.
        self._build, self._weights = keras_weights.build, keras_weights
        keras_weights.build = functools.lru_cache(8)(self._built)

    def _built(self, row, size, n_classes):
        return self._build(row, size, n_classes)

    def load(self, row, folder):
        return self._weights.load(row, folder / FOLDER_WEIGHTS, row.size).model

    def answer(self, path):
        facts = super().answer(path)
        weights = self.load(read_backbone(path), path).get_weights()
        assert all(np.isfinite(each).all() for each in weights)
        return facts, [each.tobytes() for each in weights]


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """A folder like that of mini, with few channels."""
    mini = get_backbone("mini")
    folder = tmp_path_factory.mktemp("backbone")
    random = np.random.default_rng(0)
    with h5py.File(mini.folder / FOLDER_WEIGHTS) as old, h5py.File(folder / "w.h5", "w") as new:

        def narrow(name, item):
            if isinstance(item, h5py.Dataset):
                shape = [_NARROW.get(side, side) for side in item.shape]
                new[name] = random.uniform(0.5, 1, shape).astype(item.dtype)
            else:
                new.require_group(name).attrs.update(item.attrs)

        old.visititems(narrow)
    row = replace(mini, n_features=_NARROW[384], classes=mini.classes[: _NARROW[200]])
    place = folder / "narrow"
    place.mkdir()
    write_backbone(place, row, folder / "w.h5")
    return place


@pytest.fixture(scope="module")
def of_keras_2(backbone, tmp_path_factory):
    """The same with the layout of the older files of Keras."""
    folder = tmp_path_factory.mktemp("older") / "older"
    process = multiprocessing.get_context("spawn").Process(target=rewrite, args=(backbone, folder))
    process.start()
    process.join()
    assert read_backbone(folder).name == "mini"
    return folder


def rewrite(backbone, folder):
    """Write a backbone's folder anew, in a process of its own: Keras has one backend for each."""
    trial = LoadWeights()
    trial.prepare()
    from keras.src.legacy.saving import legacy_h5_format

    row = read_backbone(backbone)
    weights = folder.with_suffix(".h5")
    with h5py.File(weights, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, trial.load(row, backbone))
    folder.mkdir()
    write_backbone(folder, row, weights)


def mend_backbone(folder, changed):
    """Make the hash of the weights right again, and leave out the digest."""
    path = folder / DESCRIPTION.name
    text = _DIGEST.sub(b"", path.read_bytes())
    if changed != DESCRIPTION.name:
        text = _SAID.sub(hash_file(folder / FOLDER_WEIGHTS).encode(), text)
    path.write_bytes(text)


def test_damaged_backbones(backbone, fuzz):
    files = [DESCRIPTION.name, DESCRIPTION.name, FOLDER_WEIGHTS]
    fuzz("damaged backbones", ReadBackbone(), [backbone], n=60, files=files)


@pytest.mark.slow
def test_forged_backbones(backbone, fuzz):
    forged = {"files": [DESCRIPTION.name], "forge": True, "mend": mend_backbone, "others": True}
    fuzz("forged backbones", LoadWeights(), [backbone], n=60, **forged)


@pytest.mark.slow
def test_forged_weights(backbone, of_keras_2, fuzz):
    forged = {"files": [FOLDER_WEIGHTS], "forge": True, "mend": mend_backbone, "others": True}
    fuzz("forged weights", LoadWeights(), [backbone, of_keras_2], n=60, **forged)
