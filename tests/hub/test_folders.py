"""Where the hubs' own programs keep what they downloaded."""

from pathlib import Path

import pytest

from headstart.hub import folders


@pytest.mark.parametrize(("value", "on"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_variables_are_read_as_hugging_face_reads_them(value, on, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert folders.is_on("HF_HUB_OFFLINE") is on


def test_hugging_face_keeps_repositories_below_its_home(monkeypatch):
    monkeypatch.setenv("HF_HOME", "/home/of/hf")
    assert folders.hugging_face_cache() == Path("/home/of/hf/hub")
    monkeypatch.setenv("HUGGINGFACE_HUB_CACHE", "/old")
    assert folders.hugging_face_cache() == Path("/old")
    monkeypatch.setenv("HF_HUB_CACHE", "/new")
    assert folders.hugging_face_cache() == Path("/new")


def test_without_variables_it_is_in_the_home_folder(monkeypatch):
    for variable in ("HF_HOME", "KAGGLEHUB_CACHE", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", "/home/of/user")
    monkeypatch.setenv("USERPROFILE", "/home/of/user")
    home = Path("/home/of/user")
    assert folders.hugging_face_cache() == home / ".cache/huggingface/hub"
    assert folders.kaggle_cache() == home / ".cache/kagglehub"
    assert folders.kaggle_settings() == home / ".kaggle"
    assert folders.tensorflow_hub_cache() is None
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert folders.hugging_face_home() == Path("/caches/huggingface")


def test_tensorflow_hub_keeps_networks_where_it_is_told(monkeypatch):
    monkeypatch.setenv("TFHUB_CACHE_DIR", "/tfhub")
    assert folders.tensorflow_hub_cache() == Path("/tfhub")
