"""The freeze point: the layers below it are frozen, the layers above it are trained."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

    from keras import KerasTensor, Layer, Model

ALL, LAST_STAGE = "all", "last-stage"


@dataclass(frozen=True, slots=True, eq=False)
class FreezePoint:
    """A backbone in two parts.

    Attributes
    ----------
    backbone : keras.Model
        From pixels to features. Only the layers above the point are trainable, and no batch
        normalisation.
    first : int
        The number of the first layer that is trained.
    crossing : tuple of str
        The layers below the point whose outputs are used above it. Empty if every layer is trained.
    upper : keras.Model or None
        From those outputs to features, with the same layers. None if every layer is trained.
    """

    backbone: Model
    first: int
    crossing: tuple[str, ...]
    upper: Model | None

    @property
    def first_layer(self) -> str:
        """The name of the first layer that is trained."""
        return str(self.backbone.layers[self.first].name)

    @property
    def n_learning(self) -> int:
        """The number of layers with weights that are trained."""
        return sum(bool(layer.trainable_weights) for layer in self.backbone.layers)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the outputs that cross the point, for one image."""
        return [] if self.upper is None else [tuple(each.shape[1:]) for each in self.upper.inputs]


def freeze(keras: ModuleType, backbone: Model, where: int | str) -> FreezePoint:
    """Split a backbone at the freeze point, and freeze the layers below it.

    Batch normalisation above the point is frozen, too. It keeps the statistics of the many images
    that it was trained on, because those of a few small batches are noise. Keras runs a frozen
    batch normalisation as in prediction.

    Parameters
    ----------
    keras : module
    backbone : keras.Model
        From pixels to features.
    where : int or str
        See `first_to_learn`.

    Raises
    ------
    UsageError
        If there is no such freeze point.
    """
    first = first_to_learn(backbone, where)
    for number, layer in enumerate(backbone.layers):
        layer.trainable = number >= first and not isinstance(layer, keras.layers.BatchNormalization)
    crossing = _crossing(backbone, first)
    upper = None
    if crossing:
        upper = keras.Model([tensor for _, tensor in crossing], backbone.output, name="upper")
    return FreezePoint(backbone, first, tuple(name for name, _ in crossing), upper)


def first_to_learn(model: Model, where: int | str) -> int:
    """Return the number of the first layer that is trained.

    Parameters
    ----------
    model : keras.Model
        From pixels to features.
    where : int or str
        "all" trains every layer. "last-stage" trains the layers after the last halving of height
        and width. A number trains the layers from this one on; below zero, it counts from the end.
        Any other text is the name of a layer, or the beginning of the names of a block's layers
        ("block5", "conv5", "block_16").

    Raises
    ------
    UsageError
        If there is no such layer, or no layer that can be trained is left.
    """
    first = _number(model, str(where))
    if not any(_learns(layer) for layer in model.layers[first:]):
        raise UsageError(
            "At least one layer must be trained. Received: the freeze point "
            f"{where!r}, from which on {model.name} has no weights besides batch normalisation."
        )
    return first


def _number(model: Model, where: str) -> int:
    if where == ALL:
        return 0
    if where == LAST_STAGE:
        return _last_stage(model)
    if is_number(where):
        return _by_number(model, int(where))
    return _by_name(model, where)


def is_number(where: str) -> bool:
    """Tell whether a freeze point is the number of a layer."""
    return where.removeprefix("-").isdecimal()


def _by_number(model: Model, number: int) -> int:
    n = len(model.layers)
    if not -n <= number < n:
        raise UsageError(
            f"{model.name} has {n} layers: the freeze point must be from {-n} to {n - 1}. "
            f"Received: {number}."
        )
    return number % n


def _by_name(model: Model, name: str) -> int:
    names = [layer.name for layer in model.layers]
    if name in names:
        return names.index(name)
    block = [number for number, each in enumerate(names) if _is_part(each, name)]
    if block:
        return block[0]
    known = dict.fromkeys([*(block for each in names for block in _blocks(each)), *names])
    close = difflib.get_close_matches(name, known, n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise UsageError(
        f"The freeze point must be '{ALL}', '{LAST_STAGE}', a number, or a layer or block of "
        f"{model.name}. Received: {name!r}.{hint} `headstart models NAME` lists a network's layers."
    )


def _is_part(name: str, block: str) -> bool:
    """Tell whether a layer belongs to a block, as block_16_add to block_16, but not block_1."""
    rest = name.removeprefix(block)
    return bool(block) and rest != name and not (block[-1].isdigit() and rest[:1].isdigit())


def _blocks(name: str) -> list[str]:
    """Return the blocks that a layer may belong to: the beginnings of its name."""
    return [name[: end.start()] for end in re.finditer("[_-]", name)]


def _learns(layer: Layer) -> bool:
    return bool(layer.weights) and type(layer).__name__ != "BatchNormalization"


def _last_stage(model: Model) -> int:
    """Return the layer after the last halving where the fewest values cross.

    A halving counts only if a layer with weights follows it that makes a feature map.
    """
    areas = [math.prod(_output(layer).shape[1:3]) for layer in model.layers if _is_map(layer)]
    for area in sorted({area for area in areas if area > 1}):
        stage = [
            number
            for number in range(1, len(model.layers))
            if _is_cut(model, number, area)
            and any(_learns(layer) for layer in model.layers[number:] if _is_map(layer))
        ]
        if stage:
            return min(stage, key=lambda number: (_amount(model, number), number))
    return 0


def _is_cut(model: Model, number: int, area: int) -> bool:
    """Tell whether everything that crosses before a layer is a feature map of this area."""
    return all(
        len(tensor.shape) == 4 and math.prod(tensor.shape[1:3]) == area
        for _, tensor in _crossing(model, number)
    )


def _amount(model: Model, number: int) -> int:
    return sum(math.prod(tensor.shape[1:]) for _, tensor in _crossing(model, number))


def _is_map(layer: Layer) -> bool:
    return len(_output(layer).shape) == 4


def _output(layer: Layer) -> KerasTensor:
    output: Any = layer.output
    return output[0] if isinstance(output, list) else output


def _crossing(model: Model, first: int) -> list[tuple[str, KerasTensor]]:
    """Return the layers below `first` whose outputs are used from `first` on, with the outputs."""
    if first == 0:
        return []
    below = {layer.name for layer in model.layers[:first]}
    used: dict[str, KerasTensor] = {}
    wanted = [tensor for layer in model.layers[first:] for tensor in _inputs(layer)]
    for tensor in [*wanted, *model.outputs]:
        maker = tensor._keras_history.operation  # noqa: SLF001 - Keras has no public name for it
        if maker.name in below:
            used.setdefault(maker.name, tensor)
    return list(used.items())


def _inputs(layer: Layer) -> list[KerasTensor]:
    inputs: Any = layer.input
    return inputs if isinstance(inputs, list) else [inputs]
