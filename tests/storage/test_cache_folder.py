import pytest

from headstart.errors import StorageError, UsageError
from headstart.storage.cache_folder import cache_dir
from headstart.storage.disk import writing


def test_the_environment_sets_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.delenv("HEADSTART_CACHE")
    assert cache_dir().name == "headstart"


@pytest.mark.parametrize("answer", ["~/.cache/headstart", RuntimeError("no home")])
def test_without_a_home_directory_a_folder_is_asked_for(monkeypatch, tmp_path, answer):
    def usual(*_):
        if isinstance(answer, str):
            return answer
        raise answer

    monkeypatch.delenv("HEADSTART_CACHE")
    monkeypatch.setattr("headstart.storage.cache_folder.platformdirs.user_cache_dir", usual)
    with pytest.raises(UsageError, match="Set HEADSTART_CACHE to a folder"):
        cache_dir()
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Could not write"), writing("it"):
        (tmp_path / "file" / "below").mkdir()
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
