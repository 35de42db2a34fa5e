"""Graphs as Keras networks: which nodes are rebuilt, and how layers are named."""

import types

import pytest
from tests.features.graphs import make_graph

from headstart.networks.keras_graph import Builder, NotRebuilt, rebuild
from headstart.networks.runtime import load_openvino

KERAS = types.SimpleNamespace(Input=lambda *_, **__: None)


def graph(folder, function):
    return load_openvino().Core().read_model(make_graph(folder, function).graph)


def test_names_are_those_that_keras_takes_and_each_is_one_layers():
    builder = Builder(KERAS, pixels="uint8", as_layers=False)
    names = [builder.name(each) for each in ("a/b:0", "a_b_0", "", "conv.1", "a/b:0")]
    assert names == ["a_b_0", "a_b_0_2", "step", "conv_1", "a_b_0_3"]


def test_an_operation_without_a_rule_is_refused_by_name(tmp_path):
    model = graph(tmp_path, lambda ops, x: ops.tanh(x))
    rules = {kind: lambda *_: None for kind in ("Parameter", "Convert", "Subtract", "Divide")}
    with pytest.raises(NotRebuilt, match=r"^Tanh$"):
        rebuild(KERAS, model, ["features"], rules)


def test_a_setting_is_refused_with_its_operation(tmp_path):
    def refuse(*_):
        raise NotRebuilt("its setting")

    model = graph(tmp_path, lambda ops, x: ops.tanh(x))
    with pytest.raises(NotRebuilt, match=r"^Parameter \(its setting\)$"):
        rebuild(KERAS, model, ["features"], {"Parameter": refuse})
