"""Steps for stand-ins of a model, which train in plain Python."""

import numpy as np

from headstart.training.steps import Steps


class PlainSteps(Steps):
    """Trains by the model's own `train_on_batch`, and predicts by its `predict_on_batch`."""

    def train(self, batch, rate):
        self.optimizer.learning_rate = rate
        figures = self.model.train_on_batch(batch.inputs, batch.targets)
        return figures["loss"], figures["accuracy"]

    def predict(self, inputs):
        return np.asarray(self.network.predict_on_batch(inputs), np.float32)

    def mixed(self, average, share):
        present = [np.array(weight, np.float32) for weight in self.network.get_weights()]
        if average is None:
            return present
        pairs = zip(average, present, strict=True)
        return [old + np.float32(share) * (now - old) for old, now in pairs]

    def settle(self):
        pass
