"""The description of a Keras network from a stranger: only what it needs to predict is kept.

Keras builds whatever classes a description names, wherever they are, and calls their
``from_config``. So it never sees the description that is in a file. It gets a new one, of classes
of this module's tables and of plain values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.escaping import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]

#: Calls of layers in a network, those in networks inside it included. NASNetLarge has 1,100.
MAX_CALLS = 10_000

_OF_KERAS = (
    *("InputLayer", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Dense"),
    *("BatchNormalization", "GroupNormalization", "LayerNormalization", "UnitNormalization"),
    *("Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"),
    *("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"),
    *("AveragePooling2D", "MaxPooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D"),
    *("AvgPool2D", "MaxPool2D", "GlobalAvgPool2D", "GlobalMaxPool2D"),
    *("Cropping2D", "Flatten", "Permute", "RepeatVector", "Reshape", "UpSampling2D"),
    *("ZeroPadding2D", "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout"),
    *("GaussianNoise", "SpatialDropout2D", "CenterCrop", "Normalization", "Rescaling", "Resizing"),
    *("RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation"),
    *("RandomTranslation", "RandomZoom", "EinsumDense", "Identity", "MultiHeadAttention"),
)
_NUMPY = (
    *("Absolute", "Add", "Clip", "Concatenate", "Divide", "ExpandDims", "GetItem", "Matmul", "Max"),
    *("Maximum", "Mean", "Minimum", "Multiply", "Negative", "Power", "Reshape", "Sqrt", "Square"),
    *("Squeeze", "Stack", "Subtract", "Sum", "Transpose", "TrueDivide"),
)
_NN = (
    *("Elu", "Gelu", "HardSigmoid", "HardSilu", "LeakyRelu", "Relu", "Relu6", "Sigmoid", "Silu"),
    *("Softmax", "Tanh"),
)
_LAYERS = {
    **dict.fromkeys(_OF_KERAS, "keras.layers"),
    "LayerScale": "keras.src.applications.convnext",
    "CustomScaleLayer": "keras.src.applications.inception_resnet_v2",
}
_OPERATIONS = {
    "keras.src.ops.numpy": _NUMPY,
    "keras.src.ops.nn": _NN,
    "keras.src.ops.core": ("Cast",),
    "keras.src.ops.operation": (),
}
_MODELS = ("Functional", "Model", "Sequential")
_ACTIVATIONS = (
    *("elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "leaky_relu"),
    *("linear", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign"),
    *("swish", "tanh"),
)
#: Types that weights may be computed in. Here, all are computed in float32.
_TYPES = (
    *("float16", "float32", "float64", "bfloat16", "mixed_float16", "mixed_bfloat16"),
    *("uint8", "int32", "int64"),
)
# They tell how a network is trained. None of it is built.
_OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
_LEFT_OUT = ("dtype", "optional", "ragged", "seed", "sparse", "synchronized", "trainable")
_LONGEST = 10_000
_ANSWER = "probabilities"
_PLAIN = (str, int, float, bool, type(None))


def clean_model(config: object, size: tuple[int, int] | None = None) -> Json:
    """Return a description of a network that Keras may build.

    Parameters
    ----------
    config : object
        What JSON gave: ``config.json`` of a ``.keras`` file, or ``model_config`` of an ``.h5``
        file, as Keras 2 or 3 writes them.
    size : tuple of int, optional
        Height and width of the images, where the network takes any.

    Returns
    -------
    dict
        For ``keras.saving.deserialize_keras_object``. It has the layers and how they are called.
        Initialisers, regularisers, constraints, losses and the optimizer are left out, whatever
        they are: nothing of them predicts.

    Raises
    ------
    ValueError
        For a layer, operation or activation that is not in the tables of this module, a class that
        is not Keras's own, code, or too many calls of layers.
    """
    cleaner = _Cleaner(size)
    model, calls = cleaner.layer(config)
    if model["class_name"] not in ("Model", "Sequential"):
        raise ValueError(f"a single layer of the class {quoted(model['class_name'])}")
    if calls > MAX_CALLS:
        raise ValueError(f"{calls:,} calls of layers, where {MAX_CALLS:,} are the most")
    return model


class _Cleaner:
    """Makes clean descriptions of layers, and counts how often layers are called."""

    def __init__(self, size: tuple[int, int] | None) -> None:
        self._size = size

    def layer(self, found: object) -> tuple[Json, int]:
        """Return a layer, and the calls of layers in one call of it."""
        kind, config = _kind(found), _dict(_dict(found).get("config"))
        if kind in _MODELS:
            return self._model(kind, config)
        module = _module(kind, _dict(found))
        clean = {key: self._setting(key, value) for key, value in config.items() if _keeps(key)}
        _check_type(config.get("dtype"))
        if module == "keras.layers":
            clean["dtype"] = "float32"
            clean = _as_keras_3(kind, clean, self._size)
        if kind == "Cast":
            clean["dtype"] = "float32"  # as everything here
        return _class(module, kind, clean), 1

    def _model(self, kind: str, config: Json) -> tuple[Json, int]:
        layers, calls = [], 0
        # Only the outermost network has the size of the images.
        inner = _Cleaner(None)
        for found in _list(config.get("layers")):
            is_input = _dict(found).get("class_name") == "InputLayer"
            layer, inside = (self if is_input else inner).layer(found)
            nodes = _list(_dict(found).get("inbound_nodes", []))
            layer["name"] = _text(_dict(found).get("name", layer["config"].get("name")))
            layer["inbound_nodes"] = [_node(node) for node in nodes]
            layers.append(layer)
            calls += inside * max(1, len(nodes))
        clean: Json = {"name": _text(config.get("name", "model")), "layers": layers}
        if kind == "Sequential":
            for layer in layers:
                del layer["name"], layer["inbound_nodes"]
            return _class("keras", kind, clean), calls
        taken = _value(config.get("input_layers"))
        given = _answer(_value(config.get("output_layers")))
        return _class(
            "keras", "Model", {**clean, "input_layers": taken, "output_layers": given}
        ), calls

    def _setting(self, key: str, value: object) -> object:
        if key == "activation" and isinstance(value, dict):
            if value.get("class_name") == "function":
                return _activation(value.get("config"))
            return self.layer(value)[0]
        if key == "activation":
            return _activation(value)
        if key == "quantization_config" and value is not None:
            raise ValueError("weights that Keras quantised")
        return _value(value)


def _answer(outputs: Any) -> Any:
    """Return the outputs; of outputs with names, as our exports have, the probabilities."""
    return outputs.get(_ANSWER, outputs) if isinstance(outputs, dict) else outputs


def _kind(found: object) -> str:
    kind = _text(_dict(found).get("class_name"))
    registered = _dict(found).get("registered_name")
    module = _dict(found).get("module", "keras")
    is_own = module == "keras" or str(module).startswith("keras.")
    if not is_own or registered not in (None, kind):
        raise ValueError(
            f"the class {quoted(kind)} of {quoted(str(module))}"
            + (f", registered as {quoted(str(registered))}" if registered else "")
            + ": a custom object, whose code is not in the file and would not be run if it were"
        )
    return kind


def _module(kind: str, found: Json) -> str:
    """Return where Keras has a class of layers."""
    given = str(found.get("module"))
    if given in _OPERATIONS:
        if kind in _OPERATIONS[given]:
            return given
        raise ValueError(f"the operation {quoted(kind)} of {quoted(given)}")
    if kind in _LAYERS:
        return _LAYERS[kind]
    why = ", which is code" if "Lambda" in kind else ""
    if kind in _NUMPY + _NN:  # written without its module
        why = ", an operation that Keras can't read from .h5 either: save the network as .keras"
    raise ValueError(f"a layer of the class {quoted(kind)}{why}")


def _class(module: str, kind: str, config: Json) -> Json:
    registered = kind if ".src." in module else None
    return {
        "module": module,
        "class_name": kind,
        "config": config,
        "registered_name": registered,
    }


def _keeps(key: str) -> bool:
    return not key.endswith(_OF_TRAINING) and key not in _LEFT_OUT


def _as_keras_3(kind: str, config: Json, size: tuple[int, int] | None) -> Json:
    """Return the settings of a layer as Keras 3 writes them."""
    if kind == "InputLayer":
        shape = _list(config.pop("batch_input_shape", None) or config.get("batch_shape"))
        if size is not None and len(shape) == 4:
            shape[1:3] = [own or wanted for own, wanted in zip(shape[1:3], size, strict=True)]
        config["batch_shape"] = [None, *shape[1:]]
    if kind == "BatchNormalization" and isinstance(config.get("axis"), list):
        (config["axis"],) = config["axis"]
    if kind == "DepthwiseConv2D" and config.get("groups") == 1:
        del config["groups"]
    if config.get("quantization_config", 0) is None:
        del config["quantization_config"]
    return config


def _check_type(found: object) -> None:
    """Refuse types of weights that are not floats; those of activations do not matter."""
    if isinstance(found, dict) and found.get("class_name") == "DTypePolicy":
        found = _dict(found.get("config")).get("name")
    if isinstance(found, dict) and found.get("class_name") == "Policy":  # of Keras 2
        found = _dict(found.get("config")).get("name")
    if found not in (None, *_TYPES):
        raise ValueError(f"the type {quoted(str(found))}")


def _activation(found: object) -> object:
    if found is not None and found not in _ACTIVATIONS:
        raise ValueError(f"the activation {quoted(str(found))}")
    return found


def _node(found: object) -> object:
    """Return one call of a layer."""
    if isinstance(found, list):  # of Keras 2: [[layer, node, output, {}], ...]
        return _value(found)
    call = _dict(found)
    return {"args": _value(call.get("args", [])), "kwargs": _value(call.get("kwargs", {}))}


def _value(found: object) -> Any:
    """Return a value without classes, besides places of tensors and parts of them."""
    if isinstance(found, _PLAIN):
        return found
    if isinstance(found, list):
        return [_value(each) for each in found]
    values = _dict(found)
    if "class_name" not in values:
        return {key: _value(each) for key, each in values.items()}
    kind = _text(values["class_name"])
    if kind not in _SPECIAL:
        raise ValueError(f"a value of the class {quoted(kind)}")
    return {"class_name": kind, "config": _SPECIAL[kind](_dict(values.get("config")))}


def _tensor(config: Json) -> Json:
    kept = {key: _value(config.get(key)) for key in ("shape", "keras_history")}
    return {**kept, "dtype": "float32"}


def _slice(config: Json) -> Json:
    return {key: _value(config.get(key)) for key in ("start", "stop", "step")}


def _array(config: Json) -> Json:
    values = _value(config.get("value"))
    if len(str(values)) > _LONGEST:
        raise ValueError("an array in the description")
    return {"value": values, "dtype": "float32"}


_SPECIAL: dict[str, Callable[[Json], Json]] = {
    "__keras_tensor__": _tensor,
    "__slice__": _slice,
    "__ellipsis__": lambda _: {},
    "__numpy__": _array,
    "__tensor__": _array,
}


def _dict(found: object) -> Json:
    if not isinstance(found, dict):
        raise ValueError(f"{quoted(str(found))} in place of an object")  # noqa: TRY004 - the file is wrong
    return found


def _list(found: object) -> list[Any]:
    if not isinstance(found, list):
        raise ValueError(f"{quoted(str(found))} in place of a list")  # noqa: TRY004 - the file is wrong
    return found


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise ValueError(f"{quoted(str(found))} in place of a name")  # noqa: TRY004 - the file is wrong
    return found
