"""Training steps on JAX: one compiled program, whose state stays on the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.training.steps import Steps, as_list

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from keras import Model
    from keras.optimizers import Optimizer
    from numpy.typing import NDArray

    from headstart.training.batches import Batch
    from headstart.training.steps import Figures

    # Trainable variables, the other ones, and those of the optimizer.
    State = tuple[list[Any], list[Any], list[Any]]


class JaxSteps(Steps):
    """Trains by a function of the whole state, compiled once for each shape of a batch.

    Keras's own step brings the state from some hundred variables and back each time, and waits for
    the loss. Here the variables get the state only when they are asked for.
    """

    def __init__(
        self,
        keras: ModuleType,
        model: Model,
        network: Model,
        optimizer: Optimizer,
        losses: Sequence[Any],
        weights: Sequence[float],
    ) -> None:
        import jax

        super().__init__(model, network, optimizer)
        self._ops = keras.ops
        self._objective = list(zip(weights, losses, strict=True))
        self._rate_at = _position(optimizer.learning_rate, optimizer.variables)
        self._variables = (
            list(model.trainable_variables),
            list(model.non_trainable_variables),
            list(optimizer.variables),
        )
        self._kept = _places(network.weights, self._variables)
        self._predicting = (
            _places(network.trainable_variables, self._variables),
            _places(network.non_trainable_variables, self._variables),
        )
        self._state: State | None = None
        # The old state is given up, so that it takes no room beside the new one.
        self._step = jax.jit(self._stepped, donate_argnums=0)
        self._mix = jax.jit(_mixed, donate_argnums=0)
        self._predict = jax.jit(self._predicted)

    def train(self, batch: Batch, rate: float) -> Figures:
        """Make a step; see `Steps`."""
        state, self._state = self._present(), None
        inputs = as_list(batch.inputs)
        self._state, figures = self._step(
            state, np.float32(rate), inputs, batch.targets, batch.weights
        )
        return figures

    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Return class probabilities; see `Steps`."""
        state = self._present()
        variables = [[state[group][at] for group, at in part] for part in self._predicting]
        return np.asarray(self._predict(*variables, as_list(inputs)), np.float32)

    def mixed(self, average: Sequence[Any] | None, share: float) -> Sequence[Any]:
        """Return an average of weights; see `Steps`."""
        state = self._present()
        present = [state[group][at] for group, at in self._kept]
        if average is None:
            average = [np.zeros(each.shape, np.float32) for each in present]
        return self._mix(list(average), present, np.float32(share))

    def settle(self) -> None:
        """Give Keras's variables the present state; see `Steps`."""
        if self._state is not None:
            for variables, values in zip(self._variables, self._state, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
        self._state = None

    def _present(self) -> State:
        if self._state is not None:
            return self._state
        first, second, third = ([each.value for each in group] for group in self._variables)
        return first, second, third

    def _stepped(
        self,
        state: State,
        rate: Any,
        inputs: list[Any],
        targets: list[Any],
        weights: Any,
    ) -> tuple[State, Figures]:
        import jax

        trainable, others, optimizer = state
        optimizer = [*optimizer[: self._rate_at], rate, *optimizer[self._rate_at + 1 :]]

        def objective(trainable: list[Any]) -> Any:
            outputs, changed, more = self.model.stateless_call(
                trainable, others, self._floats(inputs), training=True, return_losses=True
            )
            outputs = as_list(outputs)
            total = sum(more)
            for (weight, loss), target, output in zip(
                self._objective, targets, outputs, strict=True
            ):
                total += weight * loss(target, output, sample_weight=weights)
            return total, (outputs[0], changed)

        (loss, (found, others)), gradients = jax.value_and_grad(objective, has_aux=True)(trainable)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        right = found.argmax(axis=1) == targets[0].argmax(axis=1)
        return (trainable, others, optimizer), (loss, right.mean())

    def _predicted(self, trainable: list[Any], others: list[Any], inputs: list[Any]) -> Any:
        found, _ = self.network.stateless_call(
            trainable, others, self._floats(inputs), training=False
        )
        return found

    def _floats(self, inputs: list[Any]) -> Any:
        floats = [self._ops.cast(each, "float32") for each in inputs]
        return floats if len(floats) > 1 else floats[0]


def _mixed(average: list[Any], present: list[Any], share: Any) -> list[Any]:
    return [(1 - share) * old + share * now for old, now in zip(average, present, strict=True)]


def _position(variable: Any, variables: Sequence[Any]) -> int:
    return next(at for at, each in enumerate(variables) if each is variable)


def _places(variables: Sequence[Any], groups: Sequence[Sequence[Any]]) -> list[tuple[int, int]]:
    """Return the group of each variable, and its position there."""
    known = {
        id(each): (number, at)
        for number, group in enumerate(groups)
        for at, each in enumerate(group)
    }
    return [known[id(each)] for each in variables]
