"""Networks are fetched whole, and kept with what is known of them."""

import json
import logging
import os
import shutil
import subprocess
import sys

import pytest
from tests.hub.hub_server import COMMIT, Answer, archive
from tests.recorder import Recorder

from headstart.errors import (
    DamagedModel,
    DownloadError,
    StorageError,
    UsageError,
    WeightsMismatch,
    WeightsNotFound,
)
from headstart.hub import fetching
from headstart.hub.fetching import DESCRIPTION, fetch_handle
from headstart.hub.handles import parse_handle
from headstart.storage.clearing import clear

HANDLE = parse_handle("hf:timm/levit")
NETWORK = bytes(range(256)) * 40
CARD = b"---\nlicense: apache-2.0\n---\n# Levit\n"
FILES = {
    "README.md": CARD,
    "config.json": b'{"num_classes": 3}',
    "onnx/net.onnx": NETWORK,
    "model.safetensors": b"weights",
}
SAVED_MODEL = {"saved_model.pb": b"graph", "variables/variables.index": b"i", "assets/l.txt": b"a"}
INCEPTION = parse_handle("https://tfhub.dev/google/imagenet/inception_v3/classification/4")
LARGE = parse_handle("kaggle:google/net/tensorFlow2/large")
KAGGLE = "/api/v1/models/google/net/tensorFlow2/large"


@pytest.fixture(autouse=True)
def _places(monkeypatch, server, tmp_path):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", server.url)


@pytest.fixture
def kaggle(monkeypatch, server):
    monkeypatch.delenv("HF_ENDPOINT")
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", server.url)
    return server


@pytest.fixture
def repository(server):
    server.add_repository("timm/levit", FILES)
    return server


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("repository")
def test_network_and_small_files_arrive():
    fetched = fetch_handle(HANDLE)
    assert fetched.path.read_bytes() == NETWORK
    assert names(fetched.path.parent) == {"net.onnx", "config.json", "README.md", "hub.json"}
    assert str(fetched.handle) == f"hf:timm/levit@{COMMIT}"
    assert fetched.license == "apache-2.0"
    assert fetched.preprocessing is None
    assert fetched.source == "https://huggingface.co/timm/levit"
    assert not list(fetched.path.parents[1].glob("*.part"))


def test_nothing_is_asked_once_it_is_there(repository):
    first = fetch_handle(HANDLE)
    repository.asked.clear()
    assert fetch_handle(HANDLE, download=False) == first
    assert repository.asked == []


@pytest.mark.usefixtures("repository")
def test_what_was_fetched_is_told():
    progress = Recorder()
    fetch_handle(HANDLE, progress=progress)
    assert progress.said == [f"Fetched hf:timm/levit@{COMMIT}. Licence: apache-2.0."]
    assert "downloading net.onnx" in [bar[0] for bar in progress.bars]


def test_file_of_several_is_named(server):
    server.add_repository("timm/levit", {"a.onnx": b"a", "b.onnx": b"b"})
    with pytest.raises(UsageError, match=r"'a\.onnx', 'b\.onnx'"):
        fetch_handle(HANDLE)
    assert fetch_handle(parse_handle("hf:timm/levit/b.onnx")).path.read_bytes() == b"b"
    assert fetch_handle(parse_handle("hf:timm/levit/b.onnx")).license is None


@pytest.mark.usefixtures("repository")
def test_file_that_was_altered_is_refused():
    fetched = fetch_handle(HANDLE)
    fetched.path.write_bytes(NETWORK + b"x")
    with pytest.raises(DamagedModel, match=r"net\.onnx must have the sha256"):
        fetch_handle(HANDLE)
    fetched.path.unlink()
    with pytest.raises(DamagedModel, match="none: No such file"):
        fetch_handle(HANDLE)


def test_description_of_another_handle_is_refused(server):
    server.add_repository("timm/levit", FILES)
    server.add_repository("timm/other", FILES)
    one = fetch_handle(HANDLE).path.parent
    other = fetch_handle(parse_handle("hf:timm/other")).path.parent
    shutil.copy(one / DESCRIPTION.name, other / DESCRIPTION.name)
    shutil.copy(one / "config.json", other / "config.json")
    # It is fetched again, as if it were not there.
    assert fetch_handle(parse_handle("hf:timm/other")).source.endswith("timm/other")


@pytest.mark.parametrize("name", ["config.json", "onnx/net.onnx"])
def test_file_with_another_hash_than_the_hub_states_is_refused(repository, name):
    answer = repository.routes[f"/timm/levit/resolve/{COMMIT}/{name}"]
    answer.body = answer.body[::-1]
    with pytest.raises(
        WeightsMismatch, match=rf"{name.rpartition('/')[2]} must have the published"
    ):
        fetch_handle(HANDLE)


def test_broken_download_is_resumed_by_the_next_call(repository):
    path = f"/timm/levit/resolve/{COMMIT}/onnx/net.onnx"
    whole = repository.routes[path]
    repository.routes[path] = Answer(NETWORK[:5000], headers={"Content-Length": str(len(NETWORK))})
    with pytest.raises(DownloadError, match=r"(?s)bytes received are kept.*on another machine"):
        fetch_handle(HANDLE)
    repository.routes[path] = whole
    repository.asked.clear()
    assert fetch_handle(HANDLE).path.read_bytes() == NETWORK
    ranges = {path: headers.get("Range") for path, _, headers in repository.asked}
    assert ranges[path].startswith("bytes=")
    assert f"/timm/levit/resolve/{COMMIT}/config.json" not in ranges  # it was there


@pytest.mark.parametrize(
    ("status", "says"), [(401, "HF_TOKEN"), (403, "Accept the conditions"), (404, "Check owner")]
)
def test_refusals_say_what_to_do(server, status, says):
    server.mishaps = [Answer(status=status)]
    with pytest.raises(DownloadError, match=rf"(?s)hf:timm/levit could not.*{status}.*{says}"):
        fetch_handle(HANDLE)


def test_token_stays_with_the_hub_and_in_no_file(repository, other, monkeypatch, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    path = f"/timm/levit/resolve/{COMMIT}/onnx/net.onnx"
    repository.routes[path] = Answer(status=302, headers={"Location": f"{other.url}/blob?sig=hid"})
    other.routes["/blob"] = Answer(NETWORK)
    fetch_handle(HANDLE)
    assert {headers["Authorization"] for _, _, headers in repository.asked} == {"Bearer hf_secret"}
    assert [headers.get("Authorization") for _, _, headers in other.asked] == [None]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"hf_secret" not in written
    assert b"sig=hid" not in written
    assert "hf_secret" not in caplog.text


def test_non_commercial_licence_must_be_allowed(server):
    server.add_repository("timm/levit", FILES | {"README.md": b"---\nlicense: cc-by-nc-4.0\n---\n"})
    with pytest.raises(UsageError, match=r"licence of hf:timm/levit is cc-by-nc-4\.0"):
        fetch_handle(HANDLE)
    assert not any("net.onnx" in path for path in server.paths())
    assert fetch_handle(HANDLE, allow_non_commercial=True).license == "cc-by-nc-4.0"
    with pytest.raises(UsageError, match="allow-non-commercial"):
        fetch_handle(HANDLE)


def test_without_a_download_it_must_be_there(repository, monkeypatch):
    with pytest.raises(WeightsNotFound, match=r"headstart models fetch hf:timm/levit`"):
        fetch_handle(HANDLE, download=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsNotFound, match="HF_HUB_OFFLINE forbids"):
        fetch_handle(HANDLE)
    assert repository.asked == []


def in_cache_of_hugging_face(tmp_path, files, commit=COMMIT):
    folder = tmp_path / "hf-home/hub/models--timm--levit"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs/main").write_text(commit)
    for number, (name, content) in enumerate(files.items()):
        blob, link = folder / "blobs" / str(number), folder / "snapshots" / commit / name
        blob.parent.mkdir(exist_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(content)
        link.symlink_to(os.path.relpath(blob, link.parent))


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_cache_of_hugging_face_is_enough(server, tmp_path, monkeypatch):
    in_cache_of_hugging_face(tmp_path, FILES)
    fetched = fetch_handle(HANDLE, download=False)
    assert fetched.path.read_bytes() == NETWORK
    assert not fetched.path.is_symlink()
    assert fetched.license == "apache-2.0"
    assert str(fetched.handle) == f"hf:timm/levit@{COMMIT}"
    pinned = parse_handle(f"hf:timm/levit@{COMMIT}/onnx/net.onnx")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch_handle(pinned).path.read_bytes() == NETWORK
    assert server.asked == []


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_files_of_hugging_faces_cache_are_not_downloaded(repository, tmp_path):
    in_cache_of_hugging_face(tmp_path, {"onnx/net.onnx": NETWORK, "config.json": b"altered"})
    assert fetch_handle(HANDLE).path.read_bytes() == NETWORK
    asked = [path.rpartition("/")[2] for path in repository.paths()]
    assert asked == ["main", "config.json", "README.md"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_cache_without_the_network_is_not_enough(tmp_path):
    in_cache_of_hugging_face(tmp_path, {"config.json": b"{}"})
    with pytest.raises(WeightsNotFound):
        fetch_handle(HANDLE, download=False)


def test_mirror_is_asked_instead(server, other, monkeypatch):
    other.add_repository("timm/levit", FILES)
    monkeypatch.setenv("HEADSTART_MIRROR", other.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch_handle(HANDLE)
    assert server.asked == []
    assert {headers.get("Authorization") for _, _, headers in other.asked} == {None}


def test_address_of_tensorflow_hub_is_a_saved_model(other, monkeypatch):
    monkeypatch.setenv("HEADSTART_MIRROR", other.url)
    path = "/google/imagenet/inception_v3/classification/4.tar.gz"
    other.routes[path] = Answer(archive(SAVED_MODEL))
    fetched = fetch_handle(INCEPTION)
    assert names(fetched.path) == set(SAVED_MODEL)
    assert fetched.handle == INCEPTION
    assert fetched.license is None
    assert fetched.preprocessing == "zero-to-one"
    assert other.paths() == [path]


def test_tflite_of_tensorflow_hub_is_a_file(other, monkeypatch):
    monkeypatch.setenv("HEADSTART_MIRROR", other.url)
    other.routes["/a/lite-model/net/1.tflite"] = Answer(NETWORK)
    fetched = fetch_handle(parse_handle("https://tfhub.dev/a/lite-model/net/1"))
    assert fetched.path.read_bytes() == NETWORK


def test_kaggle_sends_an_archive(kaggle, other, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "anna")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    answer = {"versionNumber": 2, "licenseName": "Apache 2.0"}
    kaggle.routes[f"{KAGGLE}/get"] = Answer(json.dumps(answer).encode())
    kaggle.routes[f"{KAGGLE}/2/download"] = Answer(
        status=302, headers={"Location": f"{other.url}/signed"}
    )
    other.routes["/signed"] = Answer(archive({"net.tflite": NETWORK, "labels.txt": b"a\nb\n"}))
    fetched = fetch_handle(LARGE)
    assert fetched.path.read_bytes() == NETWORK
    assert names(fetched.path.parent) == {"net.tflite", "labels.txt", "hub.json"}
    assert (str(fetched.handle), fetched.license) == (f"{LARGE}/2", "Apache 2.0")
    assert all(headers["Authorization"].startswith("Basic") for _, _, headers in kaggle.asked)
    assert [headers.get("Authorization") for _, _, headers in other.asked] == [None]


def test_cache_of_kagglehub_is_enough_for_its_version(kaggle, tmp_path):
    folder = tmp_path / "kagglehub/models/google/net/tensorFlow2/large"
    for name, content in SAVED_MODEL.items():
        (folder / "2" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "2" / name).write_bytes(content)
    (folder / "2.complete").touch()
    assert names(fetch_handle(parse_handle(f"{LARGE}/2")).path) == set(SAVED_MODEL)
    assert kaggle.asked == []
    kaggle.routes[f"{KAGGLE}/get"] = Answer(b'{"versionNumber": 2, "licenseName": "MIT"}')
    fetched = fetch_handle(LARGE)
    assert (str(fetched.handle), fetched.license) == (f"{LARGE}/2", "MIT")
    assert fetched.preprocessing == "zero-to-one"
    assert kaggle.paths() == [f"{KAGGLE}/get"]


def test_cache_of_kagglehub_with_too_many_files_is_not_read(kaggle, tmp_path, monkeypatch):
    folder = tmp_path / "kagglehub/models/google/net/tensorFlow2/large"
    (folder / "2").mkdir(parents=True)
    (folder / "2.complete").touch()
    for name in "abc":
        (folder / "2" / name).touch()
    monkeypatch.setattr(fetching, "MAX_FILES", 2)
    kaggle.routes[f"{KAGGLE}/get"] = Answer(b'{"versionNumber": 2}')
    kaggle.routes[f"{KAGGLE}/2/download"] = Answer(archive({"net.tflite": NETWORK}))
    for handle in (parse_handle(f"{LARGE}/2"), LARGE):
        assert fetch_handle(handle).path.read_bytes() == NETWORK


def test_hostile_archive_leaves_nothing(other, monkeypatch, tmp_path):
    monkeypatch.setenv("HEADSTART_MIRROR", other.url)
    path = "/google/imagenet/inception_v3/classification/4.tar.gz"
    other.routes[path] = Answer(archive({"saved_model.pb": b"x", "../../../out": b"y"}))
    with pytest.raises(DownloadError, match="hold relative paths"):
        fetch_handle(INCEPTION)
    assert not list(tmp_path.rglob("saved_model.pb"))
    assert not list(tmp_path.rglob("out"))
    other.routes[path] = Answer(b"<html>Kaggle</html>")
    with pytest.raises(DownloadError, match=r"(?s)archive.*be whole"):
        fetch_handle(INCEPTION)
    other.routes[path] = Answer(archive(SAVED_MODEL))
    assert names(fetch_handle(INCEPTION).path) == set(SAVED_MODEL)


@pytest.mark.usefixtures("repository")
def test_full_disk_is_told_and_leaves_nothing(monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            fetch_handle(HANDLE)
    assert not list(tmp_path.rglob("hub.json"))
    assert fetch_handle(HANDLE).path.read_bytes() == NETWORK


def test_disk_without_room_is_told_before(server, monkeypatch):
    server.add_repository("timm/levit", FILES)
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(10, 5, 5))
    with pytest.raises(StorageError, match="room for hf:timm/levit"):
        fetch_handle(HANDLE)
    assert not any("net.onnx" in path for path in server.paths())


SCRIPT = """
import sys
from headstart.hub.fetching import fetch_handle
from headstart.hub.handles import parse_handle
print(fetch_handle(parse_handle(sys.argv[1])).path.stat().st_size)
"""


def test_two_processes_fetch_once(repository):
    command = [sys.executable, "-c", SCRIPT, str(HANDLE)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    sizes = [process.communicate(timeout=60)[0] for process in both]
    assert sizes == [f"{len(NETWORK)}\n"] * 2
    assert len(repository.asked) == len(set(repository.paths()))


@pytest.mark.usefixtures("repository")
def test_cache_can_be_cleared(tmp_path):
    fetched = fetch_handle(HANDLE)
    assert clear("hub") == [fetched.path.parent.name]  # this process holds it
    command = [sys.executable, "-c", SCRIPT, str(HANDLE)]
    subprocess.run(command, check=True, capture_output=True)
    from headstart.storage import clearing

    clearing.release(fetched.path.parent / DESCRIPTION.name)
    assert clear("hub") == []
    assert not (tmp_path / "cache" / "hub").exists()
