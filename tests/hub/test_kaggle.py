"""Kaggle Models: what it answers, and the cache of kagglehub."""

import json

import pytest
from tests.hub.hub_server import Answer

from headstart.errors import DownloadError
from headstart.hub import kaggle
from headstart.hub.handles import KaggleHandle

HANDLE = KaggleHandle("google", "net", "tensorFlow2", "large")
PATH = "/api/v1/models/google/net/tensorFlow2/large"


@pytest.fixture(autouse=True)
def _endpoint(monkeypatch, server):
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", server.url)


def test_latest_version_and_licence_are_asked_for(server):
    answer = {"versionNumber": 3, "licenseName": "Apache 2.0"}
    server.routes[f"{PATH}/get"] = Answer(json.dumps(answer).encode())
    listing = kaggle.list_files(HANDLE)
    assert listing.handle == KaggleHandle("google", "net", "tensorFlow2", "large", 3)
    assert listing.licence == "Apache 2.0"
    assert listing.archive.url == f"https://www.kaggle.com{PATH}/3/download"
    older = KaggleHandle("google", "net", "tensorFlow2", "large", 2, "net.tflite")
    assert kaggle.list_files(older).handle == older


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"versionNumber": "x"}', b'{"versionNumber": 0}']
)
def test_other_answers_are_refused(server, body):
    server.routes[f"{PATH}/get"] = Answer(body)
    with pytest.raises(DownloadError, match="must be what Kaggle sends"):
        kaggle.list_files(HANDLE)


def test_licence_that_is_not_stated_is_unknown(server):
    server.routes[f"{PATH}/get"] = Answer(b'{"versionNumber": 1, "licenseName": null}')
    assert kaggle.list_files(HANDLE).licence is None


@pytest.mark.parametrize(
    ("status", "says"), [(401, "KAGGLE_USERNAME"), (403, "accepted"), (404, "Check owner")]
)
def test_refusals_come_with_advice(status, says):
    assert says in kaggle.advice(HANDLE, status)
    assert kaggle.advice(HANDLE, None) == ""
    assert kaggle.forbidden() is None


def test_cache_of_kagglehub_is_found(tmp_path):
    assert kaggle.kept(HANDLE) is None
    folder = tmp_path / "kagglehub/models/google/net/tensorFlow2/large"
    for version in (2, 10, 11):
        (folder / str(version)).mkdir(parents=True)
    for version in (2, 10):
        (folder / f"{version}.complete").touch()
    (folder / "x.complete").touch()
    handle = KaggleHandle("google", "net", "tensorFlow2", "large", 10)
    assert kaggle.kept(HANDLE) == (handle, folder / "10")
    assert kaggle.kept(handle) == (handle, folder / "10")
    assert kaggle.kept(KaggleHandle("google", "net", "tensorFlow2", "large", 11)) is None
    assert not kaggle.is_partial(folder / "10")
