"""Zip archives as datasets, and as images to predict."""

import contextlib
import io
import os
import pickle
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.images.odd_images import png

from headstart.data import zip_archives
from headstart.data.datasets import read_dataset
from headstart.data.discovery import find_images
from headstart.data.zip_archives import ZipImages, ZipSource
from headstart.errors import (
    DatasetError,
    ImageDamaged,
    ImageError,
    ImageNotFound,
    ImageTooLarge,
    ImageUnreadable,
)


@pytest.fixture
def archive(tmp_path):
    """Return what writes an archive of images with these names."""

    def write(*names, name="data.zip", compress=zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / name, "w", compress) as file:
            for number, member in enumerate(names):
                file.writestr(member, b"" if member.endswith("/") else png() + bytes([number]))
        return tmp_path / name

    return write


def test_an_archive_is_read_as_the_folder_that_it_would_unpack_to(archive, tmp_path):
    path = archive(
        *("data/train/cat/10.png", "data/train/cat/9.png", "data/train/dog/1.png"),
        *("data/val/cat/1.png", "__MACOSX/data/._1.png", "data/train/dog/.DS_Store"),
        *("data/train/dog/notes.txt", "data/train/dog/"),
    )
    images = read_dataset(path)
    with zipfile.ZipFile(path) as file:
        file.extractall(tmp_path / "unpacked")
    unpacked = read_dataset(tmp_path / "unpacked")
    assert (images.labels, images.split, images.skipped) == (
        *(unpacked.labels, unpacked.split),
        unpacked.skipped,
    )
    assert [source.read() for source in images.sources] == [
        source.read() for source in unpacked.sources
    ]
    assert images.sources[0].name == f"{path}/data/train/cat/9.png"


def test_images_of_an_archive_are_found_to_predict(archive):
    path = archive("b/2.png", "b/10.png", "a.png", "notes.txt", "@eaDir/a.png")
    found = find_images([path])
    assert [source.name for source in found.sources] == [
        f"{path}/{name}" for name in ("a.png", "b/2.png", "b/10.png")
    ]
    assert found.skipped == {"not an image": 1, "made by the system": 1}


def test_an_archive_without_images_is_missing(archive):
    found = find_images([archive("notes.txt")])
    with pytest.raises(ImageNotFound, match="no image in the archive"):
        found.sources[0].read()


def test_a_damaged_archive_is_an_unreadable_image_and_no_dataset(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    (source,) = find_images([tmp_path / "a.zip"]).sources
    with pytest.raises(ImageUnreadable, match=r"a\.zip must be a whole zip archive"):
        source.read()
    with pytest.raises(DatasetError, match=r"a\.zip must be a whole zip archive"):
        read_dataset(tmp_path / "a.zip")


def test_names_never_lead_out_of_the_archive(archive, tmp_path):
    path = archive("cat/../../../outside.png", "/cat/1.png", "C:\\dog\\2.png", "dog/./3.png")
    images = read_dataset(path)
    assert sorted(source.name.removeprefix(f"{path}/") for source in images.sources) == [
        "C:/dog/2.png",
        "cat/1.png",
        "dog/3.png",
    ]
    assert images.skipped == {"hidden": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["data.zip"]


def test_many_threads_may_read(archive):
    path = archive(*(f"{kind}/{i}.png" for kind in ("cat", "dog") for i in range(100)))
    sources = read_dataset(path).sources
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda source: source.read(), sources * 5))
    assert [data[-1] for data in read] == list(range(200)) * 5


def test_a_source_can_be_sent_to_another_process(archive):
    source = read_dataset(archive("cat/1.png", "dog/2.png")).sources[1]
    other = pickle.loads(pickle.dumps(source))  # noqa: S301 - our own
    assert (other, other.read()) == (source, source.read())


def test_another_process_opens_the_archive_itself(archive, monkeypatch):
    archive = ZipImages(archive("cat/1.png"))
    before = archive._file()
    assert archive._file() is before
    monkeypatch.setattr(zip_archives.os, "getpid", lambda: -1)
    assert archive._file() is not before
    assert archive.read(0, "x") == png() + b"\0"


def test_an_encrypted_archive_is_refused_in_words(archive):
    path = archive("cat/1.png", "dog/2.png")
    data = path.read_bytes()
    # The flag stands in the header of each member, at 6 bytes, and in the directory, at 8.
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = data.split(signature)
        marked = [part[: place - 4] + b"\1" + part[place - 3 :] for part in parts[1:]]
        data = signature.join([parts[0], *marked])
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="must not be encrypted"):
        read_dataset(path)


def test_an_archive_that_promises_too_much_is_refused(archive, monkeypatch):
    path = archive("cat/1.png", "dog/2.png")
    monkeypatch.setattr(zip_archives, "_RATIO_COUNTS_FROM", 10)
    monkeypatch.setattr(zip_archives, "_MAX_RATIO", 0)
    with pytest.raises(DatasetError, match="at most 0 times its own size"):
        ZipImages(path)
    monkeypatch.undo()
    monkeypatch.setattr(zip_archives, "MAX_MEMBERS", 1)
    with pytest.raises(DatasetError, match=r"at most 1 files\. Received: more"):
        ZipImages(path)


def test_a_member_is_not_read_if_it_says_that_it_is_too_large(archive, monkeypatch):
    source = read_dataset(archive("cat/1.png", "dog/2.png")).sources[0]
    monkeypatch.setattr("headstart.images.sources.MAX_BYTES", 10)
    with pytest.raises(ImageTooLarge):
        source.read()


def test_a_member_gives_no_more_than_it_says(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.png", bytes(10_000_000))
    data = buffer.getvalue().replace((10_000_000).to_bytes(4, "little"), (99).to_bytes(4, "little"))
    (tmp_path / "bomb.zip").write_bytes(data)
    (source,) = find_images([tmp_path / "bomb.zip"]).sources
    with pytest.raises(ImageDamaged, match="could not be read: Bad CRC-32"):
        source.read()


@pytest.mark.parametrize(
    "method",
    [
        zipfile.ZIP_DEFLATED,
        pytest.param(zipfile.ZIP_BZIP2, marks=pytest.mark.slow),
        pytest.param(zipfile.ZIP_LZMA, marks=pytest.mark.slow),
    ],
)
def test_a_member_is_not_unpacked_beyond_what_it_says(tmp_path, method):
    """Cut off afterwards, it would have filled memory before."""
    size = 50_000_000 if method == zipfile.ZIP_DEFLATED else 200_000_000
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file, file.open("bomb.png", "w") as member:
        for _ in range(size // 10_000_000):
            member.write(bytes(10_000_000))
    data = buffer.getvalue().replace(size.to_bytes(4, "little"), (99).to_bytes(4, "little"))
    (tmp_path / "bomb.zip").write_bytes(data)
    (source,) = find_images([tmp_path / "bomb.zip"]).sources
    tracemalloc.start()
    with pytest.raises(ImageDamaged, match="could not be read: Bad CRC-32"):
        source.read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size


@pytest.mark.parametrize(
    "name", ["a/" + "9" * 5000 + ".png", "q" * 256 + "/1.png", "a/" * 2500 + "1.png"]
)
def test_names_that_no_system_writes_are_refused(archive, name):
    path = archive("cat/1.png", name)
    with pytest.raises(DatasetError, match=r"names any system can write.* Received: '.{99}\.\.\."):
        ZipImages(path)
    (source,) = find_images([path]).sources
    with pytest.raises(ImageUnreadable, match="names any system can write"):
        source.read()


def test_a_pipe_is_no_archive(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes among the files of this system")
    os.mkfifo(tmp_path / "a.zip")
    with pytest.raises(DatasetError, match="not a regular file"):
        ZipImages(tmp_path / "a.zip")


def test_a_damaged_member_is_an_unreadable_image(archive):
    path = archive("cat/1.png", "dog/2.png", compress=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"IHDR", b"IXXX", 1))
    first, second = read_dataset(path).sources
    with pytest.raises(ImageDamaged, match=r"cat/1\.png could not be read"):
        first.read()
    assert second.read()


def test_an_archive_that_is_gone_is_said(archive):
    path = archive("cat/1.png")
    source = ZipSource("cat/1.png", ZipImages(path), 7)
    with pytest.raises(ImageNotFound, match="not there any more"):
        source.read()


def test_want_of_memory_is_no_damage(archive, monkeypatch):
    def refuse(*_, **__):
        raise MemoryError

    (source,) = find_images([archive("1.png")]).sources
    monkeypatch.setattr(zipfile.ZipFile, "open", refuse)
    with pytest.raises(ImageTooLarge, match="needs too much memory"):
        source.read()


def test_names_that_macos_wrote_are_read_as_utf_8(archive):
    path = archive("K@@fer/1.png", "dog/2.png")
    # macOS does not say that the name is in UTF-8; Python always does.
    path.write_bytes(path.read_bytes().replace(b"K@@fer", "Käfer".encode()))
    images = read_dataset(path)
    assert images.classes == ["Käfer", "dog"]
    assert images.sources[1].read() == png() + b"\0"


def test_tables_in_an_archive_and_other_archives_are_refused_in_words(archive, tmp_path):
    for table in ("metadata.csv", "labels.ndjson", "train.parquet"):
        with pytest.raises(DatasetError, match="Tables in an archive are not read: unpack it"):
            read_dataset(archive("1.png", "2.png", table))
    for name in ("data.tar.gz", "data.tgz", "DATA.RAR", "data.7z"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(DatasetError, match=r"must be a zip file to be read.*Unpack it"):
            read_dataset(tmp_path / name)
        (source,) = find_images([tmp_path / name]).sources
        with pytest.raises(ImageUnreadable, match="must be a zip file to be read"):
            source.read()


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
    st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
)
def test_whatever_is_damaged_is_refused_in_words(tmp_path_factory, changes, compress):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compress) as file:
        for name in ("cat/1.png", "dog/2.png"):
            file.writestr(name, png())
    data = bytearray(buffer.getvalue())
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path_factory.mktemp("damaged") / "data.zip"
    path.write_bytes(data)
    with contextlib.suppress(DatasetError):
        read_dataset(path)
    for source in find_images([path]).sources:
        with contextlib.suppress(ImageError):
            source.read()


PARTS = st.text(max_size=5) | st.sampled_from(["..", ".", "a", "train", "C:", "9" * 300, "\0", ""])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(PARTS, min_size=1, max_size=5), min_size=1, max_size=5),
    st.sampled_from("/\\"),
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_any_names_of_members_are_read_or_refused(tmp_path_factory, names, separator):
    path = tmp_path_factory.getbasetemp() / "names.zip"
    with zipfile.ZipFile(path, "w") as file:
        for parts in names:
            name = separator.join(parts).encode("utf-8", "replace").decode()
            file.writestr(zipfile.ZipInfo(f"{name}.png"), png())
    with contextlib.suppress(DatasetError):
        assert read_dataset(path).in_words()
    for source in find_images([path]).sources:
        with contextlib.suppress(ImageError):
            source.read()
