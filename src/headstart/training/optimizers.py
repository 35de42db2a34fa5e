"""Optimizers and losses, under Keras's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from keras import Model
    from keras.optimizers import Optimizer

OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD"}
LOSSES = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
}


def make_optimizer(
    keras: ModuleType,
    name: str,
    learning_rate: float,
    *,
    weight_decay: float | None = None,
    rates: Sequence[float] | None = None,
) -> Optimizer:
    """Return an optimizer.

    Parameters
    ----------
    keras : module
    name : {'adam', 'adamw', 'rmsprop', 'sgd'}
        'sgd' with Nesterov momentum of 0.9.
    learning_rate : float
    weight_decay : float, optional
        Decoupled; biases and batch normalisation are left alone. Keras's own if not given: 0.004
        for 'adamw', none for the others.
    rates : sequence of float, optional
        By what the learning rate of each variable is multiplied, in the order in which the
        optimizer is built with them.

    Raises
    ------
    UsageError
        If there is no such optimizer.
    """
    check_known("optimizer", name, OPTIMIZERS)
    kind = getattr(keras.optimizers, OPTIMIZERS[name])
    options: dict[str, Any] = {"learning_rate": learning_rate}
    if name == "sgd":
        options |= {"momentum": 0.9, "nesterov": True}
    if weight_decay is not None:
        options["weight_decay"] = weight_decay
    optimizer = (_with_rates(kind, rates) if rates else kind)(**options)
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def make_loss(keras: ModuleType, name: str, label_smoothing: float) -> Any:  # noqa: ANN401
    """Return a loss on probabilities.

    Parameters
    ----------
    keras : module
    name : {'categorical_crossentropy', 'binary_crossentropy'}
        The second takes every class for a question of its own, although the answers add up to 1.
    label_smoothing : float
        How much of each target is spread over all classes (Szegedy et al. 2015,
        arXiv:1512.00567).

    Raises
    ------
    UsageError
        If there is no such loss.
    """
    check_known("loss", name, LOSSES)
    return getattr(keras.losses, LOSSES[name])(label_smoothing=label_smoothing)


def layerwise_rates(model: Model, decay: float) -> list[float]:
    """Return by what the learning rate of each of the model's trainable variables is multiplied.

    1 for the last layer that learns, `decay` for the one before it, `decay` squared before that:
    what is near the picture is of use for any task, and changes least (Howard and Ruder 2018,
    arXiv:1801.06146, discriminative fine-tuning).
    """
    learning = [layer for layer in _flat(model) if layer.trainable_weights]
    rates = {
        variable.path: decay**depth
        for depth, layer in enumerate(reversed(learning))
        for variable in layer.trainable_variables
    }
    return [rates[variable.path] for variable in model.trainable_variables]


def check_known(what: str, name: str, known: Mapping[str, Any]) -> None:
    """Raise a `UsageError` unless a name is one of those that are known."""
    if name not in known:
        raise UsageError(f"The {what} must be one of {', '.join(known)}. Received: {name!r}.")


def _flat(model: Model) -> list[Any]:
    """Return the layers of a model in order, those of a model within it in its place."""
    return [
        layer
        for outer in model.layers
        for layer in (_flat(outer) if hasattr(outer, "layers") else [outer])
    ]


def _with_rates(kind: Any, rates: Sequence[float]) -> Any:  # noqa: ANN401
    """Return an optimizer's class that has a rate of its own for each variable."""

    class WithRates(kind):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:  # noqa: ANN401
            # Some backends hand over a variable of their own here; Keras knows which one it is.
            rate = rates[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * rate)

    return WithRates
