"""Descriptions of Keras networks from strangers: what is kept of them, and what is refused."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.foreign.keras_archives import CONFIG, layer, network

from headstart.foreign.keras_config import clean_model

IMAGE = layer("InputLayer", "image", batch_shape=[None, None, None, 3])


def of_layers(*layers, last):
    return network([copy.deepcopy(IMAGE), *layers], last=last)


def cleaned(kind, **settings):
    """Return what is kept of a layer."""
    config = of_layers(layer(kind, "one", ["image"], **settings), last="one")
    return clean_model(config)["config"]["layers"][1]


def test_layers_and_their_calls_are_kept():
    found = clean_model(CONFIG)
    names = [each["name"] for each in found["config"]["layers"]]
    assert names == ["image", "pool", "dense"]
    dense = found["config"]["layers"][2]
    assert dense["config"] == {
        "name": "dense",
        "units": 2,
        "activation": "softmax",
        "dtype": "float32",
    }
    (call,) = dense["inbound_nodes"]
    assert call["args"][0]["config"]["keras_history"] == ["pool", 0, 0]


def test_what_trains_is_left_out_whatever_it_is():
    evil = {"module": "os", "class_name": "system", "config": {"command": "true"}}
    names = ("kernel_initializer", "bias_regularizer", "kernel_constraint")
    found = cleaned("Dense", units=1, **dict.fromkeys(names, evil))
    assert "system" not in json.dumps(found)


def test_a_size_is_filled_in_where_the_network_takes_any():
    pool = layer("GlobalAveragePooling2D", "pool", ["image"])
    found = clean_model(of_layers(pool, last="pool"), (32, 48))
    assert found["config"]["layers"][0]["config"]["batch_shape"] == [None, 32, 48, 3]
    own = clean_model(CONFIG, (32, 48))
    assert own["config"]["layers"][0]["config"]["batch_shape"] == [None, 4, 4, 3]


def test_settings_of_keras_2_become_those_of_keras_3():
    image = layer("InputLayer", "image", batch_input_shape=[8, 4, 4, 3], ragged=False)
    norm = layer("BatchNormalization", "norm", ["image"], axis=[3])
    depth = layer("DepthwiseConv2D", "depth", ["norm"], kernel_size=3, groups=1)
    config = network([image, norm, depth], last="depth")
    config["module"] = "keras.src.engine.functional"
    for each in config["config"]["layers"]:
        del each["module"], each["registered_name"]
    found = [each["config"] for each in clean_model(config)["config"]["layers"]]
    assert found[0]["batch_shape"] == [None, 4, 4, 3]
    assert found[1]["axis"] == 3
    assert "groups" not in found[2]


@pytest.mark.parametrize(
    "policy",
    [
        "mixed_float16",
        {"class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}, "module": "keras"},
        {"class_name": "Policy", "config": {"name": "float32"}},
    ],
)
def test_everything_is_computed_in_float32(policy):
    assert cleaned("Dense", units=1, dtype=policy)["config"]["dtype"] == "float32"


def test_weights_that_keras_quantised_are_refused():
    policy = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}, "module": "keras"}
    with pytest.raises(ValueError, match=r"the type.*QuantizedDTypePolicy"):
        cleaned("Dense", units=1, dtype=policy)
    with pytest.raises(ValueError, match="weights that Keras quantised"):
        cleaned("Dense", units=1, quantization_config={"mode": "int8"})


def test_an_activation_may_be_a_layer_or_a_name():
    inner = {"module": "keras.layers", "class_name": "LeakyReLU", "config": {"negative_slope": 0.1}}
    found = cleaned("Dense", units=1, activation=inner)["config"]["activation"]
    assert found["class_name"] == "LeakyReLU"
    function = {"module": "builtins", "class_name": "function", "config": "relu"}
    assert cleaned("Dense", units=1, activation=function)["config"]["activation"] == "relu"


CODE = {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}
CUSTOM = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "one"}}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"class_name": "Lambda", "config": {"function": CODE}}, "'Lambda', which is code"),
        ({"class_name": "TFOpLambda"}, "'TFOpLambda', which is code"),
        ({"class_name": "TorchModuleWrapper"}, "'TorchModuleWrapper'"),
        ({"class_name": "LSTM"}, "'LSTM'"),
        ({"module": "os", "class_name": "system"}, "'system' of 'os': a custom object"),
        ({"module": "keras_evil.layers"}, "of 'keras_evil.layers': a custom object"),
        ({"registered_name": "mine>Dense"}, "registered as 'mine>Dense': a custom object"),
        ({"class_name": "Get", "module": "keras.src.ops.numpy"}, "the operation 'Get'"),
        ({"class_name": "GetItem", "module": None}, "a custom object"),
        ({"config": {"activation": "os.system"}}, "the activation 'os.system'"),
        ({"config": {"units": CODE}}, "a value of the class '__lambda__'"),
        ({"config": {"units": {"class_name": "function", "config": "f"}}}, "class 'function'"),
        ({"config": "code"}, "in place of an object"),
        ({"class_name": 7}, "in place of a name"),
        ({"inbound_nodes": {"a": 1}}, "in place of a list"),
    ],
)
def test_what_is_not_in_the_tables_is_refused_by_name(change, why):
    found = layer("Dense", "one", ["image"], units=1) | change
    with pytest.raises(ValueError, match=why):
        clean_model(of_layers(found, last="one"))


def test_operations_in_an_h5_file_say_the_way_round():
    found = layer("TrueDivide", "one", ["image"])
    del found["module"]
    with pytest.raises(ValueError, match=r"save the network as \.keras"):
        clean_model(of_layers(found, last="one"))


def test_code_among_the_arguments_of_a_call_is_refused():
    found = layer("Dense", "one", ["image"], units=1)
    found["inbound_nodes"][0]["kwargs"] = {"mask": CODE}
    with pytest.raises(ValueError, match="__lambda__"):
        clean_model(of_layers(found, last="one"))


def test_networks_that_call_each_other_again_and_again_are_refused():
    inside = copy.deepcopy(CONFIG)
    for level in range(20):
        twice = {**inside, "name": f"level{level}", "inbound_nodes": [{"args": []}, {"args": []}]}
        inside = network([copy.deepcopy(IMAGE), twice], last=f"level{level}")
    with pytest.raises(ValueError, match=r"calls of layers, where 10,000 are the most"):
        clean_model(inside)


def test_a_layer_alone_is_no_network():
    with pytest.raises(ValueError, match="a single layer of the class 'Dense'"):
        clean_model(layer("Dense", "one"))


def test_arrays_in_the_description_are_refused():
    large = {"class_name": "__numpy__", "config": {"value": [1.5] * 10_000, "dtype": "float32"}}
    with pytest.raises(ValueError, match="an array in the description"):
        cleaned("Rescaling", scale=large)
    small = {"class_name": "__numpy__", "config": {"value": [1.5], "dtype": "float32"}}
    assert cleaned("Rescaling", scale=small)["config"]["scale"]["config"]["value"] == [1.5]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class_name", "config", "module", "name", "layers", "inbound_nodes"]),
            inner | st.sampled_from(["Dense", "Functional", "keras", "Sequential", "__slice__"]),
        )
    ),
)


@given(VALUES)
def test_any_json_is_cleaned_or_refused(value):
    try:
        found = clean_model(value)
    except ValueError:
        return
    assert found["class_name"] in ("Model", "Sequential")


@settings(max_examples=50)
@given(st.data())
def test_any_change_of_a_description_is_cleaned_or_refused(data):
    config = copy.deepcopy(CONFIG)
    place = config
    for _ in range(data.draw(st.integers(1, 6))):
        keys = list(place) if isinstance(place, dict) else range(len(place))
        if not keys:
            break
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(VALUES)
            break
        place = place[key]
    try:
        found = clean_model(config)
    except ValueError:
        return
    assert "Lambda" not in json.dumps(found)
