"""The search for weights files."""

import hashlib
from dataclasses import replace

import pytest

from headstart.backbones import weights as weights_module
from headstart.backbones.catalogue import get_backbone
from headstart.backbones.weights import check_published, find_weights
from headstart.errors import DownloadError, WeightsMismatch, WeightsNotFound
from headstart.storage.cache_folder import cache_dir

ROW = get_backbone("mobilenet_v2")
OFFICIAL = ROW.weights.filename


@pytest.fixture(autouse=True)
def _no_keras_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def put(path, content=b"weights"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def everywhere(tmp_path, monkeypatch):
    """A file at every place, best first."""
    monkeypatch.setenv("HEADSTART_WEIGHTS", str(tmp_path / "folder"))
    monkeypatch.setattr(weights_module.resources, "files", lambda _: tmp_path / "package")
    own = "mobilenet_v2_imagenet.weights.h5"
    return {
        "folder": [
            put(tmp_path / "folder" / own),
            put(tmp_path / "folder" / OFFICIAL),
            put(tmp_path / "folder" / ROW.weights_without_top.filename),
        ],
        "package": [put(tmp_path / "package" / own)],
        "keras": [put(tmp_path / "keras" / "models" / OFFICIAL)],
        "download": [put(cache_dir() / "weights" / OFFICIAL)],
    }


def test_places_are_searched_in_order(everywhere):
    for origin, paths in everywhere.items():
        for path in paths:
            found = find_weights(ROW, download=False)
            assert (found.path, found.origin) == (path, origin)
            path.unlink()
    with pytest.raises(WeightsNotFound):
        find_weights(ROW, download=False)


@pytest.mark.usefixtures("everywhere")
def test_given_file_comes_first(tmp_path):
    given = put(tmp_path / "mine.h5", b"mine")
    found = find_weights(ROW, given)
    assert (found.path, found.origin) == (given, "given")
    assert found.sha256 == hashlib.sha256(b"mine").hexdigest()


def test_given_file_must_exist(tmp_path):
    with pytest.raises(WeightsNotFound, match=r"must exist. Received .*nowhere.h5"):
        find_weights(ROW, tmp_path / "nowhere.h5")


def test_message_says_which_file_to_put_where():
    with pytest.raises(WeightsNotFound) as refused:
        find_weights(ROW, download=False)
    for part in (ROW.weights.url, str(cache_dir() / "weights" / OFFICIAL), "--weights FILE"):
        assert part in str(refused.value)


def test_message_of_a_failed_download_says_it_too(monkeypatch):
    monkeypatch.setenv("HEADSTART_MIRROR", "http://127.0.0.1:1/")
    monkeypatch.setattr("headstart.hub.connections.PAUSE", 0)
    with pytest.raises(DownloadError, match="copy it to"):
        find_weights(ROW)


def test_missing_weights_are_downloaded(tmp_path, monkeypatch):
    put(tmp_path / "mirror" / OFFICIAL, b"fresh")
    monkeypatch.setenv("HEADSTART_MIRROR", (tmp_path / "mirror").as_uri())
    found = find_weights(ROW)
    assert found.origin == "download"
    assert found.path.read_bytes() == b"fresh"


def test_official_file_with_another_hash_is_refused(tmp_path, monkeypatch):
    row = get_backbone("resnet50")
    monkeypatch.setenv("HEADSTART_WEIGHTS", str(tmp_path))
    put(tmp_path / row.weights.filename, b"cut short")
    with pytest.raises(WeightsMismatch, match="must have the published hash 2cb95161"):
        check_published(row, find_weights(row))


def test_official_file_with_its_hash_is_accepted(tmp_path):
    digest = hashlib.md5(b"right", usedforsecurity=False).hexdigest()
    row = replace(ROW, weights=replace(ROW.weights, digest=digest))
    found = find_weights(row, put(tmp_path / OFFICIAL, b"right"))
    assert check_published(row, found) == row.weights.url


def test_own_file_needs_no_published_hash(tmp_path):
    row = get_backbone("resnet50")
    found = find_weights(row, put(tmp_path / "mine.h5", b"anything"))
    assert check_published(row, found) == "mine.h5"
