"""A head of dense layers, as Keras's tutorials put them on a frozen network."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from headstart.arguments import Seed
from headstart.data.splits import can_split, stratified_split
from headstart.heads.base import Array, ClassWeight, Codes, Head
from headstart.heads.settings import Activation, DenseSettings
from headstart.networks.keras_settings import standard_settings
from headstart.prediction.scoring import DenseSoftmax
from headstart.progress import NoProgress
from headstart.training.backend import check_backend, computing_on, start_keras
from headstart.training.batches import Batch
from headstart.training.folding import dense_layers
from headstart.training.history import Epoch
from headstart.training.loop import TrainingLoop
from headstart.training.optimizers import compile_model, make_loss, make_optimizer
from headstart.training.schedule import Schedule
from headstart.training.seeding import seeded
from headstart.training.settings import LossName, Monitor, OptimizerName
from headstart.training.steps import Steps
from headstart.training.validation import ValidationSet

_DEFAULTS = DenseSettings()

# Of the running statistics of batch normalisation. An epoch of few samples is few batches, and the
# statistics must have converged by its end.
_MOMENTUM = 0.9
_BLOCK = 1024


class DenseHead(Head):
    """Hidden layers between the features and the classes, trained by Keras.

    A part of the samples is the validation set, and the weights of the epoch that does best on it
    are kept. Training needs the extra ``finetune``; prediction needs only NumPy.

    Parameters
    ----------
    units, activation, dropout, batch_normalization
    optimizer, learning_rate, loss, monitor, epochs, patience, batch_size, validation
        See `headstart.heads.settings.DenseSettings`.
    class_weight : "balanced", None or dict, default="balanced"
        The weight of each class: "balanced" gives every class the same weight, None every sample.
    random_state : int or None, default=0
        The seed of the split, the first weights, the order of the samples and the dropout.
        With None, each `fit` has another.

    Attributes
    ----------
    history_ : tuple of Epoch
        The epochs of the training. The classes have their weights in the losses, and every sample
        counts the same in the accuracies. `headstart.plot_history` draws them.
    best_epoch_ : int
        The epoch whose weights are kept, counted from 1.

    References
    ----------
    Ioffe and Szegedy 2015, arXiv:1502.03167 (batch normalisation); Srivastava et al. 2014, JMLR 15
    (dropout).
    """

    history_: tuple[Epoch, ...]
    best_epoch_: int
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
        random_state: Seed | None = 0,
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
        """Return the settings of layers and training, checked.

        Raises
        ------
        UsageError
            If a value is out of its range.
        """
        values = {each.name: getattr(self, each.name) for each in fields(DenseSettings)}
        return DenseSettings(**values | {"units": tuple(self.units)})

    def check_ready(self) -> None:
        """Refuse, before features are computed, what `fit` would refuse for want of a package."""
        check_backend()

    def _learn(
        self, features: Array, codes: Codes, class_weights: Array, groups: Codes | None
    ) -> DenseSoftmax:
        settings, seed = self.settings(), _seed(self.random_state)
        # Its steps are so small that a GPU would take longer to be told than to compute.
        keras = start_keras("cpu")
        with seeded(seed), standard_settings(keras), computing_on(keras, None):
            return self._train(features, codes, class_weights, groups, settings, seed)

    def _train(
        self,
        features: Array,
        codes: Codes,
        class_weights: Array,
        groups: Codes | None,
        settings: DenseSettings,
        seed: int,
    ) -> DenseSoftmax:
        features = features.astype(np.float32, copy=False)
        weights = class_weights[codes].astype(np.float32)
        train, valid = _split(codes, settings.validation, seed, groups)
        steps = _build(settings, (features.shape[1], len(class_weights)), seed)
        if settings.batch_normalization:
            _start_normalization(steps.network, features, train)
        batches = _FeatureBatches(
            features=features,
            codes=codes,
            weights=weights,
            n_classes=len(class_weights),
            rows=train,
            batch_size=settings.batch_size,
            seed=seed,
        )
        validation = ValidationSet(codes[valid], lambda some: features[valid[some]], weights[valid])
        loop = TrainingLoop(
            steps,
            batches,
            validation=validation if len(valid) else None,
            schedule=_schedule(settings),
        )
        self.history_ = tuple(loop.run(NoProgress()))
        loop.finish()
        self.best_epoch_ = loop.best_epoch
        return DenseSoftmax(dense_layers(steps.network.layers))


def _seed(random_state: int | None) -> int:
    # Keras has no numbers after None.
    return int(np.random.default_rng().integers(2**31)) if random_state is None else random_state


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FeatureBatches:
    """Some rows of features in batches of nearly one size, shuffled in each epoch.

    A small last batch would have no statistics to normalise by.
    """

    features: Array
    codes: Codes
    weights: Array
    n_classes: int
    rows: Codes
    batch_size: int
    seed: int

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def epoch(self, epoch: int, sizes: Sequence[int]) -> Iterator[Batch]:
        order = np.random.default_rng((self.seed, epoch)).permutation(self.rows)
        for some in np.array_split(order, len(self))[len(self) - len(sizes) :]:
            targets = np.zeros((len(some), self.n_classes), np.float32)
            targets[np.arange(len(some)), self.codes[some]] = 1
            yield Batch(self.features[some], [targets], self.weights[some])


def _split(codes: Codes, validation: float, seed: int, groups: Codes | None) -> tuple[Codes, Codes]:
    if not validation or not can_split(codes.tolist(), groups):
        return np.arange(len(codes)), np.arange(0)
    return stratified_split(codes.tolist(), validation, seed, groups)


def _schedule(settings: DenseSettings) -> Schedule:
    return Schedule(
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        decay="none",
        patience=settings.patience,
        monitor=settings.monitor,
        average=False,
    )


def _build(settings: DenseSettings, shape: tuple[int, int], seed: int) -> Steps:
    """Return what trains a new network from features (n, d) to class probabilities (n, k)."""
    keras = start_keras("cpu")
    n_features, n_classes = shape
    inputs = values = keras.Input((n_features,))
    for number, width in enumerate((*settings.units, n_classes)):
        last = number == len(settings.units)
        if settings.batch_normalization:
            values = keras.layers.BatchNormalization(momentum=_MOMENTUM)(values)
        values = keras.layers.Dense(
            width,
            "softmax" if last else settings.activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed + number),
        )(values)
        if settings.dropout and not last:
            values = keras.layers.Dropout(settings.dropout, seed=seed + number)(values)
    network = keras.Model(inputs, values)
    optimizer = make_optimizer(keras, settings.optimizer, settings.learning_rate, momentum=0)
    return compile_model(keras, network, optimizer, [make_loss(keras, settings.loss)])


def _start_normalization(
    network: Any,
    features: Array,
    rows: Codes,
) -> None:
    """Give the first normalisation the statistics of some rows of features, instead of 0 and 1.

    Otherwise the statistics would still be far off in the first epochs.
    """
    blocks = np.array_split(rows, math.ceil(len(rows) / _BLOCK))
    mean = sum(features[some].sum(axis=0, dtype=np.float64) for some in blocks) / len(rows)
    squares = (((features[some] - mean) ** 2).sum(axis=0) for some in blocks)
    layer = next(each for each in network.layers if type(each).__name__ == "BatchNormalization")
    gamma, beta, *_ = layer.get_weights()
    layer.set_weights([gamma, beta, mean, sum(squares) / len(rows)])
