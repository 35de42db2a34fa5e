"""Folders that somebody made to hang a reader or to fill its memory, with all sums right."""

import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.attacks.limits import Trial, Tries

import headstart as hs
from headstart.backbones.folders import read_backbone
from headstart.model import parts
from headstart.networks.network import load_network
from headstart.storage.disk import hash_file

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names on Windows"),
]


FIXTURES = Path(__file__).parents[1] / "fixtures"


class LoadFolder(Trial):
    """Load whatever a folder holds, and run it."""

    def answer(self, path):
        images = [np.zeros((20, 30, 3), np.uint8)]
        if (path / "backbone.json").exists():
            return read_backbone(path).name
        if (path / "network.json").exists():
            load_network(path)
            return hs.Embedder(path, cache=False, precision="f32").transform(images).tobytes()
        return hs.load(path, threads=1).predict_proba(images).tobytes()


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def folder(path):
    path.unlink()
    path.mkdir()


def endless(path):
    with path.open("r+b") as file:
        file.truncate(2**40)  # no disk holds it; it takes no room


def deep(path):
    path.write_text('{"format": 2, "a": ' + "[" * 10**6 + "]" * 10**6 + "}")


def many_lists(path):
    path.write_text('{"format": 2, "a": [' + "[]," * (10**7) + "[]]}")


def edited(**changes):
    def change(path):
        entries = {**json.loads(path.read_text("utf-8")), **changes}
        path.write_text(json.dumps({**entries, "digest": None}), "utf-8")

    return change


def edited_network(**changes):
    def change(path):
        network = json.loads(path.read_text("utf-8"))["network"]
        edited(network={**network, **changes})(path)

    return change


def replaced(old, new):
    def change(path):
        text = path.read_text("utf-8")
        changed = re.sub(old, new, text, count=1)
        assert changed != text
        path.write_text(changed, "utf-8")

    return change


def arrays(**changes):
    def change(path):
        with np.load(path) as file:
            found = {**file, **changes}
        np.savez(path, **found)

    return change


def enormous_array(path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("weights", "bias"):
            start = b"\x93NUMPY\x01\x00" + len(header + b"\n").to_bytes(2, "little")
            file.writestr(f"{name}.npy", start + header + b"\n")


def compressed(path):
    np.savez_compressed(path, weights=np.zeros((500, 20_000)), bias=np.zeros(4))


def many_arrays(path):
    with zipfile.ZipFile(path, "w") as file:
        for number in range(40_000):
            file.writestr(f"{number}.npy", b"")


JSON_FILES = [pipe, device, folder, endless, deep, many_lists]
MODEL = [
    *[("model.json", change) for change in JSON_FILES],
    *[("SHA256SUMS", change) for change in (pipe, device, folder, endless)],
    *[("head.npz", change) for change in (pipe, device, enormous_array, compressed, many_arrays)],
    ("head.npz", arrays(bias_0=np.full(4, np.nan, np.float32))),
    ("golden.npz", arrays(images=np.zeros((10**5, 1, 1, 3), np.uint8))),
    ("model.json", edited(resize={"rule": "pad", "height": 10**6, "width": 10**6})),
    ("model.json", edited_network(size=[10**6, 10**6])),
    ("model.json", edited_network(outputs={"features": [10**12]})),
    ("model.json", edited(classes=[{"type": "tuple", "value": []}] * 10**5)),
    ("graph.bin", endless),
    ("graph.xml", endless),
    ("head.npz", endless),
    ("graph.xml", pipe),
    ("graph.xml", device),
    ("graph.bin", pipe),
    ("graph.bin", device),
    ("graph.xml", replaced('type="Convolution"', 'type="Loop"')),
    ("graph.xml", replaced("<net ", '<!DOCTYPE n [<!ENTITY a "aaaa">]><net ')),
    ("graph.xml", replaced('shape="([^"]+)" offset', 'shape="1000000,1000000" offset')),
    ("graph.xml", replaced("<layers>", "<layers>" + "<layer/>" * 10**6)),
    ("graph.xml", replaced("</net>", "<!--" + "a" * 2**26 + "--></net>")),
    ("graph.bin", lambda path: path.write_bytes(b"\xff" * path.stat().st_size)),
]
NETWORK = [
    *[("network.json", change) for change in JSON_FILES],
    ("network.json", edited(size=[10**6, 10**6])),
    ("network.json", edited(crop_fraction=1e-308)),
    ("network.json", edited(outputs={"features": [2], "feature_map": [10**6, 10**6, 10**6]})),
    ("network.json", edited(classes=[["a", "b"]])),
    ("graph.bin", endless),
]
BACKBONE = [
    *[("backbone.json", change) for change in JSON_FILES],
    ("backbone.weights.h5", pipe),
    ("backbone.weights.h5", device),
    ("backbone.weights.h5", endless),
]


@pytest.fixture(scope="module")
def tries():
    with Tries(LoadFolder()) as running:
        yield running


@pytest.fixture(scope="module")
def originals(network_folder, tmp_path_factory):
    from headstart.backbones.catalogue import get_backbone

    backbone = tmp_path_factory.mktemp("backbone") / "mini"
    shutil.copytree(get_backbone("mini").folder, backbone)
    return {
        "model": FIXTURES / "models" / "format-2" / "dense",
        "network": network_folder,
        "backbone": backbone,
    }


def list_again(path, listed):
    """Write the right sums, except of what can't be read to its end."""
    sums = dict(line.split("  ")[::-1] for line in listed.splitlines())
    for name in sums:
        file = path / name
        if file.is_file() and file.stat().st_size < 2**30:
            sums[name] = hash_file(file)
    (path / parts.CHECKSUMS).write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))


@pytest.mark.parametrize(
    ("kind", "name", "change"),
    [
        *[("model", *hostile) for hostile in MODEL],
        *[("network", *hostile) for hostile in NETWORK],
        *[("backbone", *hostile) for hostile in BACKBONE],
    ],
)
def test_a_hostile_folder_is_refused_at_once(tries, originals, tmp_path, kind, name, change):
    path = shutil.copytree(originals[kind], tmp_path / "hostile")
    listed = (path / parts.CHECKSUMS).read_text() if kind == "model" else ""
    change(path / name)
    if listed and name != parts.CHECKSUMS:
        list_again(path, listed)
    outcome = tries(path, originals[kind])
    assert outcome.verdict == "refused", outcome
    assert len(outcome.said) < 2_000
