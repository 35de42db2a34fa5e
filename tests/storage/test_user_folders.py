from pathlib import Path

import pytest

from headstart.errors import UsageError
from headstart.storage.user_folders import user_folder


def usual(name, author):
    assert (name, author) == ("headstart", False)
    return "/home/me/headstart"


def test_the_variable_counts_most(monkeypatch):
    monkeypatch.setenv("HEADSTART_PLACE", "/there")
    assert user_folder("HEADSTART_PLACE", usual, "things", within="inner") == Path("/there")


def test_without_it_the_platform_has_a_usual_place(monkeypatch):
    monkeypatch.delenv("HEADSTART_PLACE", raising=False)
    found = user_folder("HEADSTART_PLACE", usual, "things", within="inner")
    assert found == Path("/home/me/headstart/inner")


def no_home(*_):
    raise RuntimeError("no home")


@pytest.mark.parametrize("usual", [no_home, lambda *_: "~/headstart"])
def test_without_a_home_the_variable_must_be_set(monkeypatch, usual):
    monkeypatch.delenv("HEADSTART_PLACE", raising=False)
    with pytest.raises(UsageError, match=r"folder for things\.(.|\n)*Set HEADSTART_PLACE"):
        user_folder("HEADSTART_PLACE", usual, "things")
