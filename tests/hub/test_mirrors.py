"""Where files are fetched from."""

import pytest

from headstart.hub.mirrors import HUGGING_FACE, KAGGLE, endpoint, mirrored

WEIGHTS = "https://huggingface.co/timm/levit/resolve/0123/model.safetensors"
KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/net.h5"
LISTING = "https://huggingface.co/api/models/timm/levit/revision/main?blobs=true"
INCEPTION = "https://tfhub.dev/google/imagenet/inception_v3/classification/4"


@pytest.mark.parametrize("url", [WEIGHTS, KERAS, LISTING, INCEPTION])
def test_without_variables_it_is_the_address_itself(url):
    assert mirrored(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (WEIGHTS, "http://m.test/x/timm/levit/resolve/0123/model.safetensors"),
        (KERAS, "http://m.test/x/net.h5"),
        (LISTING, "http://m.test/x/api/models/timm/levit/revision/main?blobs=true"),
        (
            f"{INCEPTION}?tf-hub-format=compressed",
            "http://m.test/x/google/imagenet/inception_v3/classification/4.tar.gz",
        ),
        ("https://tfhub.dev/a/b/1?lite-format=tflite", "http://m.test/x/a/b/1.tflite"),
        (
            "https://www.kaggle.com/api/v1/models/a/b/c/d/1/download",
            "http://m.test/x/api/v1/models/a/b/c/d/1/download",
        ),
    ],
)
def test_mirror_keeps_the_paths_of_hubs(url, expected, monkeypatch):
    monkeypatch.setenv("HEADSTART_MIRROR", "http://m.test/x/")
    assert mirrored(url) == expected


def test_folder_as_a_mirror_is_asked_without_a_query(monkeypatch):
    monkeypatch.setenv("HEADSTART_MIRROR", "file:///mirror")
    assert mirrored(LISTING) == "file:///mirror/api/models/timm/levit/revision/main"


def test_variables_of_the_hubs_are_followed(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://hf.example/")
    monkeypatch.setenv("KAGGLE_API_ENDPOINT", "https://kaggle.example")
    assert mirrored(WEIGHTS) == "https://hf.example/timm/levit/resolve/0123/model.safetensors"
    assert endpoint(HUGGING_FACE) == "https://hf.example"
    assert endpoint(KAGGLE) == "https://kaggle.example"
