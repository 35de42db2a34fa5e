import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest
from tests.model.conftest import CLASSES
from tests.prediction.scorers import affine, neighbours

from headstart.errors import StorageError, UsageError
from headstart.model import TrainingData, checksums, layout, load, saving


def test_the_files_are_those_of_the_layout(model_folder):
    assert {path.name for path in model_folder.iterdir()} == {*layout.FILES, checksums.NAME}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs the command sha256sum")
def test_sha256sum_can_check_it(model_folder):
    command = ["sha256sum", "--check", "--strict", checksums.NAME]
    subprocess.run(command, cwd=model_folder, check=True, capture_output=True)


def test_what_is_returned_is_what_load_returns(save, tmp_path):
    saved = save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert (saved.folder, saved.network, saved.labels) == (
        again.folder,
        again.network,
        again.labels,
    )
    picture = [np.zeros((40, 50, 3), np.uint8)]
    assert np.array_equal(saved.predict_proba(picture), again.predict_proba(picture))


@pytest.mark.parametrize(
    "classes", [(1, 2, 3), (1.5, 2.5, 0.1), (True, False, None), (("a", 1), ("b", 2), "c")], ids=str
)
def test_labels_keep_their_kind(save, tmp_path, classes):
    assert save(tmp_path / "model", classes=classes).labels == classes


def test_labels_that_can_not_be_written_are_refused_before_anything_is(save, tmp_path):
    with pytest.raises(UsageError, match="labels are made of"):
        save(tmp_path / "model", classes=("a", "b", object()))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("evaluation", [{"accuracy": object()}, {"accuracy": float("nan")}])
def test_an_evaluation_that_json_has_no_words_for_is_refused(save, tmp_path, evaluation):
    with pytest.raises(UsageError, match="JSON's types"):
        save(tmp_path / "model", evaluation=evaluation)


@pytest.mark.parametrize("scorer", [affine(), neighbours()], ids=["affine", "neighbours"])
def test_no_photo_and_no_path_of_the_machine_is_in_it(save, tmp_path, scorer, tiny_network):
    save(tmp_path / "model", scorer=scorer)
    for path in (tmp_path / "model").iterdir():
        assert str(tmp_path).encode() not in path.read_bytes()
        assert str(tiny_network.folder).encode() not in path.read_bytes()


def test_a_model_is_not_replaced_unasked(save, copied):
    before = (copied / checksums.NAME).read_bytes()
    with pytest.raises(UsageError, match="already"):
        save(copied, classes=("a", "b", "c"))
    assert (copied / checksums.NAME).read_bytes() == before


def test_a_model_is_replaced_when_asked_to(save, copied):
    (copied / "NOTES.md").write_text("mine")
    save(copied, classes=("a", "b", "c"), overwrite=True)
    assert load(copied).labels == ("a", "b", "c")
    assert (copied / "NOTES.md").read_text() == "mine"
    assert [path.name for path in copied.parent.iterdir()] == [copied.name]


def test_a_damaged_model_can_be_replaced(save, copied):
    (copied / checksums.NAME).write_text("nothing")
    save(copied, overwrite=True)
    assert load(copied).labels == CLASSES


@pytest.mark.parametrize("overwrite", [True, False])
def test_what_is_no_model_is_never_replaced(save, tmp_path, overwrite):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="something else"):
        save(tmp_path, overwrite=overwrite)
    with pytest.raises(UsageError, match="something else"):
        save(tmp_path / "thesis.txt", overwrite=overwrite)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_is_filled(save, tmp_path):
    save(tmp_path)
    assert load(tmp_path).labels == CLASSES


def test_nothing_is_left_of_a_save_that_fails(save, copied, monkeypatch):
    before = {path.name: path.read_bytes() for path in copied.iterdir()}

    def fail(_):
        raise OSError("No space left on device")

    monkeypatch.setattr(saving.checksums, "write_checksums", fail)
    for folder in (copied, copied.parent / "new"):
        with pytest.raises(StorageError, match="No space left"):
            save(folder, overwrite=True)
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before
    assert [path.name for path in copied.parent.iterdir()] == [copied.name]


def test_extra_files_belong_to_the_model(save, tmp_path):
    save(tmp_path / "model", extras={"confusion.png": b"picture"})
    listed = checksums.read_checksums(tmp_path / "model")
    assert listed["confusion.png"] == hashlib.sha256(b"picture").hexdigest()
    save(tmp_path / "model", overwrite=True)
    assert not (tmp_path / "model" / "confusion.png").exists()


@pytest.mark.parametrize("name", ["model.json", "SHA256SUMS", "../x", "a/b", ".hidden", "", "a\n"])
def test_extra_files_have_plain_names_of_their_own(save, tmp_path, name):
    with pytest.raises(UsageError, match="extra file"):
        save(tmp_path / "model", extras={name: b""})


def test_the_description_is_for_other_programs_too(model_folder):
    written = json.loads((model_folder / layout.DESCRIPTION).read_text("utf-8"))
    assert written["classes"][0] == {"type": "str", "value": "cat"}
    assert written["input"] == {"size": [32, 32], "resize": "pad", "crop_fraction": 0.875}
    assert written["outputs"] == {
        "features": [16],
        "feature_map": [8, 8, 16],
        "probabilities": [3],
    }


def test_training_counts_by_class():
    counted = TrainingData.on(["b", "a", "b"], ["a", "b", "c"], 4)
    assert (counted.counts, counted.n_images, counted.n_broken) == ((1, 2, 0), 3, 4)
