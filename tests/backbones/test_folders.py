"""Backbone folders: written, read back, or refused by name."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args
from unittest.mock import ANY

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.finding import find_network
from headstart.backbones.folders import (
    DESCRIPTION,
    pack_weights,
    read_backbone,
    read_row,
    write_backbone,
)
from headstart.backbones.spec import NetworkSpec
from headstart.backbones.weights import FOLDER_WEIGHTS, find_weights
from headstart.errors import (
    DamagedModel,
    NewerFormat,
    NotASavedModel,
    SavedModelError,
)
from headstart.images.resize_rules import Interpolation, Rule
from headstart.networks.classes import ClassName
from headstart.networks.preprocessing import CENTRED_BGR, KERAS_MODES, Preprocessing

CLASSES = tuple(ClassName(f"k{i}", f"kind {i}") for i in range(3))
MINE = replace(
    get_backbone("mini"), name="mine", trained_on="my photos", classes=CLASSES, top1=0.5, top5=None
)
KERNEL = np.linspace(-2, 2, 27 * 4, dtype=np.float32).reshape(3, 3, 3, 4)
OLD = Path(__file__).parents[1] / "fixtures" / "backbones"
NUMBERS = asdict(CENTRED_BGR)
BIAS = np.array([1 / 3, 1e-9, 70000, -1], np.float32)


@pytest.fixture
def weights(tmp_path):
    """A file as Keras writes it when a network that is in training is saved."""
    path = tmp_path / "trained.weights.h5"
    with h5py.File(path, "w") as file:
        conv = file.create_group("layers/conv2d/vars")
        conv.attrs["name"] = "stem_conv"
        conv["0"], conv["1"] = KERNEL, BIAS
        file["layers/dense/vars/0"] = np.full((2, 2), 1e6, np.float32)
        file["layers/seed/vars/0"] = np.arange(2, dtype=np.uint32)
        file["optimizer/vars/0"] = np.ones(100, np.float32)
    return path


@pytest.fixture
def folder(tmp_path, weights):
    path = tmp_path / "mine"
    path.mkdir()
    write_backbone(path, MINE, weights)
    return path


def test_written_backbone_is_read_back(folder):
    row = read_backbone(folder)
    assert row == replace(MINE, folder=folder, weights_sha256=row.weights_sha256)
    assert row.classes == CLASSES
    assert read_row(folder) == row
    assert find_weights(row).sha256 == row.weights_sha256
    assert find_weights(row).origin == "beside"
    assert find_weights(get_backbone("mini")).origin == "package"


def test_every_fact_is_read_back(tmp_path, weights):
    row = replace(
        MINE,
        preprocessing=Preprocessing("bgr", 2.0, (1.0, 2.5, 3.0), (4.0, 5.0, 6.0)),
        interpolation="bicubic",
        antialias=False,
        feature_layer="conv",
        license="CC0",
    )
    write_backbone(tmp_path, row, weights)
    assert read_row(tmp_path) == replace(row, folder=tmp_path, weights_sha256=ANY)


def test_folder_of_format_1_is_read(tmp_path):
    """It names a Keras mode, where later formats have numbers."""
    mini = get_backbone("mini")
    shutil.copyfile(OLD / "format-1" / DESCRIPTION.name, tmp_path / DESCRIPTION.name)
    shutil.copyfile(mini.folder / FOLDER_WEIGHTS, tmp_path / FOLDER_WEIGHTS)
    assert json.loads((tmp_path / DESCRIPTION.name).read_text())["format"] == 1
    assert read_backbone(tmp_path) == replace(mini, folder=tmp_path)
    for mode, numbers in KERAS_MODES.items():
        change(tmp_path, preprocessing=mode)
        assert read_row(tmp_path).preprocessing == numbers


def test_format_2_without_a_digest_is_read(tmp_path):
    mini = get_backbone("mini")
    shutil.copyfile(OLD / "format-2" / DESCRIPTION.name, tmp_path / DESCRIPTION.name)
    shutil.copyfile(mini.folder / FOLDER_WEIGHTS, tmp_path / FOLDER_WEIGHTS)
    assert "digest" not in json.loads((tmp_path / DESCRIPTION.name).read_text())
    assert read_backbone(tmp_path) == replace(mini, folder=tmp_path)


def test_an_altered_class_name_is_noticed(folder):
    path = folder / DESCRIPTION.name
    path.write_text(path.read_text().replace("kind 1", "kind 3"))
    with pytest.raises(DamagedModel, match="was altered"):
        read_row(folder)


@pytest.mark.parametrize("resize", get_args(Rule))
@pytest.mark.parametrize("interpolation", get_args(Interpolation))
def test_every_way_to_resize_can_be_written(tmp_path, weights, resize, interpolation):
    row = replace(MINE, resize=resize, interpolation=interpolation)
    write_backbone(tmp_path, row, weights)
    assert (read_row(tmp_path).resize, read_row(tmp_path).interpolation) == (resize, interpolation)


def test_imagenets_classes_need_no_names(tmp_path, weights):
    write_backbone(tmp_path, replace(MINE, classes=None), weights)
    assert read_backbone(tmp_path).n_classes == 1000


def test_only_kernels_are_written_in_half_precision(folder):
    with h5py.File(folder / FOLDER_WEIGHTS) as file:
        conv = file["layers/conv2d/vars"]
        assert conv.attrs["name"] == "stem_conv"
        assert conv["0"].dtype == np.float16
        np.testing.assert_array_equal(conv["0"], KERNEL.astype(np.float16))
        assert conv["1"].dtype == np.float32
        np.testing.assert_array_equal(conv["1"], BIAS)
        assert file["layers/seed/vars/0"].dtype == np.uint32


def test_values_too_large_for_half_precision_stay_as_they_are(folder):
    with h5py.File(folder / FOLDER_WEIGHTS) as file:
        np.testing.assert_array_equal(file["layers/dense/vars/0"], np.full((2, 2), 1e6))


def test_state_of_the_optimizer_is_not_written(folder):
    with h5py.File(folder / FOLDER_WEIGHTS) as file:
        assert set(file) == {"layers"}


def test_same_weights_give_the_same_bytes(folder, weights, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    with h5py.File(weights, "r+") as file:  # the file may have another history
        del file["optimizer"]
    write_backbone(again, MINE, weights)
    for name in (DESCRIPTION.name, FOLDER_WEIGHTS):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_packing_twice_equals_packing_once(folder, tmp_path):
    pack_weights(folder / FOLDER_WEIGHTS, tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == (folder / FOLDER_WEIGHTS).read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../elsewhere"},
        {"name": ""},
        {"builder": "getattr"},
        {"size": (64, 64), "max_size": 60},
        {"size": (64, 64), "min_size": 65},
        {"crop_fraction": 0},
        {"top1": 71.3},
        {"preprocessing": replace(CENTRED_BGR, scale=0.0)},
        {"interpolation": "cubic"},
    ],
    ids=str,
)
def test_backbone_that_could_not_be_read_is_not_written(tmp_path, weights, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        write_backbone(tmp_path, replace(MINE, **wrong), weights)
    assert not DESCRIPTION.is_in(tmp_path)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [truncate, flip, Path.unlink])
def test_damaged_weights_are_found_out(folder, harm):
    harm(folder / FOLDER_WEIGHTS)
    with pytest.raises(DamagedModel, match=r"backbone\.weights\.h5 must have the sha256"):
        read_backbone(folder)
    with pytest.raises(DamagedModel):
        find_network(NetworkSpec(folder))
    assert read_row(folder).name == "mine"


def test_another_backbone_that_takes_the_place_meanwhile_is_read_whole(
    folder, tmp_path, monkeypatch
):
    def find(row):
        if not replaced:  # once the first backbone's description is read
            replaced.append(folder.rename(tmp_path / "old"))
            shutil.copytree(tmp_path / "old", folder)
            write_backbone(folder, replace(read_row(folder), license="another"), packed)
            row = replace(row, weights_sha256="0" * 64)
        return find_weights(row)

    replaced = []
    packed = shutil.copy(folder / FOLDER_WEIGHTS, tmp_path / "packed.h5")
    monkeypatch.setattr("headstart.backbones.folders.find_weights", find)
    assert read_backbone(folder).license == "another"


def describe(folder, **changes):
    path = folder / DESCRIPTION.name
    entries = {**json.loads(path.read_text()), **changes}
    entries.pop("digest", None)  # older versions wrote none
    path.write_text(json.dumps(entries))


def change(folder, **fields):
    described = json.loads((folder / DESCRIPTION.name).read_text())
    describe(folder, backbone={**described["backbone"], **fields})


def test_newer_format_is_refused(folder):
    describe(folder, format=DESCRIPTION.newest + 1)
    with pytest.raises(NewerFormat, match="Update headstart"):
        read_backbone(folder)


def test_folder_without_description_is_refused(tmp_path):
    with pytest.raises(NotASavedModel, match=r"must hold backbone\.json"):
        read_backbone(tmp_path)


@pytest.mark.parametrize("name", ["backbone", "classes", "files"])
@pytest.mark.parametrize("value", [3, [[1, 2]], ["a"], {"a": 1}, "abc"], ids=str)
def test_foreign_description_is_refused(folder, name, value):
    describe(folder, **{name: value})
    with pytest.raises(NotASavedModel, match="what headstart writes"):
        read_backbone(folder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a/b"},
        {"builder": "__class__"},
        {"builder": ["mini"]},
        {"size": [10**9, 64]},
        {"size": 64},
        {"size": [True, 64]},
        {"n_features": -1},
        {"parameters": 1.5},
        {"top1": None, "top5": "good"},
        {"resize": "stretch"},
        {"interpolation": "cubic"},
        {"antialias": 1},
        {"preprocessing": "none"},
        {"preprocessing": {"channels": "rgb"}},
        {"preprocessing": {**NUMBERS, "channels": "bgra"}},
        {"preprocessing": {**NUMBERS, "scale": 0}},
        {"preprocessing": {**NUMBERS, "mean": [1, 2]}},
        {"preprocessing": {**NUMBERS, "mean": [1, 2, "3"]}},
        {"preprocessing": {**NUMBERS, "std": [1, 1, 0]}},
    ],
    ids=str,
)
def test_foreign_fields_are_refused(folder, wrong):
    change(folder, **wrong)
    with pytest.raises(NotASavedModel, match="what headstart writes"):
        read_backbone(folder)


def test_unknown_fields_are_ignored(folder):
    row = read_backbone(folder)
    change(folder, weights={"url": "https://example.org"}, colour="red")
    assert read_backbone(folder) == row


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_description_is_refused_by_name(tmp_path, content):
    (tmp_path / DESCRIPTION.name).write_bytes(content)
    with pytest.raises(SavedModelError):
        read_backbone(tmp_path)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=JSON, data=st.data())
def test_any_value_is_taken_or_refused_by_name(folder, value, data):
    text = (folder / DESCRIPTION.name).read_text()
    described = json.loads(text)
    del described["digest"]
    place = data.draw(st.sampled_from([described, described["backbone"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = value
    (folder / DESCRIPTION.name).write_text(json.dumps(described))
    try:
        read_row(folder)
    except SavedModelError:
        pass
    finally:
        (folder / DESCRIPTION.name).write_text(text)


def test_folder_is_converted_by_the_real_process(converter, tmp_path, monkeypatch):
    trained, folder = tmp_path / "trained.weights.h5", tmp_path / "own"
    converter.ask(task="save", builder="mini", classes=3, path=str(trained))
    folder.mkdir()
    write_backbone(folder, replace(MINE, name="own"), trained)
    monkeypatch.chdir(tmp_path)
    network = find_network(NetworkSpec("own", size=(32, 48)))
    assert (network.name, network.size, network.classes) == ("own", (32, 48), CLASSES)
    assert network.outputs["probabilities"] == (3,)
    assert find_network(NetworkSpec(folder, size=(32, 48))) == network


def test_layers_of_a_folder_are_listed(converter, folder):
    answer = json.loads(
        converter.ask(task="summarise", backbone="", folder=str(folder), size=[64, 64], weights="")
    )
    assert answer["layers"][-1]["shape"] == [3]


def test_mini_by_name_has_its_own_classes():
    network = find_network(NetworkSpec("mini"), download=False)
    assert network.classes == get_backbone("mini").classes
    assert network.outputs == {"features": (384,), "feature_map": (5, 5, 384),
                               "probabilities": (200,)}  # fmt: skip
