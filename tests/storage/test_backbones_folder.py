"""Where added backbones are kept."""

from pathlib import Path

import platformdirs
import pytest

from headstart.errors import UsageError
from headstart.storage.backbones_folder import backbones_dir


def test_the_variable_names_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HEADSTART_BACKBONES", str(tmp_path))
    assert backbones_dir() == tmp_path


def test_else_it_is_the_platforms_folder_for_what_is_kept(monkeypatch):
    monkeypatch.delenv("HEADSTART_BACKBONES", raising=False)
    expected = Path(platformdirs.user_data_dir("headstart", False), "backbones")
    assert backbones_dir() == expected


def no_home(*_):
    raise RuntimeError


@pytest.mark.parametrize("data_dir", [no_home, lambda *_: "~/.local/share/headstart"])
def test_without_a_home_it_must_be_named(monkeypatch, data_dir):
    monkeypatch.delenv("HEADSTART_BACKBONES", raising=False)
    monkeypatch.setattr(platformdirs, "user_data_dir", data_dir)
    with pytest.raises(UsageError, match="Set HEADSTART_BACKBONES"):
        backbones_dir()
