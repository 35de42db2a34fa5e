"""Copies of images in a folder for each class."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headstart.errors import ImageDamaged, ImageNotFound, StorageError, UsageError
from headstart.images.sources import BytesSource, FileSource, UnreadableSource
from headstart.jobs.sorting import SortedCopies, folder_names
from headstart.networks.classes import ClassName
from headstart.prediction.answer import Answer

CLASSES = (ClassName("fox", "fox"), ClassName("hare", "hare"))
FULL = Path("/dev/full")


def answer(source, best=0, classes=CLASSES, **more):
    if isinstance(source, Path):
        source = FileSource(source)
    probabilities = np.full(len(classes), 0.2 / len(classes), np.float32)
    probabilities[best] += 0.8
    return Answer(0, source, classes, probabilities, **more)


def write(path, data=b"an image"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def sort(folder, *answers, inputs=()):
    copies = SortedCopies(folder, inputs)
    try:
        for each in answers:
            copies.add(each)
    finally:
        copies.close()
    return copies


def files(folder):
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    found.pop("sorted.csv", None)
    return found


def rows(folder):
    with (folder / "sorted.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_each_image_is_copied_into_the_folder_of_its_class(tmp_path):
    images = [write(tmp_path / "in" / f"{i}.jpg", bytes([i])) for i in range(4)]
    broken = Answer(0, FileSource(images[3]), CLASSES, error=ImageDamaged("cut"))
    out = tmp_path / "out"
    answers = answer(images[0]), answer(images[1], 1), answer(images[2], unsure=True), broken
    copies = sort(out, *answers, inputs=[tmp_path / "in"])
    expected = {"fox/0.jpg": b"\0", "hare/1.jpg": b"\1", "unsure/2.jpg": b"\2"}
    assert files(out) == {**expected, "unreadable/3.jpg": b"\3"}
    assert all(path.is_file() for path in images)
    assert (copies.copied, copies.there) == (4, 0)
    assert rows(out) == [
        ["original", "copy", "label", "probability"],
        [str(images[0]), "fox/0.jpg", "fox", "0.900000"],
        [str(images[1]), "hare/1.jpg", "hare", "0.900000"],
        [str(images[2]), "unsure/2.jpg", "fox", "0.900000"],
        [str(images[3]), "unreadable/3.jpg", "", ""],
    ]


def test_images_of_one_name_are_all_kept(tmp_path):
    names = ["a/IMG.jpg", "b/IMG.jpg", "c/img.JPG", "d/IMG-2.jpg"]
    images = [write(tmp_path / name, name.encode()) for name in names]
    sort(tmp_path / "out", *map(answer, images))
    found = files(tmp_path / "out")
    assert sorted(found.values()) == sorted(name.encode() for name in names)
    assert len({name.casefold() for name in found}) == 4


def test_a_copy_keeps_the_date_and_can_be_written_to(tmp_path):
    image = write(tmp_path / "a.jpg")
    image.chmod(0o400)
    os.utime(image, (1_000_000_000, 1_000_000_000))
    sort(tmp_path / "out", answer(image))
    status = (tmp_path / "out" / "fox" / "a.jpg").stat()
    assert status.st_mtime == 1_000_000_000
    assert status.st_mode & 0o200


def test_a_later_run_adds_what_is_new(tmp_path):
    one, two = write(tmp_path / "in" / "1.jpg"), write(tmp_path / "in" / "2.jpg", b"another")
    sort(tmp_path / "out", answer(one))
    copies = sort(tmp_path / "out", answer(one), answer(two))
    assert (copies.copied, copies.there) == (1, 1)
    assert set(files(tmp_path / "out")) == {"fox/1.jpg", "fox/2.jpg"}
    assert len(rows(tmp_path / "out")) == 3
    (tmp_path / "out" / "fox" / "1.jpg").unlink()
    assert sort(tmp_path / "out", answer(one)).copied == 1


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    write(tmp_path / "out" / "thesis.txt")
    with pytest.raises(UsageError, match="must be new or empty"):
        SortedCopies(tmp_path / "out")
    write(tmp_path / "out" / "sorted.csv", b"my,own,table\n")
    with pytest.raises(UsageError, match="must be new or empty"):
        SortedCopies(tmp_path / "out")
    with pytest.raises(UsageError, match="must be new or empty"):
        SortedCopies(tmp_path / "out" / "thesis.txt")
    assert set(files(tmp_path / "out")) == {"thesis.txt"}


def test_copies_do_not_lie_among_the_images(tmp_path):
    write(tmp_path / "in" / "a.jpg")
    for out in (tmp_path / "in", tmp_path / "in" / "deep" / "out"):
        with pytest.raises(UsageError, match="must be written outside the folder of the images"):
            SortedCopies(out, [tmp_path / "in"])
    sort(tmp_path / "out", answer(tmp_path / "in" / "a.jpg"))
    with pytest.raises(UsageError, match="must not lie in the folder that takes their copies"):
        sort(tmp_path / "out", answer(tmp_path / "out" / "fox" / "a.jpg"))


def test_what_is_no_file_becomes_one_and_what_is_not_there_does_not(tmp_path):
    png = b"\x89PNG\r\n\x1a\n..."
    missing = ImageNotFound("not there")
    sort(
        tmp_path / "out",
        answer(BytesSource("data/train.parquet#17", png)),
        answer(BytesSource("photos.zip/fox/1.png", png)),
        Answer(0, UnreadableSource("gone", missing), CLASSES, error=missing),
        Answer(0, FileSource(tmp_path / "gone.jpg"), CLASSES, error=missing),
    )
    assert set(files(tmp_path / "out")) == {"fox/train.parquet-17.png", "fox/1.png"}


def test_without_a_copy_nothing_is_left(tmp_path):
    sort(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    sort(tmp_path / "out", answer(write(tmp_path / "a.jpg")))
    sort(tmp_path / "out")
    assert len(rows(tmp_path / "out")) == 2


def test_an_interruption_leaves_whole_files_and_a_table_that_knows_them(tmp_path, monkeypatch):
    one, two = write(tmp_path / "1.jpg"), write(tmp_path / "2.jpg", b"another")

    def interrupted(_, temporary):
        Path(temporary).write_bytes(b"half")
        raise KeyboardInterrupt

    copies = SortedCopies(tmp_path / "out")
    copies.add(answer(one))
    monkeypatch.setattr("shutil.copyfile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        copies.add(answer(two))
    copies.close()
    assert files(tmp_path / "out") == {"fox/1.jpg": b"an image"}
    assert [row[1] for row in rows(tmp_path / "out")] == ["copy", "fox/1.jpg"]


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_a_table_that_can_not_be_begun_is_closed_and_removed(tmp_path, monkeypatch):
    opened, really = [], Path.open

    def open_full(path, *_, **__):
        path.touch()
        opened.append(really(FULL, "wb", buffering=0))
        return opened[0]

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(StorageError, match=r"sorted\.csv: .*No space left"):
        SortedCopies(tmp_path / "out")
    assert opened[0].closed
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_a_disk_that_is_full_later_is_told_and_the_table_stays(tmp_path):
    image = answer(write(tmp_path / "1.jpg"))
    copies = SortedCopies(tmp_path / "out")
    with FULL.open("w") as full:
        os.dup2(full.fileno(), copies._file.fileno())
    with pytest.raises(StorageError, match="No space left"):
        copies.add(image)
    copies.close()
    assert copies._file.closed
    assert len(rows(tmp_path / "out")) == 1
    sort(tmp_path / "out", image)  # the folder is still one of copies


def test_a_copy_that_was_not_listed_before_a_kill_is_not_made_again(tmp_path):
    image, other = write(tmp_path / "1.jpg"), write(tmp_path / "b" / "1.jpg", b"another image")
    sort(tmp_path / "out", answer(image))
    table = tmp_path / "out" / "sorted.csv"
    table.write_bytes(table.read_bytes().splitlines(keepends=True)[0])
    found = sort(tmp_path / "out", answer(other), answer(image), answer(image))
    copies = {"fox/1-2.jpg": b"another image", "fox/1.jpg": b"an image"}
    assert files(tmp_path / "out") == copies | {"fox/1-3.jpg": b"an image"}
    assert [row[1] for row in rows(tmp_path / "out")[1:3]] == list(copies)
    assert found.copied == 3


def test_a_row_that_was_cut_short_is_no_part_of_the_next(tmp_path):
    image, other = write(tmp_path / "1.jpg"), write(tmp_path / "2.jpg", b"another image")
    sort(tmp_path / "out", answer(image))
    with (tmp_path / "out" / "sorted.csv").open("ab") as table:
        table.write(os.fsencode(tmp_path))
    for _ in range(2):
        sort(tmp_path / "out", answer(image), answer(other))
    assert [row[1] for row in rows(tmp_path / "out") if len(row) == 4] == [
        "copy", "fox/1.jpg", "fox/2.jpg"
    ]  # fmt: skip


RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123")}


@example([" @"])
@given(st.lists(st.text(), unique=True))
def test_every_class_has_its_own_folder_on_every_system(labels):
    names = folder_names(labels)
    assert len({name.casefold() for name in names}) == len(labels)
    for name in names:
        assert not set('<>:"/\\|?*') & set(name)
        assert name.casefold() not in {"unsure", "unreadable", "sorted.csv"} | RESERVED
        assert name[0] not in ".=+-@ "
        assert name[-1] not in ". "
        assert len(name.encode()) < 255 - len(".jpg")


def test_odd_labels_have_folders(tmp_path):
    classes = tuple(ClassName(name, name) for name in ("a/b", "a:b", "unsure", "..", "CON.jpg"))
    images = [write(tmp_path / f"{i}.jpg") for i in range(5)]
    sort(tmp_path / "out", *(answer(image, i, classes) for i, image in enumerate(images)))
    assert {name.partition("/")[0] for name in files(tmp_path / "out")} == {
        "a_b",
        "a_b-2",
        "unsure-2",
        "_",
        "_CON.jpg",
    }


def test_a_long_name_fits_a_folder(tmp_path):
    names = folder_names(["熊猫" * 60, "熊猫" * 61, "a" * 300])
    assert len(set(names)) == 3
    for name in names:
        assert len(name.encode()) <= 255
        (tmp_path / name).mkdir()
