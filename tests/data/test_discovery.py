import os
import sys

import pytest
from tests.images.odd_images import png

from headstart.data.discovery import find_images, image_files
from headstart.errors import ImageDamaged, ImageNotFound, ImageUnreadable
from headstart.images.sources import FileSource


@pytest.fixture
def folder(tmp_path):
    """A folder with images and other files."""
    names = [
        "b10.jpg",
        "b9.jpg",
        "B2.JPEG",
        "Ärger 甲.PnG",
        "notes.txt",
        "README",
        ".hidden.jpg",
        "sub/deep/x.webp",
        "sub/y.HEIC",
        ".git/z.jpg",
        "a folder.jpg/inside.bmp",
        "empty/nothing.md",
        "Thumbs.db",
        "@eaDir/b9.jpg/SYNOPHOTO_THUMB_M.jpg",
        "sub/__MACOSX/._y.jpg",
        "sub/._y.jpg",
    ]
    for name in names:
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "images"


def names(found, folder):
    return [os.path.relpath(source.name, folder).replace(os.sep, "/") for source in found.sources]


IN_ORDER = [
    "a folder.jpg/inside.bmp",
    "B2.JPEG",
    "b9.jpg",
    "b10.jpg",
    "sub/deep/x.webp",
    "sub/y.HEIC",
    "Ärger 甲.PnG",
]


def test_a_folder_stands_for_its_images_in_natural_order(folder):
    found = find_images([folder])
    assert names(found, folder) == IN_ORDER
    assert found.skipped == {"hidden": 2, "not an image": 3, "made by the system": 4}
    assert found.missing == []


def test_every_file_is_found_or_counted(folder):
    found = find_images([folder])
    skipped = {".git", "@eaDir", "__MACOSX"}
    shown = [p for p in folder.rglob("*") if p.is_file() and skipped.isdisjoint(p.parts)]
    # A skipped folder and everything in it count as one.
    assert len(found.sources) + found.skipped.total() == len(shown) + len(skipped)


def test_a_given_file_is_taken_whatever_its_suffix(folder):
    paths = [folder / "notes.txt", str(folder / ".hidden.jpg"), folder / "README"]
    assert find_images(paths).sources == [FileSource(os.fspath(path)) for path in paths]


def test_a_given_hidden_folder_is_read(folder):
    assert names(find_images([folder / ".git"]), folder) == [".git/z.jpg"]


def test_paths_keep_their_order(folder):
    found = find_images([folder / "b9.jpg", folder / "sub", folder / "b9.jpg"])
    assert names(found, folder) == ["b9.jpg", "sub/deep/x.webp", "sub/y.HEIC", "b9.jpg"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a folder.jpg/inside.bmp", "b9.jpg", "b10.jpg"]),
        ("b?.jpg", ["b9.jpg"]),
        ("[bB]*", ["B2.JPEG", "b9.jpg", "b10.jpg"]),
        ("**/*.webp", ["sub/deep/x.webp"]),
        ("su*", ["sub/deep/x.webp", "sub/y.HEIC"]),
        ("sub/**", ["sub/deep/x.webp", "sub/y.HEIC"]),
        ("*.txt", ["notes.txt"]),
    ],
)
def test_patterns_are_expanded(folder, pattern, expected):
    assert names(find_images([folder / pattern]), folder) == expected


def test_an_existing_name_with_brackets_is_not_a_pattern(tmp_path):
    (tmp_path / "photo[1].jpg").write_bytes(b"")
    assert names(find_images([tmp_path / "photo[1].jpg"]), tmp_path) == ["photo[1].jpg"]


@pytest.mark.parametrize(
    "missing", ["nowhere.jpg", "no/folder/", "*.none", "empty", "nowhere.parquet"]
)
def test_missing_paths_become_unreadable_sources(folder, missing):
    path = f"{folder}/{missing}"
    found = find_images([path, folder / "b9.jpg"])
    assert found.missing == [path]
    assert len(found.sources) == 2
    with pytest.raises(ImageNotFound, match=missing.strip("*/")):
        found.sources[0].read()


def test_links_are_followed_but_each_folder_is_read_once(folder):
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "zz_again").symlink_to(folder / "sub" / "deep")
    (folder / "b11.jpg").symlink_to(folder / "b9.jpg")
    found = find_images([folder])
    assert names(found, folder) == [*IN_ORDER[:4], "b11.jpg", *IN_ORDER[4:]]
    assert found.skipped["folder seen already"] == 2


def test_a_broken_link_is_an_unreadable_source(folder):
    (folder / "b1.jpg").symlink_to(folder / "gone.jpg")
    broken = next(s for s in find_images([folder]).sources if s.name.endswith("b1.jpg"))
    with pytest.raises(ImageNotFound, match=r"link to .*gone\.jpg"):
        broken.read()


def test_a_folder_that_cannot_be_opened_is_an_unreadable_source(folder, monkeypatch):
    scandir = os.scandir

    def fail(path):
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    found = find_images([folder])
    assert names(found, folder) == [*IN_ORDER[:4], "sub", IN_ORDER[-1]]
    with pytest.raises(ImageUnreadable, match="sub could not be opened: Permission denied"):
        found.sources[4].read()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows any bytes in a name")
def test_names_that_are_not_unicode_are_found(tmp_path):
    (tmp_path / os.fsdecode(b"b\xe9b\xe9.png")).write_bytes(png())
    (source,) = find_images([tmp_path]).sources
    assert source.read() == png()
    assert source.name.encode("utf-8").endswith(rb"b\xe9b\xe9.png")


def test_image_files_skip_parquet_files(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"")
    (tmp_path / "a.png").write_bytes(b"")
    skipped = find_images([]).skipped
    assert image_files(tmp_path, skipped) == [FileSource(str(tmp_path / "a.png"))]
    assert skipped == {"not an image": 1}


class TestParquet:
    def test_rows_are_images(self, tmp_path, make_parquet):
        make_parquet(tmp_path / "a.parquet", 3)
        (tmp_path / "b.png").write_bytes(png())
        for path in (tmp_path, tmp_path / "*"):
            found = find_images([path])
            assert names(found, tmp_path) == [
                "a.parquet#0",
                "a.parquet#1",
                "a.parquet#2",
                "b.png",
            ]
        assert found.sources[1].read()[:4] == b"\x89PNG"

    def test_a_damaged_file_is_an_unreadable_source(self, tmp_path):
        (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
        (source,) = find_images([tmp_path]).sources
        with pytest.raises(ImageDamaged, match=r"a\.parquet must be a whole parquet file"):
            source.read()
