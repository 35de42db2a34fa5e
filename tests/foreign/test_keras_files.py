"""A user's own Keras files: what is in them, and what is refused without Keras."""

import io
import json
import pickle
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.foreign.keras_archives import CONFIG, weights, write_archive

from headstart.foreign import keras_files
from headstart.foreign.keras_files import opened_keras_file


def check(path):
    """Read a file, which is refused if anything is wrong with it."""
    with opened_keras_file(path):
        pass


def test_a_keras_archive_holds_a_description_and_weights(tmp_path):
    path = write_archive(tmp_path / "net.keras", CONFIG)
    with opened_keras_file(path) as file:
        assert file.config["class_name"] == "Model"
        assert file.n_numbers == 8
        assert file.weights.name == "model.weights.h5"
        assert file.weights.read_bytes() == weights()
    assert not file.weights.exists()


@pytest.mark.parametrize("text", [json.dumps(CONFIG), json.dumps(CONFIG).encode()])
def test_an_h5_file_holds_both_in_one(tmp_path, text):
    path = tmp_path / "net.h5"
    path.write_bytes(weights())
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = text
    with opened_keras_file(path) as found:
        assert found.config["class_name"] == "Model"
        assert found.weights.suffix == ".h5"


def test_an_h5_file_of_weights_alone_says_what_to_do(tmp_path):
    path = tmp_path / "net.h5"
    path.write_bytes(weights())
    with pytest.raises(ValueError, match=r"weights alone.*--model NAME --weights FILE"):
        check(path)


class Bomb:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "model.pkl", "assets/layer/words.txt", "x/config.json"]
)
def test_other_files_in_the_archive_are_refused_by_name(tmp_path, name):
    path = write_archive(tmp_path / "net.keras", CONFIG, {name: pickle.dumps(Bomb())})
    with pytest.raises(ValueError, match="in the archive") as caught:
        check(path)
    assert name in str(caught.value)
    assert not (tmp_path.parent / "outside").exists()


def test_a_missing_member_is_refused(tmp_path):
    path = tmp_path / "net.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(CONFIG))
    with pytest.raises(ValueError, match=r"no item named 'model\.weights\.h5'"):
        check(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path):
    path = write_archive(tmp_path / "net.keras", CONFIG)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ValueError, match="two files of one name"):
        check(path)


def test_weights_that_unpack_to_far_more_are_refused(tmp_path):
    zeros = io.BytesIO()
    with h5py.File(zeros, "w") as file:
        file["zeros"] = np.zeros(2**20, np.float32)
    path = write_archive(
        tmp_path / "net.keras",
        CONFIG,
        {"model.weights.h5": zeros.getvalue()},
        compression=zipfile.ZIP_DEFLATED,
    )
    with pytest.raises(ValueError, match="weights of more than"):
        check(path)


def test_a_description_that_unpacks_to_far_more_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_files, "MAX_BYTES", 1000)
    path = write_archive(tmp_path / "net.keras", b" " * 10**6, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=r"'config\.json' of more than 1,000 bytes"):
        check(path)


def test_weights_that_are_packed_wrongly_are_refused(tmp_path):
    path = write_archive(tmp_path / "net.keras", CONFIG, compression=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    start = content.index(b"model.weights.h5") + len("model.weights.h5")
    content[start : start + 20] = b"\xff" * 20
    path.write_bytes(content)
    with pytest.raises(ValueError, match="an archive that can't be read: Error -3"):
        check(path)


def test_other_ways_of_packing_are_refused(tmp_path):
    path = write_archive(tmp_path / "net.keras", CONFIG, compression=zipfile.ZIP_BZIP2)
    with pytest.raises(ValueError, match="packed in another way"):
        check(path)


def changed_weights(change):
    content = io.BytesIO(weights())
    with h5py.File(content, "a") as file:
        change(file)
    return content.getvalue()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda file: file.update({"out": h5py.ExternalLink("/etc/passwd", "/")}), "is a link"),
        (lambda file: file.update({"again": file["layers/dense"]}), "another name"),
        (lambda file: file.create_dataset("text", data="code"), "no array of numbers"),
        (
            lambda file: file.create_dataset("zeros", (10**6,), "f4", compression="gzip"),
            "longer than the file",
        ),
    ],
)
def test_hostile_weights_are_refused(tmp_path, change, why):
    path = write_archive(
        tmp_path / "net.keras", CONFIG, {"model.weights.h5": changed_weights(change)}
    )
    with pytest.raises(ValueError, match=why):
        check(path)


def test_weights_that_are_no_hdf5_are_refused(tmp_path):
    path = write_archive(tmp_path / "net.keras", CONFIG, {"model.weights.h5": b"cut"})
    with pytest.raises(ValueError, match="HDF5"):
        check(path)


@given(st.data())
def test_damaged_files_are_read_or_refused(tmp_path_factory, data):
    path = write_archive(tmp_path_factory.mktemp("damaged") / "net.keras", CONFIG)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        check(path)
    except ValueError:
        return
