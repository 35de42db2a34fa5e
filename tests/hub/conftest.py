"""No variable of the machine, and no folder of its user, reaches a test of this room."""

import pytest
from tests.hub.hub_server import serving


@pytest.fixture(autouse=True)
def _nothing_of_the_user(monkeypatch, tmp_path):
    for variable in (
        "HEADSTART_MIRROR",
        "HF_ENDPOINT",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HF_TOKEN_PATH",
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN",
        "KAGGLE_API_ENDPOINT",
        "KAGGLE_API_TOKEN",
        "KAGGLE_USERNAME",
        "KAGGLE_KEY",
        "TFHUB_CACHE_DIR",
        "XDG_CACHE_HOME",
        "http_proxy",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "kaggle"))
    monkeypatch.setattr("headstart.hub.connections.PAUSE", 0)


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def other():
    """Another host, as a redirect sees it."""
    with serving(host="localhost") as server:
        yield server
