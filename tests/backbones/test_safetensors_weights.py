"""Weights in the safetensors format."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.safetensors_weights import VARIABLES, is_safetensors, read_arrays
from headstart.errors import WeightsMismatch
from headstart.networks.runtime import load_processor

ROW = get_backbone("mobilenet_v4_small")
SIZE = [32, 64]


def draw(rng, shape):
    """Return random weights that keep the size of what goes through a network."""
    if len(shape) == 1:
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    return (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1]))).astype(np.float32)


@pytest.fixture(scope="session")
def published(converter):
    """Random arrays with the names and shapes of the published file."""
    request = {"backbone": ROW.name, "folder": "", "size": SIZE, "weights": ""}
    layers = json.loads(converter.ask(task="summarise", **request))["layers"]
    rng = np.random.default_rng(0)
    arrays = {}
    for layer in layers:
        for name, shape in layer["weights"]:
            word, axes = VARIABLES.get(layer["kind"], {}).get(name, (name, None))
            drawn = draw(rng, shape)
            arrays[f"{layer['name']}.{word}".replace("-", ".")] = (
                drawn if axes is None else np.ascontiguousarray(drawn.transpose(np.argsort(axes)))
            )
    return arrays


@pytest.fixture
def ask(converter, tmp_path):
    """Return what converts a file with these arrays, and returns the answer and the graph."""

    def convert(arrays, row=ROW, **more):
        path, graph = tmp_path / "model.safetensors", tmp_path / "graph.xml"
        save_file(arrays, path)
        request = {"backbone": row.name, "weights": str(path), "size": SIZE, **more}
        return json.loads(converter.ask(task="export", **request, graph=str(graph))), graph

    return convert


def test_a_file_is_converted_with_its_classifier(ask, published):
    answer, _ = ask({**published, "bn1.num_batches_tracked": np.array(7)})
    assert answer["outputs"] == {
        "features": [960],
        "feature_map": [1, 2, 960],
        "probabilities": [1000],
    }


def test_numbers_of_16_bits_give_nearly_the_same(ask, published):
    images = np.random.default_rng(1).integers(0, 256, (2, *SIZE, 3), dtype=np.uint8)
    first, second = (
        load_processor().compile_model(ask(arrays)[1])(images)["features"]
        for arrays in (
            published,
            {name: array.astype(np.float16) for name, array in published.items()},
        )
    )
    assert 0 < np.abs(first - second).max() < 0.05 * np.abs(first).max()


@pytest.mark.parametrize("classes", [7, None])
def test_the_classifier_may_be_another_or_missing(classes, ask, published):
    head = ("classifier", "conv_head", "norm_head")
    arrays = published
    if classes is None:
        arrays = {name: array for name, array in published.items() if not name.startswith(head)}
    else:
        cut = {name: published[name][:classes] for name in ("classifier.weight", "classifier.bias")}
        arrays = {**published, **cut}
    answer, _ = ask(arrays)
    assert answer["outputs"].get("probabilities") == (None if classes is None else [classes])


def test_what_does_not_fit_is_named(ask, published):
    wrong = dict(published)
    del wrong["blocks.0.0.conv.weight"]
    answer, _ = ask({**wrong, "another.weight": np.ones(3, np.float32)})
    assert answer["error"] == "WeightsMismatch"
    assert "without blocks.0.0.conv.weight and with another.weight" in answer["message"]


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((32, 3, 5, 5), np.float32), r"numbers of the shape (32, 3, 3, 3)"),
        (np.zeros((32, 27), np.float32), r"numbers of the shape (32, 3, 3, 3)"),
        (np.zeros((32, 3, 3, 3), np.int64), "it is int64"),
        (np.full((32, 3, 3, 3), np.nan, np.float32), "must be finite numbers"),
    ],
)
def test_an_array_that_does_not_fit_is_refused(array, why, ask, published):
    answer, _ = ask({**published, "conv_stem.weight": array})
    assert answer["error"] == "WeightsMismatch"
    assert why in answer["message"]


def test_weights_of_another_network_are_refused(ask, published):
    answer, _ = ask(published, row=get_backbone("mobilenet_v4_medium"))
    assert answer["error"] == "WeightsMismatch"
    assert "name the backbone that the file belongs to" in answer["message"]


def test_the_format_is_told_by_content(tmp_path):
    path = tmp_path / "named.h5"
    save_file({"x": np.ones(1)}, path)
    assert is_safetensors(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n{}")
    assert not is_safetensors(path)
    path.write_bytes(b"")
    assert not is_safetensors(path)


def test_bfloat16_is_refused_by_name(tmp_path):
    path = tmp_path / "model.safetensors"
    header = b'{"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(WeightsMismatch, match="not bfloat16"):
        read_arrays(path)


@given(st.data())
def test_damaged_files_are_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    save_file({"first": np.arange(6, dtype=np.float32).reshape(2, 3), "second": np.ones(2)}, path)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:place])
    with pytest.raises(WeightsMismatch):
        read_arrays(path)
    flipped = bytearray(whole)
    flipped[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(flipped)
    try:
        arrays = read_arrays(path)
    except WeightsMismatch:
        return
    assert sum(array.nbytes for array in arrays.values()) <= len(whole)
