"""The arrays in a weights file."""

import io

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.backbones.weights_layout import WeightsLayout, read_layout
from headstart.errors import WeightsMismatch


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
