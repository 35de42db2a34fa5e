import shutil
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest

from headstart.augmentation.settings import Augmentation
from headstart.errors import StorageError
from headstart.features.compiling import compile_network
from headstart.finetuning import activations as room
from headstart.finetuning.activations import affordable_views, bytes_of_view, compute_activations

VALUES = {"feature_map": np.ones((8, 8, 16), np.float32), "features": np.ones(16, np.float32)}


@pytest.fixture
def network(tiny_network):
    """The part of a network that leads to two of its maps."""
    shapes = {name: tiny_network.outputs[name] for name in ("feature_map", "features")}
    return replace(tiny_network, outputs=shapes)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)


def kept(network, pixels, folder, **settings):
    usual = {"augmentation": Augmentation(), "n_views": 3, "seed": 0, "folder": folder}
    return compute_activations(network, pixels, **usual | settings)


def test_the_first_view_is_the_whole_image(network, pixels, tmp_path):
    found = kept(network, pixels, tmp_path)
    exact = compile_network(network, outputs=("feature_map", "features")).infer(pixels)
    places = np.array([3, 39, 0])
    for values, name in zip(found.read(places), ("feature_map", "features"), strict=True):
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, exact[name][places], rtol=2e-3, atol=1e-3)


def test_each_image_has_several_views_the_same_for_the_same_seed(network, pixels, tmp_path):
    one, same, other = (
        kept(network, pixels, tmp_path / name, seed=seed)
        for name, seed in (("one", 0), ("same", 0), ("other", 1))
    )
    assert one.n_views == 3
    views = [one.read(np.arange(40), view)[0] for view in range(3)]
    assert not np.allclose(views[1], views[2])
    np.testing.assert_array_equal(one.values[0], same.values[0])
    assert not np.array_equal(one.values[0], other.values[0])


def test_one_view_of_each_image_is_read(network, pixels, tmp_path):
    found = kept(network, pixels, tmp_path)
    values = found.read(np.array([5, 6]), np.array([2, 0]))[1]
    np.testing.assert_array_equal(values[0], found.values[1][2, 5])
    np.testing.assert_array_equal(values[1], found.values[1][0, 6])


def test_all_views_together_decide_about_the_device(network, pixels, tmp_path, monkeypatch):
    asked = []

    def choose(device, _network, n_images, outputs):
        asked.append((device, n_images, outputs))
        return "openvino"

    monkeypatch.setattr(room, "choose_runtime", choose)
    kept(network, pixels, tmp_path, device="gpu")
    assert asked == [("gpu", 3 * 40, ("feature_map", "features"))]


def test_files_from_before_are_used_again(network, pixels, tmp_path, monkeypatch):
    before = kept(network, pixels, tmp_path)
    monkeypatch.setattr(room, "compile_network", None)
    again = kept(network, pixels, tmp_path)
    np.testing.assert_array_equal(before.values[0], again.values[0])


@pytest.mark.parametrize("damage", ["a bit", "cut", "longer", "missing", "hashes", "other views"])
def test_damaged_files_are_made_anew(network, pixels, tmp_path, damage):
    before = [np.array(each) for each in kept(network, pixels, tmp_path).values]
    file = tmp_path / "1.float16"
    data = file.read_bytes()
    match damage:
        case "a bit":
            file.write_bytes(data[:9] + bytes([data[9] ^ 1]) + data[10:])
        case "cut":
            file.write_bytes(data[:-2])
        case "longer":
            file.write_bytes(data + bytes(2))
        case "missing":
            file.unlink()
        case "hashes":
            (tmp_path / "activations.json").write_text("[1]")
        case "other views":
            kept(network, pixels, tmp_path, n_views=2)
    after = kept(network, pixels, tmp_path).values
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_values_too_large_for_half_precision_are_kept_in_single(
    network, pixels, tmp_path, monkeypatch
):
    class Loud:
        def stream(self, images):
            for tag, _ in images:
                yield tag, {"feature_map": np.full((8, 8, 16), 1e6, np.float32),
                            "features": np.ones(16, np.float32)}  # fmt: skip

    monkeypatch.setattr(room, "compile_network", lambda *_, **__: Loud())
    found = kept(network, pixels[:4], tmp_path)
    assert (found.values[0] == 1e6).all()
    assert not list(tmp_path.glob("*.float16"))
    monkeypatch.setattr(room, "compile_network", None)
    assert (kept(network, pixels[:4], tmp_path).values[0] == 1e6).all()


def test_a_full_disk_leaves_nothing_half_written(network, pixels, tmp_path, monkeypatch):
    class Full:
        def stream(self, images):
            yield next(iter(images))[0], VALUES
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "compile_network", lambda *_, **__: Full())
    with pytest.raises(StorageError, match="No space left"):
        kept(network, pixels, tmp_path)
    assert not list(tmp_path.iterdir())


def test_views_are_as_many_as_there_is_room_for(tmp_path, monkeypatch):
    shapes = [(7, 7, 160), (7, 7, 64)]
    assert bytes_of_view(shapes, 10) == 10 * 2 * 49 * 224
    one = bytes_of_view(shapes, 10)
    assert affordable_views(shapes, 10, 8, 100 * one, tmp_path) == 8
    assert affordable_views(shapes, 10, 8, 3 * one + 1, tmp_path) == 3
    assert affordable_views(shapes, 10, 8, one - 1, tmp_path) == 0
    Usage = namedtuple("Usage", "total used free")
    usage = Usage(100 * one, 90 * one, 10 * one)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert affordable_views(shapes, 10, 8, 100 * one, tmp_path) == 5
