"""Learning from a teacher: the network's losses, for its classes and for a teacher's features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.training.optimizers import compile_model, make_loss, make_optimizer

if TYPE_CHECKING:
    from types import ModuleType

    from keras import Model

    from headstart.pretraining.settings import Pretraining
    from headstart.training.batches import ImageBatches


def trainable(
    keras: ModuleType, network: Model, batches: ImageBatches, settings: Pretraining
) -> Model:
    """Return the network with its losses: for its classes, and for what a teacher says."""
    outputs, weights = [network.output], [1.0]
    losses = [make_loss(keras, "categorical_crossentropy", settings.label_smoothing)]
    if batches.teacher_targets is not None:
        features = network.get_layer("features").output
        pupil = keras.layers.Dense(batches.teacher_targets.shape[1], dtype="float32", name="pupil")
        outputs.append(pupil(features))
        # From -1, the same direction as the teacher's, to 1.
        losses.append(keras.losses.CosineSimilarity())
        weights.append(settings.teacher_weight)
    model = keras.Model(network.input, outputs)
    optimizer = make_optimizer(
        keras,
        "sgd",
        settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    compile_model(keras, model, optimizer, losses, weights)
    return model
