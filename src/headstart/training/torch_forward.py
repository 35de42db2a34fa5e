"""A Keras network as plain calls of torch, in memory where the channels of a pixel lie together.

Keras's own layers give the same numbers, but each of them costs Python more time than a GPU needs
for its work, and brings kernels into another order for every call. The layers that most networks
are made of are called directly here. Any other one is called as it is, on tensors of the same
shape: (n, height, width, channels).
"""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keras import KerasTensor, Layer, Model
    from torch import Tensor

    # Takes what the layer takes.
    Call = Callable[[Any], Any]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda values: values,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "hard_sigmoid": functional.hardsigmoid,
    "hard_silu": functional.hardswish,
    "softmax": lambda values: torch.softmax(values, -1),
}


class Parameters:
    """The values of Keras's variables as the layers compute with them.

    In mixed precision there is a copy of each in bfloat16, which all layers and networks share.

    Attributes
    ----------
    training : bool
        Whether layers are called to train them, or to predict.
    """

    def __init__(self) -> None:
        self.training = False
        self._masters: dict[int, tuple[Tensor, Tensor]] = {}

    def take(self, variable: Any, dtype: torch.dtype) -> Tensor:
        """Return the tensor that holds a variable in a type. It stays the same one."""
        master = variable.value
        if master.dtype == dtype:
            return master
        if id(master) not in self._masters:
            copy = torch.empty_like(master, dtype=dtype, requires_grad=master.requires_grad)
            self._masters[id(master)] = master, copy
        return self._masters[id(master)][1]

    def learning(self, masters: Sequence[Tensor]) -> list[Tensor]:
        """Return the tensors whose gradients are those of the variables."""
        return [self._masters.get(id(each), (each, each))[1] for each in masters]

    def refresh(self, *, training: bool) -> None:
        """Bring the copies up to date, for a call to train or to predict."""
        self.training = training
        if self._masters:
            masters, copies = zip(*self._masters.values(), strict=True)
            with torch.no_grad():
                # All of them at once; torch's own optimizers use these functions, too.
                torch._foreach_copy_(copies, masters)


def arrange_kernels(model: Model) -> None:
    """Put the kernels of convolutions into the order in which they are used: channels last.

    Their shapes and values stay. Torch would bring them into that order in every step.
    """
    for layer in _flat(model):
        kernel = getattr(layer, "kernel", None)
        if kernel is None or len(kernel.shape) != 4:
            continue
        value = kernel.value
        with torch.no_grad():
            if _is_depthwise(layer):
                value.data = value.data.permute(2, 3, 0, 1).contiguous().permute(2, 3, 0, 1)
            else:
                value.data = value.data.permute(3, 0, 1, 2).contiguous().permute(1, 2, 3, 0)


class Forward:
    """Computes the outputs of a network.

    Parameters
    ----------
    model : keras.Model
        Made of a graph of layers.
    parameters : Parameters
        To be refreshed before each call.
    """

    def __init__(self, model: Model, parameters: Parameters) -> None:
        self._inputs = [id(each) for each in model.inputs]
        self._outputs = [id(each) for each in model.outputs]
        self._single = not isinstance(model.output, list | tuple)
        self._calls: list[_Call] = []
        seen = set(self._inputs)
        for output in model.outputs:
            self._add(output, seen, parameters)
        self._uses = Counter(each for call in self._calls for each in call.needs)
        self._uses.update(self._outputs)

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs: one tensor, or a list as the model has it."""
        flat = inputs if isinstance(inputs, list | tuple) else [inputs]
        values: dict[int, Any] = dict(zip(self._inputs, flat, strict=True))
        uses = self._uses.copy()
        for call in self._calls:
            values.update(zip(call.makes, call(values), strict=True))
            # What nothing needs any more would take up memory to the end.
            for name in call.needs:
                uses[name] -= 1
                if not uses[name]:
                    del values[name]
        found = [values[each] for each in self._outputs]
        return found[0] if self._single else found

    def _add(self, tensor: KerasTensor, seen: set[int], parameters: Parameters) -> None:
        """Add the call that makes a tensor, after those that make what it needs."""
        waiting = [tensor]
        while waiting:
            last = waiting[-1]
            operation, number, _ = last._keras_history  # noqa: SLF001 - Keras has no public way
            node = operation._inbound_nodes[number]  # noqa: SLF001 - the same
            missing = [each for each in node.input_tensors if id(each) not in seen]
            if id(last) in seen or not missing:
                waiting.pop()
                if id(last) not in seen:
                    self._calls.append(_call(node, parameters))
                    seen.update(id(each) for each in node.outputs)
            else:
                waiting.extend(missing)


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """A call in a network: what it needs and makes, by the identities of Keras's tensors."""

    node: Any
    needs: tuple[int, ...]
    makes: tuple[int, ...]
    function: Call

    def __call__(self, values: dict[int, Any]) -> Sequence[Any]:
        args, kwargs = self.node.arguments.fill_in(values)
        found = self.function(*args, **kwargs)
        return found if isinstance(found, list | tuple) else (found,)


def _call(node: Any, parameters: Parameters) -> _Call:
    arguments, function = node.arguments, None
    if len(arguments.args) == 1 and not arguments.kwargs:
        function = _function(node.operation, parameters)
    return _Call(
        node,
        tuple(id(each) for each in arguments.keras_tensors),
        tuple(id(each) for each in node.outputs),
        function or _by_keras(node.operation, parameters),
    )


def _function(layer: Any, parameters: Parameters) -> Call | None:
    """Return what computes a layer; None where only the layer itself does."""
    if hasattr(layer, "layers"):
        return Forward(layer, parameters)
    kind = type(layer)
    # A subclass, of Keras's or the user's, may compute something else.
    build = _KINDS.get(kind.__name__) if kind.__module__.startswith("keras.") else None
    return build(layer, parameters) if build else None


def _by_keras(layer: Any, parameters: Parameters) -> Call:
    if "training" not in inspect.signature(layer.call).parameters:
        return layer
    # The graph may hold a value for it, None, from when it was built.
    return lambda *inputs, **more: layer(*inputs, **more | {"training": parameters.training})


def _convolution(layer: Any, parameters: Parameters) -> Call | None:
    if layer.data_format != "channels_last" or getattr(layer, "lora_enabled", False):
        return None
    dtype = _dtype(layer)
    kernel = parameters.take(layer.kernel, dtype)
    bias = parameters.take(layer.bias, dtype) if layer.use_bias else None
    activation = _activation(layer.activation)
    size, strides, dilation = layer.kernel_size, layer.strides, layer.dilation_rate
    reach = [(one - 1) * rate + 1 for one, rate in zip(size, dilation, strict=True)]
    depthwise = _is_depthwise(layer)
    groups = layer.kernel.shape[2] if depthwise else layer.groups
    same = layer.padding == "same"

    def call(values: Tensor) -> Tensor:
        values = _channels_first(values.to(dtype))
        padding = [0, 0]
        if same:
            (top, bottom), (left, right) = (
                _same_padding(*each) for each in zip(values.shape[2:], reach, strides, strict=True)
            )
            if (top, left) == (bottom, right):
                padding = [top, left]
            else:
                values = functional.pad(values, (left, right, top, bottom))
        if depthwise:
            weights = kernel.permute(2, 3, 0, 1).reshape(-1, 1, *size)
        else:
            weights = kernel.permute(3, 2, 0, 1)
        found = functional.conv2d(values, weights, bias, strides, padding, dilation, groups)
        return activation(found.permute(0, 2, 3, 1))

    return call


def _dense(layer: Any, parameters: Parameters) -> Call | None:
    if getattr(layer, "lora_enabled", False):
        return None
    dtype = _dtype(layer)
    kernel = parameters.take(layer.kernel, dtype)
    bias = parameters.take(layer.bias, dtype) if layer.use_bias else None
    activation = _activation(layer.activation)

    def call(values: Tensor) -> Tensor:
        return activation(functional.linear(values.to(dtype), kernel.T, bias))

    return call


def _normalisation(layer: Any, parameters: Parameters) -> Call | None:
    rank = len(layer.output.shape)
    if layer.renorm or layer.synchronized or layer.axis not in (-1, rank - 1) or rank not in (2, 4):
        return None
    dtype, keep = _dtype(layer), layer.momentum
    scale = parameters.take(layer.gamma, torch.float32) if layer.scale else None
    offset = parameters.take(layer.beta, torch.float32) if layer.center else None
    mean, variance = layer.moving_mean.value, layer.moving_variance.value

    def call(values: Tensor) -> Tensor:
        values = values.to(dtype)
        if rank == 4:
            values = _channels_first(values)
        n = values.numel() // values.shape[1]
        if not (parameters.training and layer.trainable):
            found = functional.batch_norm(
                values, mean, variance, scale, offset, False, 0.0, layer.epsilon
            )
        else:
            now, spread = torch.empty_like(mean), torch.empty_like(variance)
            # With a momentum of 1 it leaves the batch's own statistics there.
            found = functional.batch_norm(
                values, now, spread, scale, offset, True, 1.0, layer.epsilon
            )
            with torch.no_grad():
                mean.mul_(keep).add_(now, alpha=1 - keep)
                # Torch's variance is that of a sample; Keras keeps that of the batch.
                variance.mul_(keep).add_(spread, alpha=(1 - keep) * (n - 1) / n)
        return found.permute(0, 2, 3, 1) if rank == 4 else found

    return call


def _relu(layer: Any, parameters: Parameters) -> Call | None:
    del parameters
    known = {None: functional.relu, 6.0: functional.relu6}
    if layer.negative_slope or layer.threshold or layer.max_value not in known:
        return None
    function, dtype = known[layer.max_value], _dtype(layer)
    return lambda values: function(values.to(dtype))


def _activation_layer(layer: Any, parameters: Parameters) -> Call:
    del parameters
    function, dtype = _activation(layer.activation), _dtype(layer)
    return lambda values: function(values.to(dtype))


def _add(layer: Any, parameters: Parameters) -> Call:
    del parameters
    dtype = _dtype(layer)

    def call(values: Sequence[Tensor]) -> Tensor:
        total = values[0].to(dtype)
        for each in values[1:]:
            total = total + each.to(dtype)
        return total

    return call


def _zero_padding(layer: Any, parameters: Parameters) -> Call | None:
    del parameters
    if layer.data_format != "channels_last":
        return None
    (top, bottom), (left, right) = layer.padding
    dtype = _dtype(layer)
    return lambda values: functional.pad(values.to(dtype), (0, 0, left, right, top, bottom))


def _average(layer: Any, parameters: Parameters) -> Call | None:
    del parameters
    if layer.data_format != "channels_last":
        return None
    dtype, keep = _dtype(layer), layer.keepdims
    return lambda values: values.to(dtype).mean((1, 2), keepdim=keep)


_KINDS: dict[str, Callable[[Any, Parameters], Call | None]] = {
    "Activation": _activation_layer,
    "Add": _add,
    "BatchNormalization": _normalisation,
    "Conv2D": _convolution,
    "Dense": _dense,
    "DepthwiseConv2D": _convolution,
    "GlobalAveragePooling2D": _average,
    "ReLU": _relu,
    "ZeroPadding2D": _zero_padding,
}


def _activation(function: Any) -> Callable[[Tensor], Tensor]:
    """Return an activation of Keras as torch has it, or as it is: it takes tensors, too."""
    is_keras = getattr(function, "__module__", "").startswith("keras.")
    found: Callable[[Tensor], Tensor] = function
    if is_keras:
        found = _ACTIVATIONS.get(function.__name__, function)
    return found


def _channels_first(values: Tensor) -> Tensor:
    """Return images as torch's convolutions take them, in memory as they are."""
    return values.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def _same_padding(length: int, reach: int, stride: int) -> tuple[int, int]:
    """Return how much Keras's padding "same" adds before and after."""
    missing = max((-(-length // stride) - 1) * stride + reach - length, 0)
    return missing // 2, missing - missing // 2


def _is_depthwise(layer: Any) -> bool:
    return hasattr(layer, "depth_multiplier")


def _dtype(layer: Layer) -> torch.dtype:
    return getattr(torch, str(layer.compute_dtype))


def _flat(model: Model) -> list[Any]:
    """Return the layers of a model, and in place of an inner model its layers."""
    return [
        layer
        for outer in model.layers
        for layer in (_flat(outer) if hasattr(outer, "layers") else [outer])
    ]
