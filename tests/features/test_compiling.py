import dataclasses

import pytest

from headstart.backbones.catalogue import get_backbone
from headstart.backbones.networks import network_key
from headstart.errors import UsageError
from headstart.features import accelerator, keras_engine, openvino_engine
from headstart.features.compiling import choose_runtime, compile_network, has_bf16


def test_a_compiled_network_is_kept(tiny_network, make_network):
    first = compile_network(tiny_network)
    assert compile_network(tiny_network) is first
    assert compile_network(dataclasses.replace(tiny_network, key="other")) is not first
    for seed in range(4):
        compile_network(make_network(seed=seed))
    assert compile_network(tiny_network) is not first


def test_compiling_is_logged_once(make_network, caplog):
    caplog.set_level("DEBUG", logger="headstart")
    network = make_network(seed=123)
    for _ in range(2):
        choose_runtime("auto", network)
        compile_network(network, threads=1)
    said = [record.getMessage() for record in caplog.records]
    assert said.count("tiny runs on openvino") == 2
    (compiled,) = (text for text in said if text.startswith("compiled"))
    assert compiled.startswith("compiled tiny for openvino (f32, threads: 1) in ")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"precision": "f16"}, "precision must be one of f32, bf16. Received: 'f16'"),
        ({"outputs": ("logits",)}, "output of tiny must be one of features, .* Received: 'logits'"),
        ({"outputs": ()}, "at least one output"),
    ],
)
def test_wrong_arguments_are_refused(tiny_network, wrong, message):
    with pytest.raises(UsageError, match=message):
        compile_network(tiny_network, **wrong)


@pytest.fixture
def catalogued(tiny_network):
    """Called as the catalogue's mini would be that has these weights."""
    row = get_backbone("mini")
    key = network_key(row, tiny_network.weights_sha256, tiny_network.size)
    return dataclasses.replace(tiny_network, name="mini", key=key)


@pytest.mark.parametrize(("seen", "runtime"), [(True, "keras"), (False, "openvino")])
def test_auto_takes_keras_where_there_is_an_accelerator(catalogued, monkeypatch, seen, runtime):
    monkeypatch.setattr(accelerator, "may_have_accelerator", lambda: True)
    monkeypatch.setattr(accelerator, "sees_accelerator", lambda: seen)
    monkeypatch.setattr(keras_engine, "can_build", lambda _: True)
    assert choose_runtime("auto", catalogued) == runtime
    assert choose_runtime("openvino", catalogued) == "openvino"


def test_auto_runs_weights_that_are_not_at_hand_on_openvino(catalogued, monkeypatch):
    """As those of a fine-tuned network are: mini's own are another file."""
    monkeypatch.setattr(accelerator, "may_have_accelerator", lambda: True)
    monkeypatch.setattr(accelerator, "sees_accelerator", lambda: True)
    assert choose_runtime("auto", catalogued) == "openvino"
    own = get_backbone("mini").weights_sha256
    key = network_key(get_backbone("mini"), own, catalogued.size)
    same = dataclasses.replace(catalogued, weights_sha256=own, key=key)
    assert choose_runtime("auto", same) == "keras"


@pytest.mark.parametrize("changed", [{"pooling": "max"}, {"layer": "block_1"}])
def test_keras_computes_a_networks_own_features_only(catalogued, changed):
    with pytest.raises(UsageError, match="own features only"):
        choose_runtime("keras", dataclasses.replace(catalogued, **changed))


@pytest.mark.parametrize("name", ["tiny", "mini", "resnet50"])
def test_what_the_catalogue_can_not_build_runs_on_openvino(catalogued, monkeypatch, name):
    monkeypatch.setattr(accelerator, "may_have_accelerator", lambda: True)
    monkeypatch.setattr(accelerator, "sees_accelerator", lambda: True)
    own = dataclasses.replace(catalogued, name=name, key=f"{name}-of-my-own")
    assert choose_runtime("auto", own) == "openvino"
    assert choose_runtime("keras", own) == "keras"


def test_there_must_be_such_a_device(catalogued):
    with pytest.raises(UsageError, match="device must be one of auto, openvino, keras"):
        choose_runtime("GPU", catalogued)


def test_keras_has_bfloat16_and_openvino_where_the_processor_has(monkeypatch):
    monkeypatch.setattr(openvino_engine, "has_bf16", lambda: False)
    assert (has_bf16("keras"), has_bf16("openvino")) == (True, False)
