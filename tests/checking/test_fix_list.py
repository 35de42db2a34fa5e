"""The list of a dataset after a check."""

import os

import pytest
from PIL import Image

from headstart.checking.finding import Finding, Suspect
from headstart.checking.fix_list import check_files, check_fix_path, write_fix_list
from headstart.data.datasets import read_dataset
from headstart.data.rows import read_rows
from headstart.errors import UsageError
from headstart.images.sources import BytesSource


@pytest.fixture
def dataset(tmp_path):
    for name in ("train/cat/=1", "train/cat/2", "train/dog/3", "test/cat/4", "test/dog/5"):
        path = tmp_path / "pets" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    return read_dataset(tmp_path / "pets")


def finding(check, *suspects):
    return Finding(check=check, severity="note", headline="", advice="", suspects=suspects)


def suspect(dataset, number, action, why, suggested=None):
    return Suspect(
        source=dataset.sources[number],
        label=dataset.labels[number],
        why=why,
        action=action,
        suggested=suggested,
    )


def test_the_list_says_what_becomes_of_each_image_and_is_read_as_a_dataset(dataset, tmp_path):
    number = {os.path.basename(each.name): n for n, each in enumerate(dataset.sources)}  # noqa: PTH119
    findings = [
        finding("blank", suspect(dataset, number["2.png"], "drop", "one colour")),
        finding(
            "wrong-labels",
            suspect(dataset, number["3.png"], "relabel", "looks like cat", "cat"),
            suspect(dataset, number["2.png"], "relabel", "looks like dog", "dog"),
        ),
        finding("dark", suspect(dataset, number["5.png"], "keep", "dark")),
    ]
    path = tmp_path / "lists" / "pets.csv"
    counts = write_fix_list(dataset, findings, path, relabel=True)
    assert counts == {"keep": 3, "relabel": 1, "drop": 1}
    rows = {row.cells["path"]: row.cells for row in read_rows(path)}
    assert set(rows) == {
        f"../pets/{name}.png"
        for name in ("train/cat/=1", "train/cat/2", "train/dog/3", "test/cat/4", "test/dog/5")
    }
    assert rows["../pets/train/cat/2.png"] == {
        "path": "../pets/train/cat/2.png",
        "label": "cat",
        "split": "train",
        "action": "drop",
        "original_label": "cat",
        "suggested_label": "dog",
        "reason": "blank: one colour | wrong-labels: looks like dog",
    }
    fixed = read_dataset(path)
    assert fixed.counts() == {"cat": 3, "dog": 1}
    assert sorted(fixed.split) == ["test", "test", "train", "train"]
    assert all(os.path.exists(source.name) for source in fixed.sources)  # noqa: PTH110


def test_paths_beside_the_list_begin_with_a_dot_so_that_no_cell_is_a_formula(dataset, tmp_path):
    path = tmp_path / "pets" / "train" / "cat" / "list.csv"
    write_fix_list(dataset, [], path)
    assert "./=1.png" in {row.cells["path"] for row in read_rows(path)}


def test_a_place_that_would_change_something_is_refused(tmp_path):
    (tmp_path / "there.csv").write_text("mine")
    images = tmp_path / "images"
    images.mkdir()
    for path, why in {
        tmp_path / "there.csv": "must be a new file",
        tmp_path / "list.xlsx": "must end in .csv",
        images / "list.csv": "outside the folder of the images",
    }.items():
        with pytest.raises(UsageError, match=why):
            check_fix_path(path, images)


def test_only_files_can_be_listed(dataset, tmp_path):
    check_files(tmp_path / "list.csv", dataset)
    dataset.sources[1] = BytesSource("image 1", b"")
    with pytest.raises(UsageError, match=r"all images must be files\. Received: image 1"):
        check_files(tmp_path / "list.csv", dataset)


def test_a_label_is_only_changed_if_that_is_asked_for(dataset, tmp_path):
    findings = [finding("wrong-labels", suspect(dataset, 0, "relabel", "looks like dog", "dog"))]
    path = tmp_path / "list.csv"
    assert write_fix_list(dataset, findings, path) == {"keep": 5, "relabel": 0, "drop": 0}
    (row,) = (row.cells for row in read_rows(path) if row.cells["reason"])
    assert (row["label"], row["suggested_label"], row["action"]) == ("cat", "dog", "keep")
