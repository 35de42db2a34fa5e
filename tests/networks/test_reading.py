"""The graph that runs is made of the bytes that were hashed."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from headstart.errors import DamagedModel
from headstart.networks.network import FILES, hash_files
from headstart.networks.reading import read_graph
from headstart.networks.runtime import load_openvino


@pytest.fixture
def network(tiny_network, tmp_path):
    """A network in a folder of its own, whose hashes are known."""
    folder = shutil.copytree(tiny_network.folder, tmp_path / "network")
    return replace(tiny_network, folder=folder, files=hash_files(folder))


def read(network):
    return read_graph(network, load_openvino().Core())


def test_it_is_the_graph_that_openvino_reads_from_the_files(network):
    core = load_openvino().Core()
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    ours, theirs = (
        core.compile_model(model, "CPU", settings)(images)
        for model in (read(network), core.read_model(network.graph))
    )
    for name in network.outputs:
        np.testing.assert_array_equal(ours[name], theirs[name])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["alter", "cut", "remove", "pipe"])
def test_other_bytes_than_those_that_were_hashed_are_refused(network, name, harm):
    path = network.folder / name
    content = path.read_bytes()
    path.unlink()
    if harm == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("Windows has no such pipes")
        os.mkfifo(path)
    elif harm != "remove":
        path.write_bytes(content[:-1] if harm == "cut" else bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(DamagedModel, match=r"replaced or deleted since it was loaded. Load it ag"):
        read(network)


def test_a_network_without_known_hashes_is_taken_as_it_is(network):
    shutil.copyfile(network.graph, network.folder / "copy")
    network.graph.unlink()
    (network.folder / "copy").rename(network.graph)
    assert read(replace(network, files={})).outputs
    network.graph.unlink()
    with pytest.raises(DamagedModel):
        read(replace(network, files={}))


OVERWRITTEN = """
import sys
from pathlib import Path
import numpy as np
from headstart.networks.network import load_network
from headstart.features.compiling import compile_network
network = load_network(Path(sys.argv[1]))
engine = compile_network(network, outputs=("probabilities",))
images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
before = engine.infer(images)["probabilities"]
(network.folder / "graph.bin").write_bytes(b"")
print(np.array_equal(before, engine.infer(images)["probabilities"]))
"""


def test_a_network_that_runs_does_not_change_with_its_files(network_folder, tmp_path):
    folder = shutil.copytree(network_folder, tmp_path / "copy")
    command = [sys.executable, "-c", OVERWRITTEN, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
