"""What the process that runs NNCF answers; NNCF itself runs in test_quantising.py."""

import numpy as np
import pytest

from headstart import records
from headstart.errors import StorageError
from headstart.networks import nncf_quantising

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


@pytest.fixture
def answer(tiny_network, tmp_path, monkeypatch):
    """Ask for the tiny network; `seen` lists the images that NNCF gets."""
    seen = []
    monkeypatch.setattr(
        nncf_quantising, "quantise", lambda model, images: seen.append(images) or model
    )
    request = {
        "network": records.to_json(tiny_network, without=["folder"]),
        "folder": str(tiny_network.folder),
        "graph": str(tmp_path / "graph.xml"),
    }
    return lambda: (nncf_quantising.answer(request, IMAGES.tobytes()), seen)


def test_the_graph_is_written(answer, tmp_path):
    found, (images,) = answer()
    assert found == {"done": True}
    np.testing.assert_array_equal(images, IMAGES)
    assert (tmp_path / "graph.xml").stat().st_size
    assert (tmp_path / "graph.bin").stat().st_size


def test_an_error_of_storage_is_an_answer(answer, monkeypatch):
    def full(*_):
        raise StorageError("no room")

    monkeypatch.setattr(nncf_quantising, "write_graph", full)
    assert answer()[0] == {"error": "StorageError", "message": "no room"}
