"""``headstart cache``."""

import json

import filelock
from tests.features.kept import n_kept

from headstart.cli.main import main
from headstart.storage.cache_folder import cache_dir


def fill():
    for kind in ("features", "networks", "weights", "hub", "texts"):
        (cache_dir() / kind).mkdir(parents=True)
        (cache_dir() / kind / "file").write_bytes(bytes(1_000_000))


def test_it_shows_what_is_kept(capsys):
    fill()
    assert main(["cache"]) == 0
    out = capsys.readouterr().out
    assert str(cache_dir()) in out
    assert out.count("1.0 MB") == 5


def test_it_clears_one_kind(capsys):
    fill()
    assert main(["cache", "clear", "--only", "networks", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["clear"], answer["in_use"]) == ({"networks": 1_000_000}, [])
    assert not (cache_dir() / "networks").exists()
    assert (cache_dir() / "weights" / "file").exists()


def test_it_clears_everything(backbone, photos, tmp_path, capsys):
    words = ["train", str(photos), "--out", str(tmp_path / "saved"), "--model", backbone]
    assert main(words) == 0
    (cache_dir() / "weights").mkdir()
    assert n_kept() == 2 * 18  # features and profiles
    assert main(["cache", "clear"]) == 0
    assert "cleared" in capsys.readouterr().out
    assert n_kept() == 0
    assert not (cache_dir() / "weights").exists()


def test_what_is_in_use_stays_and_is_named(capsys):
    fill()
    with filelock.FileLock(cache_dir() / "networks" / "file.lock"):
        assert main(["cache", "clear"]) == 0
    out = capsys.readouterr().out
    assert "use these, so they stay: file" in out
    assert [line.split()[1] for line in out.splitlines()[1:4]] == ["0.0", "0.0", "1.0"]
