"""Training steps on torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from headstart.training.steps import Steps, as_list
from headstart.training.torch_forward import Forward, Parameters, arrange_kernels
from headstart.training.torch_update import Update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keras import Model
    from keras.optimizers import Optimizer
    from numpy.typing import NDArray
    from torch import Tensor

    from headstart.training.batches import Batch
    from headstart.training.steps import Arrays, Figures

    Tensors = list[Tensor]


class TorchSteps(Steps):
    """Trains by plain calls of torch on the values of Keras's variables, where they are.

    Nothing in a step waits for the device: neither the figures, nor the learning rate, which
    Keras's optimizers read back from it.
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
        arrange_kernels(model)
        parameters = Parameters()
        self._parameters = parameters
        self._forward = Forward(model, parameters)
        self._predicting = self._forward if network is model else Forward(network, parameters)
        self._objective = list(zip(weights, losses, strict=True))
        self._values: Tensors = [each.value for each in model.trainable_variables]
        self._kept: Tensors = [each.value for each in network.weights]
        self._update = Update(optimizer, model.trainable_variables)
        self._device = self._kept[0].device

    def train(self, batch: Batch, rate: float) -> Figures:
        """Make a step; see `Steps`."""
        targets = [self._upload(each) for each in batch.targets]
        weights = None if batch.weights is None else self._upload(batch.weights)
        self._parameters.refresh(training=True)
        outputs = as_list(self._forward(self._floats(batch.inputs)))
        parts = zip(self._objective, targets, outputs, strict=True)
        loss = sum(
            weight * function(target, output, sample_weight=weights)
            for (weight, function), target, output in parts
        ) + sum(self.model.losses)
        gradients = torch.autograd.grad(loss, self._parameters.learning(self._values))
        with torch.no_grad():
            self._update(gradients, rate)
            right = outputs[0].argmax(1) == targets[0].argmax(1)
            return loss.detach(), right.float().mean()

    def predict(self, inputs: Any) -> NDArray[np.float32]:
        """Return class probabilities; see `Steps`."""
        with torch.no_grad():
            self._parameters.refresh(training=False)
            found = self._predicting(self._floats(inputs))
            return np.asarray(found.float().cpu())

    def mixed(self, average: Sequence[Any] | None, share: float) -> Sequence[Any]:
        """Return an average of weights; see `Steps`."""
        with torch.no_grad():
            if average is None or share == 1:
                return [each.detach().clone() for each in self._kept]
            average = [torch.as_tensor(each, device=self._device) for each in average]
            torch._foreach_lerp_(average, self._kept, share)
            return average

    def arrays(self, average: Sequence[Any]) -> Arrays:
        """Return a copy of an average; see `Steps`."""
        return [np.array(torch.as_tensor(each).cpu(), np.float32, order="C") for each in average]

    def settle(self) -> None:
        """Expect another number of steps in Keras's variables, which have the rest; see `Steps`."""
        self._update.recount()

    def _floats(self, inputs: Any) -> Any:
        floats = [self._upload(each).float() for each in as_list(inputs)]
        return floats if len(floats) > 1 else floats[0]

    def _upload(self, values: NDArray[Any]) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(values))
        if self._device.type == "cuda":
            # Only from such memory does the processor not wait for the copy.
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)
