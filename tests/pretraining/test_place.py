"""A backbone takes the place of what its own training saved, and of nothing else."""

import pytest

from headstart.errors import StorageError, UsageError
from headstart.pretraining.place import check_place, place_for_backbone


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "net.training"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path, work):
    save(tmp_path / "net", work)
    return tmp_path / "net"


def save(out, work, text="1"):
    with place_for_backbone(out, work) as new:
        (new / "backbone.json").write_text(text)


def test_a_new_or_empty_folder_passes(tmp_path, work):
    check_place(tmp_path / "new", work, restart=False)
    (tmp_path / "empty").mkdir()
    check_place(tmp_path / "empty", work, restart=True)


def test_what_the_training_saved_is_its_own_and_replaced_again_and_again(out, work):
    for text in ("2", "3"):
        check_place(out, work, restart=False)
        save(out, work, text)
        assert (out / "backbone.json").read_text() == text
    assert sorted(path.name for path in out.parent.iterdir()) == ["net", "net.training"]


def test_what_is_there_stays_the_own_while_another_is_written(out, work):
    with pytest.raises(KeyboardInterrupt), place_for_backbone(out, work) as new:
        (new / "backbone.json").write_text("2")
        raise KeyboardInterrupt
    check_place(out, work, restart=False)
    assert (out / "backbone.json").read_text() == "1"


def alter(out, _):
    (out / "backbone.json").write_text("2")


def add(out, _):
    (out / "notes.txt").touch()


def add_folder(out, _):
    (out / "README.md").mkdir()


def link(out, _):
    content = out.with_name("elsewhere.json")
    (out / "backbone.json").rename(content)
    (out / "backbone.json").symlink_to(content)


def forget(_, work):
    (work / "saved.txt").unlink()


def garble(_, work):
    (work / "saved.txt").write_bytes(b"\xff" * 100)


def fill(_, work):
    (work / "saved.txt").write_bytes(b"\n" * (2**20 + 1))


@pytest.mark.parametrize("change", [alter, add, add_folder, link, forget, garble, fill])
def test_anything_else_is_refused_and_stays(out, work, change):
    change(out, work)
    before = sorted(out.iterdir())
    with pytest.raises(UsageError, match="new or empty folder"):
        check_place(out, work, restart=False)
    with pytest.raises(StorageError):
        save(out, work, "3")
    assert sorted(out.iterdir()) == before
    assert (out / "backbone.json").read_text() != "3"


def test_to_start_anew_nothing_may_be_there(out, work):
    with pytest.raises(UsageError, match="new or empty folder"):
        check_place(out, work, restart=True)


def test_a_file_is_something_else(out, work):
    with pytest.raises(UsageError, match="new or empty folder"):
        check_place(out / "backbone.json", work, restart=False)


def test_what_is_put_there_meanwhile_stays(tmp_path, work):
    out = tmp_path / "net"
    with pytest.raises(StorageError, match="filled by another"), place_for_backbone(out, work):
        out.mkdir()
        (out / "mine.txt").touch()
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_what_a_kill_at_the_very_end_left_is_deleted(out, work):
    (out.parent / ".net.training-abcd1234").mkdir()
    (out.parent / ".net-abcd1234").mkdir()
    (work / "saved.txt").unlink()
    with pytest.raises(UsageError):
        check_place(out, work, restart=False)
    assert sorted(path.name for path in out.parent.iterdir()) == ["net", "net.training"]
