"""Networks with 8 bits: made by NNCF in a process of its own, checked as any other graph."""

import logging
import warnings

import numpy as np
import pytest

from headstart.errors import ConversionError, MissingExtra, StorageError, UsageError
from headstart.features.compiling import compile_network
from headstart.networks import quantising
from headstart.networks.network import load_network
from headstart.networks.quantising import check_nncf, quantised
from headstart.processes.asking import Reply, last_json_line

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)


def ends(monkeypatch, returncode, stdout):
    reply = Reply(last_json_line(stdout.decode()), returncode, "out of memory")
    monkeypatch.setattr(quantising, "ask", lambda *_: reply)


@pytest.fixture(autouse=True)
def version(request, monkeypatch):
    if "nncf" not in request.fixturenames:
        monkeypatch.setattr(quantising, "_nncf_version", lambda: "3.0")


@pytest.mark.usefixtures("nncf")
def test_features_hardly_move_and_nothing_of_the_process_changes(tiny_network, monkeypatch, capfd):
    before = logging.getLogger().handlers[:], warnings.filters[:]
    network = quantised(tiny_network, IMAGES)
    assert (logging.getLogger().handlers[:], warnings.filters[:]) == before
    assert capfd.readouterr() == ("", "")
    assert network.quantised
    assert not tiny_network.quantised
    assert load_network(network.folder) == network
    exact = compile_network(tiny_network).infer(IMAGES)["features"]
    fast = compile_network(network, precision="int8").infer(IMAGES)["features"]
    assert 0 < np.abs(fast - exact).max() < 0.1 * np.abs(exact).max()
    monkeypatch.setattr(quantising, "ask", None)  # made once
    assert quantised(tiny_network, IMAGES) == network
    with pytest.raises(UsageError, match="quantised once"):
        quantised(network, IMAGES)
    with pytest.raises(UsageError, match=r"computed in 'int8'"):
        compile_network(network, precision="f32")


def test_other_networks_do_not_compute_in_int8(tiny_network):
    with pytest.raises(UsageError, match="its graph has no 8 bits"):
        compile_network(tiny_network, precision="int8")


@pytest.mark.parametrize("images", [IMAGES[:0], IMAGES[:, :16], IMAGES.astype(np.float32)])
def test_images_must_fit_the_network(tiny_network, images):
    with pytest.raises(UsageError, match="is quantised with at least one uint8 image"):
        quantised(tiny_network, images)


@pytest.mark.parametrize("stdout", [b"", b"[1]", b"{}", b'{"done": false}'])
def test_failures_are_conversion_errors(tiny_network, monkeypatch, stdout):
    ends(monkeypatch, 0, stdout)
    with pytest.raises(ConversionError, match=r"could not be quantised(.|\n)*out of memory"):
        quantised(tiny_network, IMAGES)


def test_a_full_disk_is_told(tiny_network, monkeypatch):
    ends(monkeypatch, 0, b'{"error": "StorageError", "message": "no room"}')
    with pytest.raises(StorageError, match="no room"):
        quantised(tiny_network, IMAGES)


def test_without_nncf_the_command_to_install_it_is_told(monkeypatch):
    def missing(name):
        raise quantising.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.undo()
    monkeypatch.setattr(quantising.importlib.metadata, "version", missing)
    with pytest.raises(MissingExtra, match=r"\[int8\]"):
        check_nncf()
