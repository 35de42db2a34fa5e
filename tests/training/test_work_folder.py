import shutil

import pytest
from tests.recorder import Recorder

from headstart.errors import StorageError, TrainingDiverged, UsageError
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
        pytest.raises(UsageError, match=r"other settings: epochs: 3 before, 4 now\. .*--restart"),
        work_folder(folder, SETTINGS | {"epochs": 4}, restart=False),
    ):
        pytest.fail("not reached")
    assert (folder / "last.npz").exists()


def test_long_names_of_settings_are_shortened(tmp_path):
    left(tmp_path / "net.training", {"x" * 5000: 1, **SETTINGS})
    with (
        pytest.raises(UsageError) as refusal,
        work_folder(tmp_path / "net.training", SETTINGS, restart=False),
    ):
        pass
    assert len(str(refusal.value)) < 1000


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


@pytest.mark.parametrize("content", ["{", "[1]", "3", '"a"', "[" * 100_000])
def test_unreadable_settings_are_other_settings(tmp_path, content):
    folder = tmp_path / "net.training"
    left(folder)
    (folder / "settings.json").write_text(content)
    with (
        pytest.raises(
            UsageError,
            match=r"crop: none before, .* now, epochs: none before, 3 now",
        ),
        work_folder(folder, SETTINGS, restart=False),
    ):
        pytest.fail("not reached")


@pytest.mark.parametrize("error", [UsageError, TrainingDiverged, StorageError, KeyboardInterrupt])
def test_what_nothing_can_be_continued_from_is_deleted(tmp_path, error):
    folder = tmp_path / "net.training"
    with pytest.raises(error), work_folder(folder, SETTINGS, restart=False):
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "stays"),
    [
        (StorageError, True),
        (KeyboardInterrupt, True),
        (UsageError, False),
        (TrainingDiverged, False),
    ],
)
def test_work_stays_unless_the_same_call_would_fail_again(tmp_path, error, stays):
    folder = tmp_path / "net.training"
    with pytest.raises(error), work_folder(folder, SETTINGS, restart=False):
        (folder / "last.npz").write_text("checkpoint")
        raise error
    assert folder.exists() == stays


def test_where_the_work_is_kept_is_said(tmp_path):
    folder, progress = tmp_path / "net.training", Recorder()
    with (
        pytest.raises(KeyboardInterrupt),
        work_folder(folder, SETTINGS, restart=False, progress=progress),
    ):
        (folder / "last.npz").write_text("checkpoint")
        raise KeyboardInterrupt
    assert progress.said == [
        f"What is trained so far is kept in {folder}. The same command continues it."
    ]
    with pytest.raises(UsageError), work_folder(folder, {}, restart=False, progress=progress):
        pytest.fail("not reached")
    assert len(progress.said) == 1


def test_work_from_before_is_not_deleted_by_a_wrong_argument(tmp_path):
    folder = tmp_path / "net.training"
    left(folder)
    with pytest.raises(UsageError), work_folder(folder, SETTINGS, restart=False):
        raise UsageError
    assert (folder / "last.npz").exists()


def test_files_without_settings_are_not_taken_for_a_new_training(tmp_path):
    folder = tmp_path / "net.training"
    left(folder)
    (folder / "settings.json").unlink()  # as a kill while deleting may leave it
    with (
        pytest.raises(UsageError, match=r"an unknown training.*--restart"),
        work_folder(folder, SETTINGS, restart=False),
    ):
        pytest.fail("not reached")
    with work_folder(folder, SETTINGS, restart=True):
        assert not (folder / "last.npz").exists()


def test_a_restart_that_is_killed_while_it_deletes_is_finished_by_the_next(tmp_path, monkeypatch):
    folder = tmp_path / "net.training"
    left(folder)
    (folder / "part").mkdir()

    def killed(path):
        assert path == folder / "part"
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt), work_folder(folder, SETTINGS, restart=True):
        pytest.fail("not reached")
    monkeypatch.undo()
    assert (folder / "part").exists()
    with work_folder(folder, SETTINGS | {"epochs": 4}, restart=False):
        assert {path.name for path in folder.iterdir()} == {".lock", "settings.json"}
        assert "4" in (folder / "settings.json").read_text()


def test_the_folder_is_deleted_under_another_name(tmp_path, monkeypatch):
    folder = tmp_path / "net.training"
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: pytest.fail("deleted in place"))
    with work_folder(folder, SETTINGS, restart=False):
        monkeypatch.undo()
        deleted = []
        whole = shutil.rmtree
        monkeypatch.setattr(
            shutil, "rmtree", lambda path, **options: (deleted.append(path), whole(path, **options))
        )
    assert str(folder) not in map(str, deleted[:1])
    assert not folder.exists()


def test_what_a_killed_process_was_writing_is_deleted(tmp_path):
    folder = tmp_path / "net.training"
    left(folder)
    (folder / "part").mkdir()
    for remains in (folder / ".pixels-1234.raw", folder / "part" / ".last-1234.npz"):
        remains.write_text("half")
    with work_folder(folder, SETTINGS, restart=False):
        names = {path.name for path in folder.rglob("*")}
        assert names == {".lock", "settings.json", "last.npz", "part"}
