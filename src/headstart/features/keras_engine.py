"""Run a network on the installed Keras backend: TensorFlow, JAX or torch, on a GPU or TPU."""

from __future__ import annotations

import collections
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.backbones.keras_settings import standard_settings
from headstart.backbones.networks import is_catalogued
from headstart.backbones.resolving import find_origin
from headstart.backbones.weights import check_unchanged
from headstart.errors import (
    MissingExtra,
    UnknownBackbone,
    UsageError,
    WeightsError,
    WeightsMismatch,
)
from headstart.features import forking
from headstart.features.accelerator import BACKENDS, import_keras
from headstart.features.engine import Engine, Precision, Values

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from headstart.backbones.network import Network
    from headstart.backbones.row import Backbone
    from headstart.backbones.weights import WeightsFile

BATCH = 64
_POLICIES = {"f32": "float32", "bf16": "mixed_bfloat16"}


class KerasEngine(Engine):
    """A network built by Keras with the weights from which it was converted.

    Images are run in batches of `BATCH`. The last batch is filled up, so that the backend compiles
    one shape only.

    Raises
    ------
    MissingExtra
        If Keras has no backend to run on.
    UsageError
        If the network is not in the catalogue, or is a variant of it.
    WeightsNotFound, WeightsMismatch
        If the weights from which the network was converted are no longer there.
    """

    runtime = "keras"

    def __init__(
        self,
        network: Network,
        precision: Precision,
        outputs: Sequence[str],
        threads: int | None = None,
    ) -> None:
        super().__init__(network, precision, outputs, threads)
        check_variant(network)
        if threads is not None:
            raise UsageError(
                "threads limits OpenVINO; with device='keras' the Keras backend has settings of "
                f"its own. Received: threads={threads}."
            )
        forking.check_usable(self.runtime)
        self._model = _build(network, precision, self.outputs)
        forking.hold(self)

    def release(self) -> bool:
        """Return False: no Keras backend can be given up once it has started."""
        return False

    def abandon(self) -> None:
        """Keep in a forked process what can't be used or deleted there."""
        forking.keep_forever(self._model)

    def stream(
        self, images: Iterable[tuple[Any, NDArray[np.uint8] | None]]
    ) -> Generator[tuple[Any, Values]]:
        """Run images as they come, batch by batch. See `Engine.stream`."""
        for chunk in _chunks(images):
            forking.check_usable(self.runtime)
            pixels = [image for _, image in chunk if image is not None]
            rows = collections.deque(self._rows(pixels))
            for tag, image in chunk:
                yield tag, {} if image is None else rows.popleft()

    def _rows(self, pixels: list[NDArray[np.uint8]]) -> list[Values]:
        if not pixels:
            return []
        for image in pixels:
            self.check_image(image)
        batch = np.zeros((BATCH, *self.network.size, 3), np.uint8)
        batch[: len(pixels)] = pixels
        with standard_settings(import_keras()):
            answer = self._model.predict_on_batch(batch)
        arrays = {name: np.asarray(answer[name], np.float32) for name in self.outputs}
        return [{name: arrays[name][i] for name in self.outputs} for i in range(len(pixels))]


def _chunks(
    images: Iterable[tuple[Any, NDArray[np.uint8] | None]],
) -> Iterator[list[tuple[Any, NDArray[np.uint8] | None]]]:
    images = iter(images)
    while chunk := list(itertools.islice(images, BATCH)):
        yield chunk


def _build(network: Network, precision: Precision, outputs: Sequence[str]) -> Any:
    """Return a Keras model from uint8 pixels to a dict of `outputs`."""
    keras = import_keras()
    if keras.backend.backend() not in BACKENDS:
        raise MissingExtra(
            "device='keras' (it needs TensorFlow, JAX or torch as Keras's backend)", "finetune"
        )
    from headstart.backbones import keras_outputs, keras_weights

    row, weights = _origin(network)
    with standard_settings(keras):
        loaded = keras_weights.load(row, weights.path, network.size)
        check_unchanged(weights)
        for layer in loaded.model.layers:
            layer.dtype_policy = _POLICIES[precision]
        known = keras_outputs.wire_outputs(row, loaded)
        inner = keras.Model(loaded.model.input, {name: known[name] for name in outputs})
        pixels = keras.Input((*network.size, 3), dtype="uint8")
        scaled = keras_outputs.preprocess(keras.ops.cast(pixels, "float32"), row.preprocessing)
        values = inner(scaled)
        floats = {name: keras.ops.cast(values[name], "float32") for name in outputs}
        return keras.Model(pixels, floats)


def _origin(network: Network) -> tuple[Backbone, WeightsFile]:
    try:
        return find_origin(network)
    except (UnknownBackbone, WeightsMismatch) as error:
        raise type(error)(f"{error} Or use device='openvino'.") from error


def check_variant(network: Network) -> None:
    """Raise a `UsageError` if the network is a variant that only its converted graph computes."""
    if network.pooling != "auto" or network.layer or network.mirror:
        raise UsageError(
            f"device='keras' computes a network's own features only. Received: {network.name} with "
            f"pooling={network.pooling!r}, layer={network.layer!r}, mirror={network.mirror}. "
            "Use device='openvino' for it."
        )


def can_build(network: Network) -> bool:
    """Tell whether Keras can build a network: it is the catalogue's, and its weights are here.

    A fine-tuned network has no weights file any more: only the converted network is kept.
    """
    try:
        return is_catalogued(network) and bool(find_origin(network))
    except WeightsError:
        return False
