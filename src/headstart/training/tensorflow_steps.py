"""Training steps on TensorFlow: one traced function, whose figures are read later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from headstart.training.steps import Steps, as_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras import Model
    from keras.optimizers import Optimizer
    from numpy.typing import NDArray

    from headstart.training.batches import Batch
    from headstart.training.steps import Figures


class TensorflowSteps(Steps):
    """Trains by a function that TensorFlow traces once, or twice where shapes change.

    Keras's own step turns loss and metrics into numbers each time, and so waits for the device.
    Here Keras's variables hold the state all the time, and nothing else waits.
    """

    def __init__(
        self,
        model: Model,
        network: Model,
        optimizer: Optimizer,
        losses: Sequence[Any],
        weights: Sequence[float],
    ) -> None:
        super().__init__(model, network, optimizer)
        self._objective = list(zip(weights, losses, strict=True))
        self._learning = [each.value for each in model.trainable_variables]
        self._kept = [each.value for each in network.weights]
        # A second shape makes it accept any, so that views of many sizes are traced twice at most.
        once: Any = {"reduce_retracing": True, "autograph": False}
        self._step = tf.function(self._stepped, **once)
        self._predict = tf.function(self._predicted, **once)
        self._mix = tf.function(self._mixed, **once)

    def train(self, batch: Batch, rate: float) -> Figures:
        """Make a step; see `Steps`."""
        return self._step(
            _tensors(as_list(batch.inputs)),
            _tensors(batch.targets),
            None if batch.weights is None else tf.convert_to_tensor(batch.weights),
            tf.convert_to_tensor(np.float32(rate)),
        )

    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Return class probabilities; see `Steps`."""
        return np.asarray(self._predict(_tensors(as_list(inputs))), np.float32)

    def mixed(self, average: Sequence[Any] | None, share: float) -> Sequence[Any]:
        """Return an average of weights; see `Steps`."""
        if average is None:
            average = [np.zeros(each.shape, np.float32) for each in self._kept]
        return self._mix(_tensors(average), tf.convert_to_tensor(np.float32(share)))

    def settle(self) -> None:
        """Do nothing: Keras's variables have the present state."""

    def _stepped(
        self, inputs: list[Any], targets: list[Any], weights: Any, rate: Any
    ) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            outputs = as_list(self.model(_floats(inputs), training=True))
            loss = sum(self.model.losses)
            for (weight, function), target, output in zip(
                self._objective, targets, outputs, strict=True
            ):
                loss += weight * function(target, output, sample_weight=weights)
        self.optimizer.learning_rate.assign(rate)
        self.optimizer.apply(tape.gradient(loss, self._learning), self.model.trainable_variables)
        right = tf.equal(tf.argmax(outputs[0], axis=1), tf.argmax(targets[0], axis=1))
        return loss, tf.reduce_mean(tf.cast(right, tf.float32))

    def _predicted(self, inputs: list[Any]) -> Any:
        return self.network(_floats(inputs), training=False)

    def _mixed(self, average: list[Any], share: Any) -> list[Any]:
        present = [tf.cast(each, tf.float32) for each in self._kept]
        return [(1 - share) * old + share * now for old, now in zip(average, present, strict=True)]


def _tensors(values: Sequence[Any]) -> list[Any]:
    return [tf.convert_to_tensor(each) for each in values]


def _floats(inputs: list[Any]) -> Any:
    floats = [tf.cast(each, tf.float32) for each in inputs]
    return floats if len(floats) > 1 else floats[0]
