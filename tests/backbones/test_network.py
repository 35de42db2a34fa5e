"""A converted network on disk: written, read back, or refused by name."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.backbones.classes import ClassName
from headstart.backbones.network import (
    DESCRIPTION,
    FILES,
    load_network,
    save_network,
    write_description,
)
from headstart.backbones.runtime import load_openvino
from headstart.errors import DamagedModel, NewerFormat, NotASavedModel, SavedModelError

OLD = Path(__file__).parents[1] / "fixtures" / "networks" / "format-1"
CLASSES = tuple(ClassName(f"n{i}", name) for i, name in enumerate(["ant", "bee", "cat"]))


@pytest.fixture
def network(tiny_network, tmp_path):
    """A network in a folder of its own, with a value for every fact."""
    folder = tmp_path / "network"
    folder.mkdir()
    for name in FILES:
        shutil.copyfile(tiny_network.folder / name, folder / name)
    network = replace(
        tiny_network,
        folder=folder,
        classes=CLASSES,
        layer="stem",
        pooling="max",
        mirror=True,
        interpolation="bicubic",
        antialias=False,
        license="MIT",
        source="He et al.",
        weights_source="https://example.org/weights.h5",
    )
    write_description(network, folder)
    return network


def change(network, **entries):
    DESCRIPTION.write(network.folder, {**DESCRIPTION.read(network.folder), **entries})


def test_every_fact_is_read_back(network):
    assert load_network(network.folder) == network


def test_copy_stands_alone(network, tmp_path):
    copy = save_network(network, tmp_path / "copies" / "network")
    assert copy == replace(network, folder=tmp_path / "copies" / "network")
    shutil.rmtree(network.folder)
    assert load_network(copy.folder) == copy


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["cut", "alter", "remove"])
def test_damaged_file_is_found_out(network, name, harm):
    path = network.folder / name
    content = path.read_bytes()
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if harm == "cut" else b"?" + content[1:])
    with pytest.raises(DamagedModel, match=rf"{name} is missing or altered"):
        load_network(network.folder)


def test_missing_hash_is_damage(network):
    change(network, files={})
    with pytest.raises(DamagedModel):
        load_network(network.folder)


def test_newer_format_is_refused(network):
    change(network, format=99)
    with pytest.raises(NewerFormat, match="Update headstart"):
        load_network(network.folder)


@pytest.mark.parametrize("name", ["size", "outputs", "classes", "files"])
def test_foreign_entry_is_refused(network, name):
    change(network, **{name: 3})
    with pytest.raises(NotASavedModel, match="what headstart writes"):
        load_network(network.folder)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers()))
@pytest.mark.parametrize("name", ["size", "outputs", "classes", "files"])
def test_any_entry_is_read_or_refused_by_name(network, name, value):
    text = (network.folder / DESCRIPTION.name).read_text()
    described = {**json.loads(text), name: value}
    (network.folder / DESCRIPTION.name).write_text(json.dumps(described))
    try:
        load_network(network.folder)
    except SavedModelError:
        pass
    finally:
        (network.folder / DESCRIPTION.name).write_text(text)


def test_network_of_format_1_is_read_and_runs():
    network = load_network(OLD)
    assert (network.name, network.size, network.layer) == ("tiny", (8, 8), "conv")
    assert (network.resize, network.crop_fraction) == ("squash", 0.9)
    assert (network.interpolation, network.antialias) == ("bilinear", True)
    assert (network.pooling, network.mirror) == ("auto", True)
    assert network.classes == CLASSES
    assert network.license is network.source is network.weights_source is None
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    f32 = {"INFERENCE_PRECISION_HINT": "f32"}
    found = load_openvino().Core().compile_model(network.graph, "CPU", f32)(images)["features"]
    np.testing.assert_allclose(found[:, 1], [0.09713279, 0.39276874], rtol=1e-5)
