"""Hugging Face: what it answers, and the cache of its own programs."""

import json

import pytest
from tests.hub.hub_server import COMMIT, Answer

from headstart.errors import DownloadError
from headstart.hub import huggingface
from headstart.hub.handles import HuggingFaceHandle

HANDLE = HuggingFaceHandle("timm", "levit")


@pytest.fixture(autouse=True)
def _endpoint(monkeypatch, server):
    monkeypatch.setenv("HF_ENDPOINT", server.url)


def test_revision_becomes_a_commit(server):
    server.add_repository("timm/levit", {"net.onnx": b"graph" * 1000, "a b/config.json": b"{}"})
    listing = huggingface.list_files(HANDLE)
    assert listing.handle == HuggingFaceHandle("timm", "levit", COMMIT)
    address = f"https://huggingface.co/timm/levit/resolve/{COMMIT}/"
    network, small = listing.files["net.onnx"], listing.files["a b/config.json"]
    assert (network.url, network.size, len(network.digest)) == (f"{address}net.onnx", 5000, 64)
    assert (small.url, small.size, len(small.digest)) == (f"{address}a%20b/config.json", 2, 40)
    assert server.asked[0][:2] == ("/api/models/timm/levit/revision/main", "blobs=true")


def test_revision_with_a_slash_is_one_word(server):
    server.add_repository("timm/levit", {"net.onnx": b""}, revision="refs/pr/1")
    handle = HuggingFaceHandle("timm", "levit", "refs/pr/1")
    assert str(huggingface.list_files(handle).handle) == f"hf:timm/levit@{COMMIT}"


def test_hub_that_states_no_hashes_is_believed(server):
    answer = {
        "sha": COMMIT,
        "siblings": [
            {"rfilename": "a"},
            {"rfilename": "b", "lfs": {"sha256": 1}, "blobId": "0" * 40},
        ],
    }
    server.routes["/api/models/timm/levit/revision/main"] = Answer(json.dumps(answer).encode())
    files = huggingface.list_files(HANDLE).files
    assert [files[name].digest for name in "ab"] == [None, None]


@pytest.mark.parametrize(
    "body",
    [
        b"<html></html>",
        b"[]",
        b"{}",
        b'{"sha": "main", "siblings": []}',
        json.dumps({"sha": COMMIT, "siblings": [{}]}).encode(),
        json.dumps({"sha": COMMIT, "siblings": ["a"]}).encode(),
        json.dumps({"sha": COMMIT, "siblings": None}).encode(),
        json.dumps({"sha": 5, "siblings": []}).encode(),
    ],
)
def test_other_answers_are_refused(server, body):
    server.routes["/api/models/timm/levit/revision/main"] = Answer(body)
    with pytest.raises(DownloadError, match="must be what Hugging Face sends"):
        huggingface.list_files(HANDLE)


@pytest.mark.parametrize(
    ("status", "says"), [(401, "HF_TOKEN"), (403, "Accept the conditions"), (404, "Check owner")]
)
def test_refusals_come_with_advice(status, says):
    assert says in huggingface.advice(HANDLE, status)
    assert huggingface.advice(HANDLE, 500) == ""


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_variables_forbid_to_ask(variable, monkeypatch):
    assert huggingface.forbidden() is None
    monkeypatch.setenv(variable, "1")
    assert huggingface.forbidden() == variable


def keep(tmp_path, revision="main", commit=COMMIT):
    folder = tmp_path / "hf-home" / "hub" / "models--timm--levit"
    (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "refs" / revision).parent.mkdir(parents=True)
    (folder / "refs" / revision).write_text(commit)
    return folder / "snapshots" / commit


def test_cache_of_hugging_face_is_found(tmp_path):
    assert huggingface.kept(HANDLE) is None
    snapshot = keep(tmp_path)
    found = HuggingFaceHandle("timm", "levit", COMMIT)
    assert huggingface.kept(HANDLE) == (found, snapshot)
    assert huggingface.kept(found) == (found, snapshot)
    assert huggingface.is_partial(snapshot)
    assert not huggingface.is_partial(tmp_path)
    assert huggingface.kept(HuggingFaceHandle("timm", "levit", "v2")) is None


def test_reference_that_leads_elsewhere_is_none(tmp_path):
    snapshot = keep(tmp_path)
    (snapshot.parents[1] / "refs" / "main").write_text("../../elsewhere")
    assert huggingface.kept(HANDLE) is None
