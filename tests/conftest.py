"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the user's own cache, weights and mirror."""
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("HEADSTART_WEIGHTS", raising=False)
    monkeypatch.delenv("HEADSTART_MIRROR", raising=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real photos and weights: ``data/`` and ``weights/``."""
    named = os.environ.get("HEADSTART_TEST_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(
            "real photos are not here: set HEADSTART_TEST_DATA to a folder with data/ and weights/ "
            "(docs/testing.md says what it holds)"
        )
    return folder
