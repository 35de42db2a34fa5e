import shutil
import subprocess

import numpy as np
import pytest
from tests.model.conftest import CLASSES
from tests.model.test_old_formats import FOLDER
from tests.prediction.scorers import affine, neighbours

from headstart.errors import StorageError, UsageError
from headstart.images.sources import content_hash
from headstart.model import add_results, load, parts, saving
from headstart.prediction.training_hashes import TrainingHashes

OLD_MODEL = FOLDER / "logistic"


def test_the_files_are_the_parts_their_list_and_the_card(model_folder):
    names = {path.name for path in model_folder.iterdir()}
    assert names == {*parts.REQUIRED, parts.CARD, parts.CHECKSUMS}
    assert parts.read_checksums(model_folder).keys() == set(parts.REQUIRED)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs the command sha256sum")
def test_sha256sum_can_check_it(model_folder):
    command = ["sha256sum", "--check", "--strict", parts.CHECKSUMS]
    subprocess.run(command, cwd=model_folder, check=True, capture_output=True)


def test_saving_returns_what_load_returns(save, tmp_path):
    saved = save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert (saved.folder, saved.network, saved.labels) == (
        again.folder,
        again.network,
        again.labels,
    )
    image = [np.zeros((40, 50, 3), np.uint8)]
    assert np.array_equal(saved.predict_proba(image), again.predict_proba(image))


@pytest.mark.parametrize(
    "classes", [(1, 2, 3), (1.5, 2.5, 0.1), (True, False, None), (("a", 1), ("b", 2), "c")], ids=str
)
def test_labels_keep_their_kind(save, tmp_path, classes):
    assert save(tmp_path / "model", classes=classes).labels == classes


def test_labels_that_can_not_be_written_are_refused_before_anything_is_written(save, tmp_path):
    with pytest.raises(UsageError, match="must be made of"):
        save(tmp_path / "model", classes=("a", "b", object()))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("evaluation", [{"accuracy": object()}, {"accuracy": float("nan")}])
def test_an_evaluation_that_json_can_not_express_is_refused(save, tmp_path, evaluation):
    with pytest.raises(UsageError, match="JSON's types"):
        save(tmp_path / "model", evaluation=evaluation)


@pytest.mark.parametrize("scorer", [affine(), neighbours()], ids=["affine", "neighbours"])
def test_no_image_and_no_path_of_the_machine_is_in_it(save, tmp_path, scorer, tiny_network):
    save(tmp_path / "model", scorer=scorer)
    for path in (tmp_path / "model").iterdir():
        assert str(tmp_path).encode() not in path.read_bytes()
        assert str(tiny_network.folder).encode() not in path.read_bytes()


def test_a_model_is_not_replaced_unasked(save, copied):
    before = (copied / parts.CHECKSUMS).read_bytes()
    with pytest.raises(UsageError, match=r"already.*overwrite=True"):
        save(copied, classes=("a", "b", "c"))
    assert (copied / parts.CHECKSUMS).read_bytes() == before


def test_a_model_is_replaced_when_asked_to(save, copied):
    (copied / "NOTES.md").write_text("mine")
    save(copied, classes=("a", "b", "c"), overwrite=True)
    assert load(copied).labels == ("a", "b", "c")
    assert (copied / "NOTES.md").read_text() == "mine"
    assert [path.name for path in copied.parent.iterdir()] == [copied.name]


def test_a_damaged_model_can_be_replaced(save, copied):
    (copied / parts.CHECKSUMS).write_text("nothing")
    save(copied, overwrite=True)
    assert load(copied).labels == CLASSES


@pytest.mark.parametrize("overwrite", [True, False])
def test_other_files_are_never_replaced(save, tmp_path, overwrite):
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

    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(parts, "write_checksums", fail)
    for folder in (copied, copied.parent / "new"):
        with pytest.raises(StorageError, match="No space left"):
            save(folder, overwrite=True)
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before
    assert [path.name for path in copied.parent.iterdir()] == [copied.name]


def test_extra_files_are_written_but_not_checked(save, tmp_path):
    extra = tmp_path / "model" / "confusion.png"
    model = save(tmp_path / "model", extras={"confusion.png": b"plot"})
    assert extra.read_bytes() == b"plot"
    assert model.description.extras == ("confusion.png",)
    extra.write_bytes(b"edited")
    assert load(tmp_path / "model").labels == CLASSES


def test_extra_files_go_when_the_model_is_replaced(save, tmp_path):
    save(tmp_path / "model", extras={"confusion.png": b"plot"})
    save(tmp_path / "model", overwrite=True)
    assert not (tmp_path / "model" / "confusion.png").exists()


def test_extra_files_of_format_1_go_when_the_model_is_replaced(save, tmp_path):
    folder = shutil.copytree(OLD_MODEL, tmp_path / "model")
    (folder / "NOTES.md").write_text("mine")
    assert (folder / "confusion.png").exists()
    save(folder, overwrite=True)
    assert not (folder / "confusion.png").exists()
    assert (folder / "NOTES.md").read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["model.json", "README.md", "SHA256SUMS", "../x", "a/b", ".hidden", "", "a\n"]
)
def test_extra_files_have_plain_names_of_their_own(save, tmp_path, name):
    with pytest.raises(UsageError, match="extra file"):
        save(tmp_path / "model", extras={name: b""})


@pytest.mark.parametrize("version", ["", " ", "1\n2"])
def test_a_version_is_printable(save, tmp_path, version):
    with pytest.raises(UsageError, match="version must be printable"):
        save(tmp_path / "model", version=version)


def test_a_version_may_be_given(save, tmp_path):
    assert save(tmp_path / "a").description.version == "1"
    assert save(tmp_path / "b", version="2026-11 v2").description.version == "2026-11 v2"


def test_results_are_added_to_a_model_that_is_saved(save, tmp_path):
    model = save(tmp_path / "model", evaluation={}, extras={"notes.txt": b"old", "a.png": b"plot"})
    (tmp_path / "model" / "MINE.md").write_text("mine")
    (tmp_path / "model" / "a.png").unlink()
    added = add_results(model, {"accuracy": 0.75}, {"notes.txt": b"new"})
    again = load(tmp_path / "model")
    assert again.evaluation == added.evaluation == {"accuracy": 0.75}
    assert again.description.extras == ("notes.txt", "a.png")
    assert (tmp_path / "model" / "notes.txt").read_bytes() == b"new"
    assert (tmp_path / "model" / "MINE.md").read_text() == "mine"
    assert "accuracy is 75.0 %" in (tmp_path / "model" / parts.CARD).read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_results_of_two_thousand_classes_are_read_again(save, tmp_path):
    matrix = np.eye(2000, dtype=int)
    matrix[3, 7] = 2
    evaluation = {"accuracy": 0.5, "confusion": matrix.tolist()}
    added = add_results(save(tmp_path / "a"), evaluation, {})
    saved = save(tmp_path / "b", evaluation=evaluation)
    found = load(tmp_path / "a").evaluation
    assert found == added.evaluation == saved.evaluation == load(tmp_path / "b").evaluation
    cells = found["confusion_cells"]
    again = np.zeros_like(matrix)
    again[cells["rows"], cells["columns"]] = cells["counts"]
    assert np.array_equal(again, matrix)


@pytest.mark.parametrize("matrix", [np.eye(500, dtype=int).tolist(), [[1]] * 600, None, "none"])
def test_other_results_are_kept_as_they_are(save, tmp_path, matrix):
    assert save(tmp_path / "a", evaluation={"confusion": matrix}).evaluation["confusion"] == matrix


def test_results_that_could_not_be_read_again_are_refused(save, tmp_path):
    model = save(tmp_path / "model", evaluation={"accuracy": 0.75})
    with pytest.raises(StorageError, match="at most 8,388,608 bytes"):
        add_results(model, {"notes": "x" * 2**23}, {})
    with pytest.raises(StorageError, match="at most 8,388,608 bytes"):
        save(tmp_path / "new", evaluation={"notes": "x" * 2**23})
    assert load(tmp_path / "model").evaluation == {"accuracy": 0.75}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_results_are_not_added_to_the_model_of_another_process(save, tmp_path, make_network):
    model = save(tmp_path / "model")
    save(tmp_path / "model", network=make_network(seed=7), overwrite=True)
    with pytest.raises(StorageError, match="another process"):
        add_results(model, {"accuracy": 0.75}, {})
    assert load(tmp_path / "model").evaluation["accuracy"] == 0.9


def test_results_are_not_added_to_a_model_that_takes_the_place_meanwhile(
    save, tmp_path, make_network, monkeypatch
):
    def keep(file, to):
        if not others:
            others.append(save(tmp_path / "model", network=make_network(seed=3), overwrite=True))
        link_or_copy(file, to)

    others, link_or_copy = [], saving.link_or_copy
    model = save(tmp_path / "model")
    monkeypatch.setattr(saving, "link_or_copy", keep)
    with pytest.raises(StorageError, match="filled by another process"):
        add_results(model, {"accuracy": 0.75}, {})
    assert load(tmp_path / "model").network.key == others[0].network.key


def test_a_failure_while_results_are_added_leaves_the_model_as_it_was(save, tmp_path, monkeypatch):
    model = save(tmp_path / "model")

    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(parts, "write_checksums", fail)
    with pytest.raises(StorageError, match="No space left"):
        add_results(model, {"accuracy": 0.75}, {"a.png": b"plot"})
    assert load(tmp_path / "model").evaluation["accuracy"] == 0.9
    assert not (tmp_path / "model" / "a.png").exists()


KNOWN = TrainingHashes.of([content_hash(bytes([number])) for number in range(20)])


def test_hashes_of_the_training_images_come_back_and_an_older_headstart_reads_the_model(
    save, tmp_path
):
    saved = save(tmp_path / "model", training_hashes=KNOWN)
    for model in (saved, load(tmp_path / "model")):
        np.testing.assert_array_equal(model.predictor.training_hashes.hashes, KNOWN.hashes)
    assert saved.description.format == 2
    assert (tmp_path / "model" / "hashes.npz").stat().st_size < 8 * 20 + 1000


@pytest.mark.parametrize("how", ["not wanted", "too many", "not known"])
def test_a_model_may_be_saved_without_hashes(save, tmp_path, monkeypatch, how):
    monkeypatch.setattr(saving, "MOST", 19 if how == "too many" else 20)
    known = None if how == "not known" else KNOWN
    saved = save(tmp_path / "model", training_hashes=known, keep_hashes=how != "not wanted")
    for model in (saved, load(tmp_path / "model")):
        assert model.predictor.training_hashes is None
    assert not (tmp_path / "model" / "hashes.npz").exists()


def test_results_are_added_to_a_model_with_hashes(save, tmp_path):
    saved = save(tmp_path / "model", training_hashes=KNOWN)
    assert add_results(saved, {"accuracy": 0.5}, {}).predictor.training_hashes is not None
    assert load(tmp_path / "model").predictor.training_hashes.has(content_hash(b"\x07"))
