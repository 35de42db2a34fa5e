"""Optimizers and losses under Keras's names, and models compiled with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from keras import Model
    from keras.optimizers import Optimizer

    from headstart.training.settings import LossName, OptimizerName
    from headstart.training.steps import Steps

OPTIMIZERS: dict[OptimizerName, str] = {
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
}
LOSSES: dict[LossName, str] = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
}


def make_optimizer(
    keras: ModuleType,
    name: OptimizerName,
    learning_rate: float,
    *,
    momentum: float = 0.9,
    weight_decay: float | None = None,
    rates: Sequence[float] | None = None,
) -> Optimizer:
    """Return an optimizer.

    Parameters
    ----------
    keras : module
    name : {"adam", "adamw", "rmsprop", "sgd"}
    learning_rate : float
    momentum : float
        The Nesterov momentum of "sgd".
    weight_decay : float, optional
        Decoupled. Biases and batch normalisation are left alone. The default is Keras's own: 0.004
        for "adamw", none for the others.
    rates : sequence of float, optional
        The factor on the learning rate of each variable, in the order in which the optimizer is
        built with them.
    """
    kind = getattr(keras.optimizers, OPTIMIZERS[name])
    options: dict[str, Any] = {"learning_rate": learning_rate}
    if name == "sgd" and momentum:
        options |= {"momentum": momentum, "nesterov": True}
    if weight_decay is not None:
        options["weight_decay"] = weight_decay
    optimizer = (_with_rates(kind, rates) if rates else kind)(**options)
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def make_loss(keras: ModuleType, name: LossName, label_smoothing: float = 0.0) -> Any:
    """Return a loss on probabilities.

    Parameters
    ----------
    keras : module
    name : {"categorical_crossentropy", "binary_crossentropy"}
        The second takes every class for a yes-or-no question of its own, although the
        probabilities add up to 1.
    label_smoothing : float
        The share of each target that is spread over all classes (Szegedy et al. 2015,
        arXiv:1512.00567).
    """
    return getattr(keras.losses, LOSSES[name])(label_smoothing=label_smoothing)


def compile_model(
    keras: ModuleType,
    model: Model,
    optimizer: Optimizer,
    losses: Sequence[Any],
    weights: Sequence[float] | None = None,
    *,
    network: Model | None = None,
) -> Steps:
    """Return what trains a model on Keras's backend.

    Parameters
    ----------
    keras : module
    model : keras.Model
        Its first output is class probabilities.
    optimizer : keras.Optimizer
        A new one of `make_optimizer`.
    losses : sequence
        The loss of each output.
    weights : sequence of float, optional
        The weight of each loss.
    network : keras.Model, optional
        The part of the model that is kept, from inputs to class probabilities; the default is all
        of it.
    """
    backend, kept = keras.backend.backend(), network or model
    given = list(weights or [1.0] * len(losses))
    optimizer.build(model.trainable_variables)
    if backend == "jax":
        from headstart.training.jax_steps import JaxSteps

        return JaxSteps(keras, model, kept, optimizer, losses, given)
    if backend == "torch":
        from headstart.training.torch_steps import TorchSteps

        return TorchSteps(model, kept, optimizer, losses, given)
    from headstart.training.tensorflow_steps import TensorflowSteps

    return TensorflowSteps(model, kept, optimizer, losses, given)


def layerwise_rates(model: Model, decay: float) -> list[float]:
    """Return the factor on the learning rate of each of the model's trainable variables.

    1 for the last layer that learns, `decay` for the one before it, `decay` squared before that.
    Layers near the image are useful for any task and change least (Howard and Ruder 2018,
    arXiv:1801.06146, discriminative fine-tuning).
    """
    learning = [layer for layer in _flat(model) if layer.trainable_weights]
    rates = {
        variable.path: decay**depth
        for depth, layer in enumerate(reversed(learning))
        for variable in layer.trainable_variables
    }
    return [rates[variable.path] for variable in model.trainable_variables]


def _flat(model: Model) -> list[Any]:
    """Return the layers of a model in order, and in place of an inner model its layers."""
    return [
        layer
        for outer in model.layers
        for layer in (_flat(outer) if hasattr(outer, "layers") else [outer])
    ]


def _with_rates(kind: Any, rates: Sequence[float]) -> Any:
    """Return a subclass of an optimizer with a learning rate of its own for each variable."""

    class WithRates(kind):
        factors = tuple(rates)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            # Some backends pass a variable of their own; Keras knows which one it is.
            rate = rates[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * rate)

    return WithRates
