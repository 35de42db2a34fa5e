"""Each operation that a graph may have: Keras computes what OpenVINO computes, or refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.networks.operation_graphs import GRAPHS

from headstart.networks.graph_check import OPERATIONS
from headstart.networks.keras_graph import Builder, NotRebuilt
from headstart.networks.keras_operations import RULES
from headstart.networks.layout import CHANNELS_FIRST
from headstart.networks.runtime import load_openvino

ROOT = Path(__file__).parents[2]
# The reader of graphs writes these two otherwise.
_IN_TEXT = {"ReLU": "Relu", "SoftMax": "Softmax"}
TOLERANCE = 1e-4


def compared(folder, backend):
    """Return what `tests.networks.keras_comparing` prints on a backend."""
    pytest.importorskip("keras")
    pytest.importorskip(backend)
    settings = {"KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join([*sys.path, str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-m", "tests.networks.keras_comparing", str(folder)],
        env={**os.environ, **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_values_of_another_shape_are_not_rebuilt():
    value = load_openvino().opset13.parameter([-1, 3, 9, 10], np.float32).output(0)
    builder = Builder(None, pixels="uint8", as_layers=False)
    history = SimpleNamespace(operation=SimpleNamespace(name="pool"))
    made = SimpleNamespace(shape=(None, 9, 10, 3), _keras_history=history)
    builder.record(value, made, CHANNELS_FIRST)
    with pytest.raises(NotRebuilt, match="a result of the shape"):
        builder.record(value, made)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_operations_compute_what_openvino_computes(tmp_path, backend):
    found = compared(tmp_path, backend)
    assert set(found) == {*GRAPHS, "blocks as layers", "attention as layers"}
    refused = {name: why for name, why in found.items() if isinstance(why, str)}
    assert refused == {"Pad less than nothing": "Pad (pad_mode=constant)"}
    assert max(each for each in found.values() if not isinstance(each, str)) < TOLERANCE


def test_every_operation_of_a_graph_has_a_rule_or_is_known_to_have_none():
    ours = {_IN_TEXT.get(name, name) for name in OPERATIONS} - {"Const", "FakeQuantize", "Result"}
    of_heads = {"Log", "Maximum", "OneHot", "ReduceSum", "TopK"}  # on networks that are exported
    assert set(RULES) == ours | of_heads
