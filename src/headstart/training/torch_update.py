"""The step of an optimizer on torch, for all weights at once.

Torch's own optimizers use the same functions, whose names begin with ``_foreach``.
"""
# ruff: noqa: SLF001 - they have no public names

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras.optimizers import Optimizer
    from torch import Tensor

    Tensors = list[Tensor]


class Update:
    """Moves weights as an optimizer of Keras does, all of them at once.

    Keras's own on torch read the learning rate back from the device in each step, and with a rate
    for each layer go variable by variable.

    Parameters
    ----------
    optimizer : keras.Optimizer
        One that `headstart.training.optimizers.make_optimizer` made, and built with the variables.
        Its own variables hold the state.
    variables : sequence of keras.Variable
    """

    def __init__(self, optimizer: Optimizer, variables: Sequence[Any]) -> None:
        self._optimizer = optimizer
        self._values: Tensors = [each.value for each in variables]
        self._rates: Sequence[float] = getattr(optimizer, "factors", [1.0] * len(variables))
        self._decay = float(optimizer.weight_decay or 0)
        self._decaying = [
            each.value for each in variables if self._decay and optimizer._use_weight_decay(each)
        ]
        kinds = {kind.__name__ for kind in type(optimizer).__mro__}
        self._rule, slots = next(rule for name, rule in _RULES.items() if name in kinds)
        self._slots: list[Tensors] = [
            [each.value for each in getattr(optimizer, slot)] for slot in slots
        ]
        for group in self._slots:
            for slot, value in zip(group, self._values, strict=False):
                # In the same order as the weights, or torch goes one by one.
                slot.data = torch.empty_like(value).copy_(slot.data)
        self._steps: Tensor = optimizer.iterations.value
        self._done: int | None = None

    def __call__(self, gradients: Sequence[Tensor], rate: float) -> None:
        """Make a step with gradients, one for each variable, in any type."""
        done = int(self._steps) if self._done is None else self._done
        self._done = done + 1
        self._steps += 1
        if self._decaying:
            torch._foreach_mul_(self._decaying, 1 - self._decay * rate)
        floats = [each.to(value.dtype) for each, value in zip(gradients, self._values, strict=True)]
        rates = [rate * each for each in self._rates]
        self._rule(self._optimizer, self._values, floats, self._slots, rates, done + 1)

    def recount(self) -> None:
        """Read the number of steps from Keras's variable next time: it may be another one."""
        self._done = None


def _adam(
    optimizer: Any,
    values: Tensors,
    gradients: Tensors,
    slots: Sequence[Tensors],
    rates: Sequence[float],
    step: int,
) -> None:
    means, squares = slots
    first, second = optimizer.beta_1, optimizer.beta_2
    unbiased = math.sqrt(1 - second**step) / (1 - first**step)
    torch._foreach_lerp_(means, gradients, 1 - first)
    torch._foreach_mul_(squares, second)
    torch._foreach_addcmul_(squares, gradients, gradients, 1 - second)
    sizes = torch._foreach_sqrt(squares)
    torch._foreach_add_(sizes, optimizer.epsilon)
    torch._foreach_addcdiv_(values, means, sizes, [-rate * unbiased for rate in rates])


def _rmsprop(
    optimizer: Any,
    values: Tensors,
    gradients: Tensors,
    slots: Sequence[Tensors],
    rates: Sequence[float],
    step: int,
) -> None:
    del step
    (squares,) = slots
    torch._foreach_mul_(squares, optimizer.rho)
    torch._foreach_addcmul_(squares, gradients, gradients, 1 - optimizer.rho)
    sizes = torch._foreach_add(squares, optimizer.epsilon)
    torch._foreach_sqrt_(sizes)
    torch._foreach_addcdiv_(values, gradients, sizes, [-rate for rate in rates])


def _sgd(
    optimizer: Any,
    values: Tensors,
    gradients: Tensors,
    slots: Sequence[Tensors],
    rates: Sequence[float],
    step: int,
) -> None:
    del step
    (velocities,) = slots
    moves = torch._foreach_mul(gradients, [-rate for rate in rates])
    if not optimizer.momentum:
        torch._foreach_add_(values, moves)
        return
    torch._foreach_mul_(velocities, optimizer.momentum)
    torch._foreach_add_(velocities, moves)
    torch._foreach_add_(values, moves)
    torch._foreach_add_(values, velocities, alpha=optimizer.momentum)


# What the optimizers of `headstart.training.optimizers` do, and where they keep their state.
_RULES = {
    "Adam": (_adam, ("_momentums", "_velocities")),
    "RMSprop": (_rmsprop, ("_velocities",)),
    "SGD": (_sgd, ("momentums",)),
}
