"""Which token is sent where."""

import base64
from pathlib import Path

import pytest

from headstart.errors import UsageError
from headstart.hub.tokens import authorization, origin_of

HUB = "https://huggingface.co/timm/levit/resolve/main/net.onnx"
KAGGLE = "https://www.kaggle.com/api/v1/models/a/b/c/d/get"


def write(variable_folder, name, text):
    folder = Path(variable_folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def test_without_a_token_nothing_is_sent():
    assert authorization(HUB) is None
    assert authorization(KAGGLE) is None


@pytest.mark.parametrize("variable", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
def test_token_of_hugging_face_goes_to_hugging_face_only(variable, monkeypatch):
    monkeypatch.setenv(variable, "hf_secret\n")
    assert authorization(HUB) == "Bearer hf_secret"
    for url in (
        KAGGLE,
        "https://huggingface.co.example/net.onnx",
        "https://example.com/huggingface.co/net.onnx",
        "https://huggingface.co:8443/net.onnx",
        "https://cdn-lfs.huggingface.co/net.onnx",
        "http://huggingface.co/net.onnx",
        "file:///huggingface.co/net.onnx",
        "https://[/net.onnx",
    ):
        assert authorization(url) is None


def test_file_with_the_token_is_read(monkeypatch, tmp_path):
    write(tmp_path / "hf-home", "token", "hf_kept\n")
    assert authorization(HUB) == "Bearer hf_kept"
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "nothing"))
    assert authorization(HUB) is None
    monkeypatch.setenv("HF_TOKEN", "hf_named")
    assert authorization(HUB) == "Bearer hf_named"
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    assert authorization(HUB) is None


def test_token_goes_to_the_endpoint_that_the_user_names(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HF_ENDPOINT", "https://hf.example/base")
    assert authorization("https://hf.example/timm/levit") == "Bearer hf_secret"
    monkeypatch.setenv("HF_ENDPOINT", "http://hf.example")
    assert authorization("http://hf.example/timm/levit") is None


def test_key_of_kaggle_is_sent_as_kaggle_takes_it(monkeypatch, tmp_path):
    write(tmp_path / "kaggle", "kaggle.json", '{"username": "anna", "key": "filed"}')
    assert authorization(KAGGLE) == f"Basic {base64.b64encode(b'anna:filed').decode()}"
    monkeypatch.setenv("KAGGLE_USERNAME", "bert")
    monkeypatch.setenv("KAGGLE_KEY", "named")
    assert authorization(KAGGLE) == f"Basic {base64.b64encode(b'bert:named').decode()}"
    assert authorization(HUB) is None
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_x")
    assert authorization(KAGGLE) == "Bearer KGAT_x"


@pytest.mark.parametrize("token", ["hf_se\ncret", "hf_se cret", "hf_sécret"])
def test_token_that_cannot_be_sent_is_refused_and_not_shown(token, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(UsageError, match="HF_TOKEN must hold one word") as caught:
        authorization(HUB)
    assert "cret" not in str(caught.value).replace("secret", "")


@pytest.mark.parametrize("text", ["no json: hidden", '["hidden"]', '{"username": "hidden"}'])
def test_wrong_file_of_kaggle_is_refused_and_not_shown(text, tmp_path):
    write(tmp_path / "kaggle", "kaggle.json", text)
    with pytest.raises(UsageError, match=r"kaggle\.json must hold") as caught:
        authorization(KAGGLE)
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_origin_is_scheme_host_and_port():
    assert origin_of("HTTPS://HuggingFace.co/x") == ("https", "huggingface.co", 443)
    assert origin_of("http://127.0.0.1:8080/x") == ("http", "127.0.0.1", 8080)
