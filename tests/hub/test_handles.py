"""What names a network on a hub."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.errors import UsageError
from headstart.hub.handles import (
    HuggingFaceHandle,
    KaggleHandle,
    TensorFlowHubHandle,
    parse_handle,
    pinned,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("hf:timm/levit", HuggingFaceHandle("timm", "levit")),
        ("hf:timm/levit@v1.0", HuggingFaceHandle("timm", "levit", "v1.0")),
        ("hf:timm/levit/onnx/m.onnx", HuggingFaceHandle("timm", "levit", None, "onnx/m.onnx")),
        (
            f"hf:timm/levit@{COMMIT}/m.onnx",
            HuggingFaceHandle("timm", "levit", COMMIT, "m.onnx"),
        ),
        ("hf:timm/levit@refs%2Fpr%2F1", HuggingFaceHandle("timm", "levit", "refs/pr/1")),
        ("hf://timm/levit", HuggingFaceHandle("timm", "levit")),
        ("https://huggingface.co/timm/levit", HuggingFaceHandle("timm", "levit")),
        ("https://hf.co/timm/levit/", HuggingFaceHandle("timm", "levit")),
        ("https://huggingface.co/timm/levit/tree/main", HuggingFaceHandle("timm", "levit", "main")),
        (
            "https://huggingface.co/timm/levit/resolve/main/a/m.onnx?download=true",
            HuggingFaceHandle("timm", "levit", "main", "a/m.onnx"),
        ),
        (
            "kaggle:google/net/tensorFlow2/large",
            KaggleHandle("google", "net", "tensorFlow2", "large"),
        ),
        (
            "kaggle:google/net/tfLite/large/3/m.tflite",
            KaggleHandle("google", "net", "tfLite", "large", 3, "m.tflite"),
        ),
        (
            "https://www.kaggle.com/models/google/net/TensorFlow2/large/2?tfhub-redirect=true",
            KaggleHandle("google", "net", "TensorFlow2", "large", 2),
        ),
        (
            "https://kaggle.com/models/google/net/frameworks/TensorFlow2/variations/large/versions/2",
            KaggleHandle("google", "net", "TensorFlow2", "large", 2),
        ),
        (
            "https://tfhub.dev/google/imagenet/inception_v3/classification/4",
            TensorFlowHubHandle("google/imagenet/inception_v3/classification/4"),
        ),
        (
            "https://tfhub.dev/tensorflow/lite-model/mobilenet_v2/1/default/1?lite-format=tflite",
            TensorFlowHubHandle("tensorflow/lite-model/mobilenet_v2/1/default/1", lite=True),
        ),
    ],
)
def test_handles_are_read(text, handle):
    assert parse_handle(text) == handle
    assert parse_handle(str(handle)) == handle


@pytest.mark.parametrize(
    "text", ["mobilenet_v2", "./net.onnx", "C:/net.onnx", "C:\\net.onnx", "folder/hf", ""]
)
def test_other_references_are_none(text):
    assert parse_handle(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "hf:levit",
        "hf:../levit",
        "hf:timm/..",
        "hf:timm/levit@",
        "hf:timm/levit@a..b",
        "hf:timm/levit@../x",
        "hf:timm/levit/../m.onnx",
        "hf:timm/levit//m.onnx",
        "hf:timm/levit/a\\m.onnx",
        "hf:timm/levit/a\nm.onnx",
        "hf:timm/levit?x=1",
        "kaggle:google/net",
        "kaggle:google/net/tfLite/large/latest",
        "kaggle:google/net/tfLite/large/0",
        "http://huggingface.co/timm/levit",
        "https://user:word@huggingface.co/timm/levit",
        "https://huggingface.co:8443/timm/levit",
        "https://huggingface.co/timm",
        "https://huggingface.co/datasets/timm/levit",
        "https://www.kaggle.com/datasets/a/b",
        "https://example.com/net.onnx",
        "https://[/net.onnx",
        "https://tfhub.dev/google/../x/1",
        "hf:" + "a" * 2000,
    ],
)
def test_what_looks_like_a_handle_and_is_none_is_refused(text):
    with pytest.raises(UsageError, match=r"handle must have|hub is named"):
        parse_handle(text)


def test_address_of_tensorflow_hub_needs_a_version():
    with pytest.raises(UsageError, match="must end with a version"):
        parse_handle("https://tfhub.dev/google/imagenet/inception_v3")


def test_pages_describe_the_network():
    assert parse_handle("hf:timm/levit@main/m.onnx").page == "https://huggingface.co/timm/levit"
    page = "https://www.kaggle.com/models/google/net/tfLite/large/3"
    assert parse_handle("kaggle:google/net/tfLite/large/3").page == page
    assert parse_handle(page[:-2]).page == page[:-2]


def test_only_a_commit_pins_a_revision():
    handle = HuggingFaceHandle("timm", "levit", "main")
    assert not handle.is_pinned
    assert pinned(handle, COMMIT).is_pinned
    with pytest.raises(ValueError, match="no commit"):
        pinned(handle, "../main")


@given(
    st.sampled_from(["hf:", "kaggle:", "https://huggingface.co/", "https://tfhub.dev/"]), st.text()
)
def test_any_text_is_a_handle_or_refused(beginning, text):
    try:
        handle = parse_handle(beginning + text)
    except UsageError:
        return
    assert ".." not in str(handle).replace("%2F", "/").split("/")
    assert parse_handle(str(handle)) == handle
