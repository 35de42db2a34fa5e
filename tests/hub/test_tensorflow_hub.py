"""TensorFlow Hub: addresses, and the cache of tensorflow_hub."""

import hashlib

from headstart.hub import tensorflow_hub
from headstart.hub.handles import TensorFlowHubHandle

HANDLE = TensorFlowHubHandle("google/imagenet/inception_v3/classification/4")


def test_compressed_form_is_asked_for():
    listing = tensorflow_hub.list_files(HANDLE)
    assert listing.handle == HANDLE
    assert listing.archive.url == f"{HANDLE.page}?tf-hub-format=compressed"


def test_tflite_is_one_file():
    handle = TensorFlowHubHandle("tensorflow/lite-model/net/1", lite=True)
    files = tensorflow_hub.list_files(handle).files
    assert files["model.tflite"].url == f"{handle.page}?lite-format=tflite"


def test_cache_of_tensorflow_hub_is_found(tmp_path, monkeypatch):
    assert tensorflow_hub.kept(HANDLE) is None
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    assert tensorflow_hub.kept(HANDLE) is None
    folder = tmp_path / hashlib.sha1(HANDLE.page.encode(), usedforsecurity=False).hexdigest()
    folder.mkdir()
    assert tensorflow_hub.kept(HANDLE) == (HANDLE, folder)
    assert not tensorflow_hub.is_partial(folder)


def test_refusals_come_with_advice():
    assert "kaggle:" in tensorflow_hub.advice(HANDLE, 404)
    assert tensorflow_hub.advice(HANDLE, None) == ""
    assert tensorflow_hub.forbidden() is None
