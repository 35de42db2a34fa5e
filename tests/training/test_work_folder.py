import pytest

from headstart.errors import UsageError
from headstart.training.work_folder import work_folder

SETTINGS = {"epochs": 3, "crop": (0.5, 1.0)}


def left(folder, settings=SETTINGS, restart=False):
    """Work in `folder`, and be killed."""
    with pytest.raises(KeyboardInterrupt), work_folder(folder, settings, restart=restart):
        (folder / "last.npz").write_text("checkpoint")
        raise KeyboardInterrupt


def test_the_folder_exists_during_the_work_only(tmp_path):
    folder = tmp_path / "net.training"
    with work_folder(folder, SETTINGS, restart=False):
        assert folder.is_dir()
    assert not folder.exists()


def test_after_an_interruption_the_work_can_continue(tmp_path):
    folder = tmp_path / "net.training"
    left(folder)
    with work_folder(folder, SETTINGS, restart=False):
        assert (folder / "last.npz").read_text() == "checkpoint"


def test_other_settings_are_refused_and_named(tmp_path):
    folder = tmp_path / "net.training"
    left(folder)
    with (
        pytest.raises(UsageError, match=r"other settings: epochs\. .*--restart"),
        work_folder(folder, SETTINGS | {"epochs": 4}, restart=False),
    ):
        pytest.fail("not reached")
    assert (folder / "last.npz").exists()


def test_restart_deletes_folders_as_well(tmp_path):
    folder = tmp_path / "work"
    left(folder)
    (folder / "part").mkdir()
    (folder / "part" / "last.npz").write_bytes(b"1")
    with work_folder(folder, SETTINGS, restart=True):
        assert not (folder / "part").exists()


def test_restart_deletes_an_unfinished_training(tmp_path):
    folder = tmp_path / "net.training"
    left(folder)
    with work_folder(folder, SETTINGS | {"epochs": 4}, restart=True):
        assert not (folder / "last.npz").exists()
    assert not folder.exists()


def test_two_at_once_are_refused_even_with_restart(tmp_path):
    folder = tmp_path / "net.training"
    with work_folder(folder, SETTINGS, restart=False):
        (folder / "last.npz").write_text("checkpoint")
        with (
            pytest.raises(UsageError, match="Only one process at a time"),
            work_folder(folder, SETTINGS, restart=True),
        ):
            pytest.fail("not reached")
        assert (folder / "last.npz").exists()


def test_unreadable_settings_are_other_settings(tmp_path):
    folder = tmp_path / "net.training"
    left(folder)
    (folder / "settings.json").write_text("{")
    with (
        pytest.raises(UsageError, match="other settings: crop, epochs"),
        work_folder(folder, SETTINGS, restart=False),
    ):
        pytest.fail("not reached")
