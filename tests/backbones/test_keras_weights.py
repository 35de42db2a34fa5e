"""The arrays in a weights file, and what network they belong to; without Keras."""

import io
import shutil

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.finding import find_network
from headstart.backbones.keras_weights import (
    WeightsLayout,
    _count_classes,
    _named_for_keras,
    read_layout,
)
from headstart.backbones.spec import NetworkSpec
from headstart.backbones.weights import FOLDER_WEIGHTS
from headstart.errors import WeightsMismatch

ROW = get_backbone("mobilenet_v2")
BODY = [(3, 3, 3, 32), (32,), (32,)]
EXPECTED = [*BODY, (1280, 1000), (1000,)]


def count(shapes, tmp_path):
    layout = WeightsLayout("keras 3", tuple(sorted(shapes)))
    return _count_classes(ROW, tmp_path / "file.h5", layout, EXPECTED)


def test_published_classifier_has_a_thousand(tmp_path):
    assert count(EXPECTED, tmp_path) == 1000


def test_own_classifier_is_counted(tmp_path):
    assert count([*BODY, (1280, 7), (7,)], tmp_path) == 7


def test_missing_classifier_is_seen(tmp_path):
    assert count(BODY, tmp_path) is None


def test_weights_of_another_network_are_refused_with_figures(tmp_path):
    with pytest.raises(WeightsMismatch) as refused:
        count([(7, 7, 3, 64), (64,), (64, 1000), (1000,)], tmp_path)
    assert "must be 5 arrays with 3,538,984 numbers" in str(refused.value)
    assert "with 4 arrays and 74,472 numbers" in str(refused.value)
    assert "no array has the shape" in str(refused.value)


def test_network_with_as_many_parameters_is_named(tmp_path):
    with pytest.raises(WeightsMismatch, match="vgg16 has as many"):
        count([(138_357_544 // 8, 4), (138_357_544 // 8, 2, 2)], tmp_path)


@pytest.mark.parametrize(
    ("name", "kind", "ending"),
    [
        ("a.weights.h5", "keras 3", "a.weights.h5"),
        ("a.h5", "keras 2", "a.h5"),
        ("a.h5", "keras 3", ".weights.h5"),
        ("a.weights.h5", "keras 2", "named.h5"),
        ("a.hdf5", "keras 2", "named.h5"),
    ],
)
@pytest.mark.parametrize("links", [True, False])
def test_keras_gets_the_ending_of_the_format(tmp_path, monkeypatch, name, kind, ending, links):
    def refuse(*_):
        raise OSError("a privilege is not held by the client")

    if not links:
        monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    (tmp_path / name).write_bytes(b"content")
    with _named_for_keras(tmp_path / name, WeightsLayout(kind, ())) as named:
        assert named.name.endswith(ending)
        assert named.read_bytes() == b"content"


def keras_3(file):
    file["layers/dense/vars/0"] = np.zeros((3, 2))
    file["layers/dense/vars/1"] = np.zeros(2)
    file["layers/dropout/seed_generator/vars/0"] = np.zeros(2)
    file["optimizer/vars/0"] = np.zeros((3, 2))


def keras_2(file, split=False):
    layer = file.create_group("dense")
    layer["dense/kernel:0"] = np.zeros((3, 2))
    layer["dense/bias:0"] = np.zeros(2)
    names = [b"dense/kernel:0", b"dense/bias:0"]
    if split:
        layer.attrs["weight_names0"], layer.attrs["weight_names1"] = names[:1], names[1:]
    else:
        layer.attrs["weight_names"] = names
    file.attrs["layer_names"] = [b"dense"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (keras_3, "keras 3"),
        (keras_2, "keras 2"),
        (lambda file: keras_2(file, split=True), "keras 2"),
        (lambda file: keras_2(file.create_group("model_weights")), "keras 2"),
    ],
)
def test_arrays_are_listed_without_the_state_of_training(path, write, kind):
    with h5py.File(path, "w") as file:
        write(file)
    assert read_layout(path) == WeightsLayout(kind, ((2,), (3, 2)))


def test_other_hdf5_is_refused(path):
    with h5py.File(path, "w") as file:
        file["spectra"] = np.zeros(3)
    with pytest.raises(WeightsMismatch, match="an HDF5 file with spectra at its top"):
        read_layout(path)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89HDF\r\n\x1a\n"])
def test_other_files_are_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(WeightsMismatch, match=r"must be HDF5 .*weights.h5"):
        read_layout(path)


def written(write):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


@pytest.mark.parametrize("write", [keras_2, keras_3])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(length=st.integers(0, 20_000))
def test_file_cut_short_is_read_or_refused(path, write, length):
    path.write_bytes(written(write)[:length])
    try:
        shapes = read_layout(path).shapes
    except WeightsMismatch:
        return
    assert shapes == ((2,), (3, 2))


@pytest.mark.slow
@pytest.mark.parametrize("number", [np.nan, -np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, number):
    path = tmp_path / "damaged.weights.h5"
    shutil.copyfile(get_backbone("mini").folder / FOLDER_WEIGHTS, path)
    with h5py.File(path, "r+") as file:
        names = []
        file.visit(names.append)
        array = next(file[name] for name in names if isinstance(file[name], h5py.Dataset))
        array[(0,) * array.ndim] = number
    with pytest.raises(WeightsMismatch, match=r"damaged.*must be finite.*Received: NaN or inf"):
        find_network(NetworkSpec("mini", weights=path))
