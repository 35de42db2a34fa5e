"""A teacher: a network whose features another one learns to imitate, besides its classes.

Romero et al. 2014, arXiv:1412.6550.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.progress import track
from headstart.storage.whole_files import whole_file
from headstart.training.optimizers import compile_model, make_loss, make_optimizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from keras import Model
    from numpy.typing import NDArray

    from headstart.features.settings import Device
    from headstart.images.sources import ImageSource
    from headstart.networks.network import Network
    from headstart.pretraining.settings import Pretraining
    from headstart.progress import Progress
    from headstart.training.steps import Steps

_BLOCK = 4096


def teacher_targets(
    sources: Sequence[ImageSource],
    teacher: Network,
    file: Path,
    *,
    device: Device = "auto",
    progress: Progress | None = None,
) -> NDArray[np.float16]:
    """Write what the network learns from the teacher about each image into `file`.

    The compiled teacher computes it on `device`, and the feature cache keeps the features.

    Returns
    -------
    ndarray of float16, shape (n, n_features)
        Directions: features minus their mean over the images, each row scaled to length 1. A
        memory map of the file.

    Raises
    ------
    ImageError
        If an image can't be read.
    StorageError
        If the file can't be written.
    """
    settings = FeatureSettings(resize="squash", device=device)
    extractor = FeatureExtractor.open(teacher, settings, sources)
    stream = track(progress, extractor.stream(sources), "running the teacher", len(sources))
    total: Any = 0.0
    with whole_file(file) as new:
        # Not through a memory map: a full disk would end the process without an error.
        with new.open("wb") as rows:
            for item in stream:
                features = item.required()
                total = total + features
                rows.write(features.astype(np.float16).tobytes())
        shape = (len(sources), teacher.outputs["features"][0])
        values = np.memmap(new, np.float16, "r+", shape=shape)
        _turn_into_directions(values, (total / len(sources)).astype(np.float32))
        values.flush()
        del values  # Windows moves no file that is mapped
    return np.memmap(file, np.float16, "r", shape=shape)


def _turn_into_directions(values: NDArray[np.float16], mean: NDArray[np.float32]) -> None:
    for start in range(0, len(values), _BLOCK):
        rows = values[start : start + _BLOCK].astype(np.float32) - mean
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        values[start : start + _BLOCK] = rows


def compiled_with_teacher(
    keras: ModuleType, network: Model, settings: Pretraining, n_features: int | None
) -> Steps:
    """Return what trains a network on its classes and by a teacher.

    Parameters
    ----------
    keras : module
    network : keras.Model
        With a layer called "features".
    settings : Pretraining
    n_features : int or None
        How many features the teacher has. None if there is no teacher.
    """
    outputs, weights = [network.output], [1.0]
    losses = [make_loss(keras, "categorical_crossentropy", settings.label_smoothing)]
    if n_features is not None:
        features = network.get_layer("features").output
        outputs.append(keras.layers.Dense(n_features, dtype="float32", name="pupil")(features))
        # From -1, the direction of the teacher's features, to 1.
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
    return compile_model(keras, model, optimizer, losses, weights, network=network)
