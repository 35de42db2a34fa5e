"""Dense layers on the features, as Keras's tutorials put them on a frozen network."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from headstart.data.splits import stratified_split
from headstart.errors import TrainingDiverged
from headstart.heads.base import Array, ClassWeight, Codes, Head
from headstart.heads.settings import Activation, DenseSettings
from headstart.prediction.scoring import DenseSoftmax, Layer
from headstart.training.backend import start_keras
from headstart.training.settings import LossName, Monitor, OptimizerName

_DEFAULTS = DenseSettings()

# Keras's own: the least that is taken the logarithm of.
_LEAST = 1e-7


# Of running statistics: an epoch of few samples is few batches, and they must have arrived by then.
_MOMENTUM = 0.9
_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class HeadEpoch:
    """One epoch of a `DenseHead`.

    Attributes
    ----------
    loss, accuracy : float
        Mean over the samples as they were trained on: with dropout, before the epoch's end.
    val_loss, val_accuracy : float
        On the samples that were kept out, after the epoch; NaN if none were. Classes count in the
        losses as `class_weight` says, in the accuracies every sample alike.
    """

    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float


def _categorical(probabilities: Array, codes: Codes) -> Array:
    right = probabilities[np.arange(len(codes)), codes]
    return -np.log(np.maximum(right, _LEAST))


def _binary(probabilities: Array, codes: Codes) -> Array:
    true = np.arange(probabilities.shape[1]) == codes[:, None]
    right = np.where(true, probabilities, 1 - probabilities)
    return -np.log(np.maximum(right, _LEAST)).mean(axis=1)


#: By Keras's names: the loss (n,) of each sample, from probabilities (n, k) and classes (n,).
LOSSES: dict[str, Callable[[Array, Codes], Array]] = {
    "categorical_crossentropy": _categorical,
    "binary_crossentropy": _binary,
}

#: What the best epoch is lowest in.
MONITORS: dict[str, Callable[[HeadEpoch], tuple[float, ...]]] = {
    "val_loss": lambda epoch: (epoch.val_loss,),
    "val_accuracy": lambda epoch: (-epoch.val_accuracy, epoch.val_loss),
}


class DenseHead(Head):
    """Hidden layers between the features and the classes, trained by Keras.

    In front of every layer the inputs are normalised over the batch, behind every hidden one some
    are dropped. A part of the samples is kept out, and the weights of the epoch that did best on
    them are taken. Needs the extra ``finetune`` to be trained; nothing but NumPy to answer.

    Parameters
    ----------
    units : sequence of int
        Width of each hidden layer.
    activation : {'relu', 'elu', 'silu', 'sigmoid', 'tanh'}
        Of the hidden layers.
    dropout : float
        Share of a hidden layer's outputs that is dropped while it is trained, 0 to below 1.
    batch_normalization : bool
    optimizer : {'adam', 'adamw', 'rmsprop', 'sgd'}
    learning_rate : float
    loss : {'categorical_crossentropy', 'binary_crossentropy'}
        The second is the mean over the classes of 'this one or another', on the softmax's
        probabilities: not what a softmax is made for, but what some tutorials combine.
    monitor : {'val_loss', 'val_accuracy'}
        What the best epoch is best in; of equal accuracies the one with the lower loss.
    epochs : int
        At most.
    patience : int or None
        It ends when so many epochs in a row were no better than the best before; None trains all.
    batch_size : int
    validation : float
        Share of the samples that is kept out, 0 to below 1; 0 trains all epochs on all samples.
    class_weight
        'balanced' (every class counts alike), None (every sample counts alike) or a dict.
    random_state : int
        Seed of the division, the first weights, the order of the samples and the dropout.

    Attributes
    ----------
    history_ : tuple of HeadEpoch

    References
    ----------
    Ioffe and Szegedy 2015, arXiv:1502.03167 (batch normalisation); Srivastava et al. 2014, JMLR 15
    (dropout).
    """

    history_: tuple[HeadEpoch, ...]
    scorer_: DenseSoftmax

    def __init__(  # noqa: PLR0913 - scikit-learn's way: every setting is an argument
        self,
        units: Sequence[int] = _DEFAULTS.units,
        *,
        activation: Activation = _DEFAULTS.activation,
        dropout: float = _DEFAULTS.dropout,
        batch_normalization: bool = _DEFAULTS.batch_normalization,
        optimizer: OptimizerName = _DEFAULTS.optimizer,
        learning_rate: float = _DEFAULTS.learning_rate,
        loss: LossName = _DEFAULTS.loss,
        monitor: Monitor = _DEFAULTS.monitor,
        epochs: int = _DEFAULTS.epochs,
        patience: int | None = _DEFAULTS.patience,
        batch_size: int = _DEFAULTS.batch_size,
        validation: float = _DEFAULTS.validation,
        class_weight: ClassWeight = "balanced",
        random_state: int = 0,
    ) -> None:
        self.units = units
        self.activation = activation
        self.dropout = dropout
        self.batch_normalization = batch_normalization
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.monitor = monitor
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.validation = validation
        self.class_weight = class_weight
        self.random_state = random_state

    def settings(self) -> DenseSettings:
        """Return the settings, checked.

        Raises
        ------
        UsageError
            If a value is out of its range.
        """
        values = {each.name: getattr(self, each.name) for each in fields(DenseSettings)}
        return DenseSettings(**values | {"units": tuple(self.units)})

    def _learn(self, features: Array, codes: Codes, class_weights: Array) -> DenseSoftmax:
        self.settings()  # checks them
        features = features.astype(np.float32, copy=False)
        learnt, kept_out = _divide(codes, self.validation, self.random_state)
        unseen = features[kept_out], codes[kept_out]
        model = _build(self, features.shape[1], len(class_weights))
        if self.batch_normalization:
            _start_normalization(model, features, learnt)
        rank = MONITORS[self.monitor]
        history: list[HeadEpoch] = []
        best, waited = model.get_weights(), 0
        for figures in _epochs(self, model, features, codes, learnt, class_weights):
            history.append(HeadEpoch(*figures, *_judge(self, model, *unseen, class_weights)))
            if not len(kept_out):
                continue
            waited += 1
            if rank(history[-1]) <= min(map(rank, history)):
                best, waited = model.get_weights(), 0
            if waited == self.patience:
                break
        if len(kept_out):
            model.set_weights(best)
        self.history_ = tuple(history)
        return DenseSoftmax(tuple(_layers(model)))


def _divide(codes: Codes, validation: float, seed: int) -> tuple[Array, Array]:
    if not validation or np.bincount(codes).max() < 2:
        return np.arange(len(codes)), np.arange(0)
    return stratified_split(codes.tolist(), validation, seed)


def _build(head: DenseHead, n_features: int, n_classes: int) -> Any:  # noqa: ANN401 - keras.Model
    keras = start_keras()
    layers = keras.layers

    def dense(width: int, activation: str, number: int) -> Any:  # noqa: ANN401 - keras.Layer
        first = keras.initializers.GlorotUniform(seed=head.random_state + number)
        return layers.Dense(width, activation, kernel_initializer=first)

    inputs = values = keras.Input((n_features,))
    for number, width in enumerate((*head.units, n_classes)):
        last = number == len(head.units)
        if head.batch_normalization:
            values = layers.BatchNormalization(momentum=_MOMENTUM)(values)
        values = dense(width, "softmax" if last else head.activation, number)(values)
        if head.dropout and not last:
            values = layers.Dropout(head.dropout, seed=head.random_state + number)(values)
    model = keras.Model(inputs, values)
    optimizer = keras.optimizers.get(head.optimizer)
    optimizer.learning_rate = head.learning_rate
    model.compile(optimizer, head.loss, metrics=["categorical_accuracy"], jit_compile=False)
    return model


def _start_normalization(
    model: Any,  # noqa: ANN401 - keras.Model
    features: Array,
    learnt: Array,
) -> None:
    """Let the first layer begin with the statistics of the features, rather than 0 and 1.

    Else the first epochs would be judged by statistics that are still on their way there.
    """
    blocks = np.array_split(learnt, math.ceil(len(learnt) / _AT_ONCE))
    mean = sum(features[some].sum(axis=0, dtype=np.float64) for some in blocks) / len(learnt)
    squares = (((features[some] - mean) ** 2).sum(axis=0) for some in blocks)
    layer = next(each for each in model.layers if type(each).__name__ == "BatchNormalization")
    gamma, beta, *_ = layer.get_weights()
    layer.set_weights([gamma, beta, mean, sum(squares) / len(learnt)])


def _epochs(
    head: DenseHead,
    model: Any,  # noqa: ANN401 - keras.Model
    features: Array,
    codes: Codes,
    learnt: Array,
    class_weights: Array,
) -> Iterator[tuple[float, float]]:
    """Train on the samples `learnt`, epoch after epoch; yield mean loss and accuracy of each."""
    random = np.random.default_rng(head.random_state)
    weights = class_weights.astype(np.float32)
    one_hot = np.eye(len(class_weights), dtype=np.float32)
    for epoch in range(head.epochs):
        # Batches of nearly one size: a rest of one or two has no statistics to normalise by.
        n_batches = math.ceil(len(learnt) / head.batch_size)
        batches = np.array_split(random.permutation(learnt), n_batches)
        figures = []
        for some in batches:
            truth = codes[some]
            # Not every version of Keras does it by itself.
            model.reset_metrics()
            figures.append(
                model.train_on_batch(features[some], one_hot[truth], sample_weight=weights[truth])
            )
        loss, accuracy = np.average(figures, axis=0, weights=[len(some) for some in batches])
        if not math.isfinite(loss):
            raise TrainingDiverged(
                f"The loss must stay a number; in epoch {epoch + 1} it is {loss}. Train with "
                f"a smaller learning_rate than {head.learning_rate}."
            )
        yield float(loss), float(accuracy)


def _judge(
    head: DenseHead,
    model: Any,  # noqa: ANN401 - keras.Model
    features: Array,
    codes: Codes,
    class_weights: Array,
) -> tuple[float, float]:
    """Return loss and accuracy on samples that are not trained on."""
    if not len(codes):
        return math.nan, math.nan
    probabilities = DenseSoftmax(tuple(_layers(model))).probabilities(features)
    losses = LOSSES[head.loss](probabilities, codes)
    right = probabilities.argmax(axis=1) == codes
    return float(np.average(losses, weights=class_weights[codes])), float(right.mean())


def _layers(model: Any) -> Iterator[Layer]:  # noqa: ANN401 - keras.Model
    """Yield the dense layers, with the normalisation in front of each folded in."""
    scale = shift = None
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "BatchNormalization":
            gamma, beta, mean, variance = (np.asarray(each) for each in layer.get_weights())
            scale = gamma / np.sqrt(variance + layer.epsilon)
            shift = beta - mean * scale
        elif kind == "Dense":
            weights, bias = (np.asarray(each) for each in layer.get_weights())
            if scale is not None and shift is not None:
                weights, bias = scale[:, None] * weights, bias + shift @ weights
            name = layer.activation.__name__
            yield Layer(weights, bias, "linear" if name == "softmax" else name)
