"""Files of networks of other programs, by paths and handles."""

from types import SimpleNamespace

import pytest
from tests.foreign.test_metadata import onnx

from headstart.errors import ConversionError
from headstart.foreign.facts import Facts
from headstart.foreign.files import ForeignFile, recognise
from headstart.hub.handles import parse_handle
from headstart.jobs import foreign_files
from headstart.jobs.foreign_files import foreign_file
from headstart.networks.preprocessing import INSIDE, ZERO_TO_ONE

HANDLE = parse_handle("hf:owner/repository")


def fetched(path, preprocessing=None):
    """Return what fetching a network gives."""
    said = {"license": "MIT", "source": "a card", "preprocessing": preprocessing}
    return SimpleNamespace(path=path, handle=HANDLE, **said)


@pytest.fixture
def path(tmp_path):
    content = onnx(**{"Image.NominalPixelRange": "NominalRange_0_255"})
    (tmp_path / "net.onnx").write_bytes(content)
    return tmp_path / "net.onnx"


def test_a_file_says_what_it_says(path):
    file, sources = foreign_file(recognise(path))
    assert file == ForeignFile(path, "onnx")
    assert [source.facts for source in sources] == [Facts(preprocessing=INSIDE)]


def test_what_a_hub_states_comes_first_and_its_convention_last(path, monkeypatch):
    asked = []

    def fetch(handle, **how):
        asked.append((handle, how["allow_non_commercial"]))
        return fetched(path, preprocessing="zero-to-one")

    monkeypatch.setattr(foreign_files, "fetch_handle", fetch)
    file, sources = foreign_file(HANDLE, allow_non_commercial=True)
    assert (file.path, asked) == (path, [(HANDLE, True)])
    assert [(source.name, source.facts) for source in sources] == [
        (str(HANDLE), Facts(license="MIT", source="a card")),
        ("net.onnx", Facts(preprocessing=INSIDE)),
        (str(HANDLE), Facts(preprocessing=ZERO_TO_ONE)),
    ]


def test_a_hub_without_a_network(tmp_path, monkeypatch):
    (tmp_path / "net.onnx").write_bytes(b"no network")
    found = fetched(tmp_path / "net.onnx")
    monkeypatch.setattr(foreign_files, "fetch_handle", lambda *_, **__: found)
    with pytest.raises(ConversionError, match=r"hf:owner/repository must be.*net\.onnx"):
        foreign_file(HANDLE)
