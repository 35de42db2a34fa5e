"""Dense layers on the features, as Keras's tutorials put them on a frozen network."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.bundle.scoring import ACTIVATIONS, DenseSoftmax, Layer
from headstart.data.splits import stratified_split
from headstart.errors import TrainingDiverged, UsageError
from headstart.gradients.backend import start_keras
from headstart.training.heads.base import Array, ClassWeight, Codes, Head

OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd")


@dataclass(frozen=True, slots=True)
class HeadEpoch:
    """One epoch of a `DenseHead`.

    Attributes
    ----------
    loss : float
        Mean cross-entropy over its batches, with dropout.
    val_loss : float
        Mean cross-entropy on the samples that were kept out; NaN if none were.
    """

    loss: float
    val_loss: float


class DenseHead(Head):
    """Hidden layers between the features and the classes, trained by Keras.

    In front of every layer the inputs are normalised over the batch, behind every hidden one some
    are dropped. A part of the samples is kept out, and the weights of the epoch with the lowest
    loss on them are taken. Needs the extra ``finetune`` to be trained; nothing but NumPy to answer.

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
    epochs : int
        At most.
    patience : int
        It ends when so many epochs in a row have brought no lower loss.
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
        units: Sequence[int] = (256,),
        *,
        activation: str = "relu",
        dropout: float = 0.5,
        batch_normalization: bool = True,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        epochs: int = 100,
        patience: int = 10,
        batch_size: int = 32,
        validation: float = 0.1,
        class_weight: ClassWeight = "balanced",
        random_state: int = 0,
    ) -> None:
        self.units = units
        self.activation = activation
        self.dropout = dropout
        self.batch_normalization = batch_normalization
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.validation = validation
        self.class_weight = class_weight
        self.random_state = random_state

    def _learn(self, features: Array, codes: Codes, class_weights: Array) -> DenseSoftmax:
        _check(self)
        features = features.astype(np.float32)
        learnt, kept_out = _divide(codes, self.validation, self.random_state)
        model = _build(self, features.shape[1], len(class_weights))
        history, best, waited = [], model.get_weights(), 0
        for loss in _epochs(self, model, features[learnt], codes[learnt], class_weights):
            found = HeadEpoch(
                loss, _loss(model, features[kept_out], codes[kept_out], class_weights)
            )
            history.append(found)
            if found.val_loss <= min(epoch.val_loss for epoch in history):
                best, waited = model.get_weights(), 0
            elif len(kept_out):
                waited += 1
            if waited > self.patience:
                break
        if len(kept_out):
            model.set_weights(best)
        self.history_ = tuple(history)
        return DenseSoftmax(tuple(_layers(model)))


def _check(head: DenseHead) -> None:
    positive = {
        "epochs": head.epochs,
        "batch_size": head.batch_size,
        "units": min(head.units, default=1),
    }
    for name, value in positive.items():
        if value < 1:
            raise UsageError(f"{name} must be at least 1. Received: {value}.")
    for name in ("dropout", "validation"):
        if not 0 <= getattr(head, name) < 1:
            raise UsageError(f"{name} must be from 0 to below 1. Received: {getattr(head, name)}.")
    if not head.learning_rate > 0:
        raise UsageError(f"learning_rate must be above 0. Received: {head.learning_rate}.")
    for name, known in (("activation", tuple(ACTIVATIONS)), ("optimizer", OPTIMIZERS)):
        if getattr(head, name) not in known:
            raise UsageError(
                f"{name} must be one of {', '.join(known)}. Received: {getattr(head, name)!r}."
            )


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
            values = layers.BatchNormalization()(values)
        values = dense(width, "softmax" if last else head.activation, number)(values)
        if head.dropout and not last:
            values = layers.Dropout(head.dropout, seed=head.random_state + number)(values)
    model = keras.Model(inputs, values)
    optimizer = keras.optimizers.get(head.optimizer)
    optimizer.learning_rate = head.learning_rate
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    return model


def _epochs(
    head: DenseHead,
    model: Any,  # noqa: ANN401 - keras.Model
    features: Array,
    codes: Codes,
    class_weights: Array,
) -> Iterator[float]:
    """Train epoch after epoch, yielding the mean loss of each."""
    random = np.random.default_rng(head.random_state)
    weights = class_weights[codes].astype(np.float32)
    for epoch in range(head.epochs):
        losses = []
        order = random.permutation(len(codes))
        # Batches of nearly one size: a rest of one or two has no statistics to normalise by.
        for some in np.array_split(order, math.ceil(len(order) / head.batch_size)):
            model.reset_metrics()
            answer = model.train_on_batch(features[some], codes[some], sample_weight=weights[some])
            losses.append(float(np.ravel(answer)[0]))
        if not math.isfinite(losses[-1]):
            raise TrainingDiverged(
                f"The loss must stay a number; in epoch {epoch + 1} it is {losses[-1]}. Train with "
                f"a smaller learning_rate than {head.learning_rate}."
            )
        yield float(np.mean(losses))


def _loss(
    model: Any,  # noqa: ANN401 - keras.Model
    features: Array,
    codes: Codes,
    class_weights: Array,
) -> float:
    if not len(codes):
        return math.nan
    probabilities = DenseSoftmax(tuple(_layers(model))).probabilities(features)
    right = probabilities[np.arange(len(codes)), codes]
    logs = np.log(np.maximum(right, np.finfo(np.float32).tiny))
    return float(-np.average(logs, weights=class_weights[codes]))


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
