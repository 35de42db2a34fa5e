import zipfile

import numpy as np
import pytest

from headstart.errors import DamagedModel, StorageError
from headstart.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint


def checkpoint(n=12):
    weights = [np.full((i, 2), i, np.float32) for i in range(n)]
    return Checkpoint({"weights": weights, "step": [np.array(7)]}, {"done": [1.5, "x"]})


def test_arrays_are_loaded_in_the_order_they_were_saved_in(tmp_path):
    save_checkpoint(checkpoint(), tmp_path / "last.npz")
    loaded = load_checkpoint(tmp_path / "last.npz")
    assert loaded.facts == {"done": [1.5, "x"]}
    assert [array.shape[0] for array in loaded.arrays["weights"]] == list(range(12))
    assert loaded.arrays["weights"][3].dtype == np.float32
    assert loaded.arrays["step"][0] == 7


def test_every_cut_file_is_refused(tmp_path):
    path = tmp_path / "last.npz"
    save_checkpoint(checkpoint(3), path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place])
        with pytest.raises(DamagedModel, match=r"must be a checkpoint of this training"):
            load_checkpoint(path)


def test_an_altered_number_is_noticed(tmp_path):
    path = tmp_path / "last.npz"
    save_checkpoint(checkpoint(3), path)
    whole = bytearray(path.read_bytes())
    place = whole.index(np.float32(2).tobytes())
    whole[place] ^= 1
    path.write_bytes(whole)
    with pytest.raises(DamagedModel):
        load_checkpoint(path)


@pytest.mark.parametrize("change", ["swapped", "missing", "renamed", "twice", "added"])
def test_other_members_in_a_whole_archive_are_noticed(tmp_path, change):
    save_checkpoint(checkpoint(3), tmp_path / "last.npz")
    with np.load(tmp_path / "last.npz") as file:
        arrays = dict(file)
    one, other = "weights/1", "weights/2"
    match change:
        case "swapped":
            arrays[one], arrays[other] = arrays[other], arrays[one]
        case "missing":
            del arrays[one]
        case "renamed":
            arrays["average/1"] = arrays.pop(one)
        case "twice":
            arrays["weights/01"] = arrays[one]
        case "added":
            arrays["x"] = arrays[one]
    np.savez(tmp_path / "last.npz", **arrays)
    with pytest.raises(DamagedModel, match=r"its digest is not that of its arrays.*--restart"):
        load_checkpoint(tmp_path / "last.npz")


def test_a_checkpoint_without_a_digest_is_read(tmp_path):
    """As headstart 0.1 wrote it."""
    save_checkpoint(checkpoint(3), tmp_path / "last.npz")
    with np.load(tmp_path / "last.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "digest"}
    np.savez(tmp_path / "last.npz", **arrays)
    assert load_checkpoint(tmp_path / "last.npz").facts == {"done": [1.5, "x"]}


@pytest.mark.parametrize(
    "header", ["{'descr': (", f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**70},)}}"]
)
def test_an_array_that_can_not_be_is_refused(tmp_path, header):
    save_checkpoint(checkpoint(3), tmp_path / "last.npz")
    with zipfile.ZipFile(tmp_path / "last.npz", "a") as file:
        length = (len(header) + 1).to_bytes(2, "little")
        file.writestr("weights/9.npy", b"\x93NUMPY\x01\x00" + length + f"{header}\n".encode())
    with pytest.raises(DamagedModel, match=r"must be a checkpoint of this training"):
        load_checkpoint(tmp_path / "last.npz")


def test_a_failed_save_leaves_the_one_before(tmp_path):
    path = tmp_path / "last.npz"
    save_checkpoint(checkpoint(2), path)
    broken = Checkpoint({"weights": [np.array([object()])]}, {"x": object()})
    with pytest.raises(TypeError):
        save_checkpoint(broken, path)
    assert len(load_checkpoint(path).arrays["weights"]) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.npz"]


def test_a_path_that_can_not_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"last\.npz"):
        save_checkpoint(checkpoint(), tmp_path / "file" / "last.npz")
