import os
import sys
from pathlib import Path

import pytest

from headstart.errors import StorageError, UsageError
from headstart.model import parts, replacing


@pytest.fixture
def folders(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    return one, other


@pytest.mark.parametrize("platform", [sys.platform, "darwin"])
def test_folders_change_places(folders, monkeypatch, platform):
    monkeypatch.setattr(sys, "platform", platform)
    replacing.exchange(*folders)
    assert [(folder / "name").read_text() for folder in folders] == ["other", "one"]
    assert len(list(folders[0].parent.iterdir())) == 2


def test_a_system_library_that_can_not_exchange_is_done_without(folders, monkeypatch):
    monkeypatch.setattr(replacing.ctypes, "CDLL", lambda *_, **__: object())
    replacing.exchange(*folders)
    assert (folders[0] / "name").read_text() == "other"


def test_the_old_one_stays_if_the_new_one_can_not_be_moved(folders, monkeypatch):
    one, other = folders
    monkeypatch.setattr(sys, "platform", "darwin")
    move = type(one).rename

    def rename(self, target):
        if self == other:
            raise OSError("busy")
        return move(self, target)

    monkeypatch.setattr(type(one), "rename", rename)
    with pytest.raises(OSError, match="busy"):
        replacing.exchange(one, other)
    assert (one / "name").read_text() == "one"


def test_a_folder_that_another_process_filled_is_not_taken_for_ours(tmp_path):
    path = tmp_path / "model"

    def save():
        with replacing.place_for_model(path, overwrite=False) as new:
            (new / parts.CHECKSUMS).write_text("ours")
            path.mkdir()
            (path / parts.CHECKSUMS).write_text("theirs")

    with pytest.raises(StorageError, match="another process"):
        save()
    assert (path / parts.CHECKSUMS).read_text() == "theirs"


def test_the_users_files_are_in_both_folders_until_one_is_deleted(copied, monkeypatch):
    (copied / "NOTES.md").write_text("mine")
    (copied / "photos").mkdir()
    (copied / "photos" / "1.png").write_text("mine too")
    if hasattr(os, "symlink"):
        (copied / "link").symlink_to("NOTES.md")

    def exchange(one, other):
        for folder in (one, other):
            assert (folder / "NOTES.md").read_text() == "mine"
            assert (folder / "photos" / "1.png").read_text() == "mine too"
        exchanged(one, other)

    exchanged = replacing.exchange
    monkeypatch.setattr(replacing, "exchange", exchange)
    with replacing.place_for_model(copied, overwrite=True) as new:
        (new / parts.CHECKSUMS).write_text("new")
    assert (copied / parts.CHECKSUMS).read_text() == "new"
    assert (copied / "photos" / "1.png").read_text() == "mine too"
    assert (copied / "link").is_symlink()
    assert list(copied.parent.iterdir()) == [copied]


def test_a_file_is_copied_where_it_can_not_have_two_names(tmp_path, monkeypatch):
    def link(*_, **__):
        raise PermissionError

    monkeypatch.setattr(replacing.os, "link", link)
    (tmp_path / "one").write_text("text")
    replacing.link_or_copy(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "other").read_text() == "text"


def write(path, *, overwrite=False):
    with replacing.place_for_model(path, overwrite=overwrite) as new:
        (new / parts.CHECKSUMS).write_text("new")


linking = pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")


@linking
def test_a_link_stays_and_what_it_points_to_is_replaced(copied, tmp_path):
    (copied / "NOTES.md").write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(copied)
    write(link, overwrite=True)
    assert link.readlink() == copied
    assert (copied / parts.CHECKSUMS).read_text() == "new"
    assert (copied / "NOTES.md").read_text() == "mine"
    assert sorted(tmp_path.iterdir()) == [copied, link]


@linking
def test_a_model_is_written_where_a_link_leads_even_if_nothing_is_there(tmp_path):
    link, target = tmp_path / "link", tmp_path / "deep" / "target"
    link.symlink_to(target)
    write(link)
    assert link.is_symlink()
    assert (target / parts.CHECKSUMS).read_text() == "new"


@linking
def test_a_link_to_itself_is_refused(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(UsageError, match="a link to itself"):
        replacing.check_place(link, overwrite=False)


@pytest.mark.parametrize("name", ["", ".", "..", "../here", "../../around", "/"])
def test_the_folder_that_one_is_in_is_refused(tmp_path, monkeypatch, name):
    here = tmp_path / "around" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    for path in (Path(name), Path(name).resolve()):
        with pytest.raises(UsageError, match=r"a folder of its own, with a name\. Received: "):
            replacing.check_place(path, overwrite=True)
    replacing.check_place(Path("below"), overwrite=False)


def test_a_name_that_is_too_long_is_refused_before(tmp_path):
    with pytest.raises(UsageError, match=r"at most 200 bytes\. Received: 202"):
        replacing.check_place(tmp_path / ("é" * 101), overwrite=False)
    with pytest.raises(UsageError, match="at most 200 bytes"):
        # No system can tell what is there.
        replacing.check_place(tmp_path / ("x" * 300), overwrite=False)
    write(tmp_path / ("é" * 100))


def test_where_one_is_may_be_gone(tmp_path, monkeypatch):
    def gone(_):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", classmethod(gone))
    assert replacing.own_place(tmp_path / "model", "model") == tmp_path / "model"


def test_a_folder_that_is_read_at_the_moment_is_renamed_a_little_later(folders, monkeypatch):
    one, other = folders
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(replacing, "_TRIES", 3)
    monkeypatch.setattr(replacing, "_PAUSE", 0)
    refused, rename = [], Path.rename

    def refuse_twice(self, target):
        if len(refused) < 2:
            refused.append(self)
            raise PermissionError("in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_twice)
    replacing.exchange(one, other)
    assert (one / "name").read_text() == "other"
    monkeypatch.setattr(replacing, "_TRIES", 0)
    refused.clear()
    with pytest.raises(PermissionError):
        replacing.exchange(one, other)


@pytest.mark.skipif(os.name == "nt", reason="there, nobody can delete the folder one is in")
def test_in_a_folder_that_is_gone_no_model_can_be_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "getcwd", (tmp_path / "gone").stat)
    place = replacing.place_for_model(Path("model"), overwrite=False)
    with pytest.raises(StorageError, match="Could not write model"), place:
        pass
