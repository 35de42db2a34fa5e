"""Build a Keras network for a weights file; used only where Keras may be imported.

The file is Keras's own (HDF5), or for a network of the hubs one in their safetensors format. It is
listed first: its arrays tell what network it belongs to, and with which classifier.
"""

from __future__ import annotations

import contextlib
import math
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from headstart.backbones.architectures import ARCHITECTURES
from headstart.backbones.catalogue import backbones
from headstart.backbones.safetensors_weights import (
    count_classes,
    fill,
    is_safetensors,
    read_arrays,
)
from headstart.errors import WeightsMismatch
from headstart.networks.preprocessing import STANDARDISED
from headstart.storage.whole_folders import temporary_folder
from headstart.untrusted.hdf5_check import check_heaps, check_objects, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from h5py import Dataset, File, Group
    from keras import Model

    from headstart.backbones.row import Backbone

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WeightsLayout:
    """The arrays in a weights file.

    Attributes
    ----------
    format : {'keras 3', 'keras 2'}
        ``.weights.h5`` as Keras 3 writes it, or the older ``.h5`` of the official files.
    shapes : tuple of tuple of int
        Shape of each array, sorted.
    """

    format: Literal["keras 3", "keras 2"]
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A Keras network with its weights in place.

    Attributes
    ----------
    model : keras.Model
    n_classes : int or None
        None for a network without classifier.
    """

    model: Model
    n_classes: int | None


def read_layout(path: Path) -> WeightsLayout:
    """List the arrays of an HDF5 weights file.

    Raises
    ------
    WeightsMismatch
        If the file is not HDF5, is cut short, holds no Keras weights, or anything that Keras does
        not write: links, arrays in other files, or arrays of anything but numbers.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            check_heaps(path)
            check_objects(file)
            return _layout(file, path)
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsMismatch(
            "A weights file must be HDF5 as Keras writes it (.weights.h5 or .h5). "
            f"Received {path}, which can't be read: {error}. "
            "If a download or copy was cut short, fetch the file again."
        ) from error


def _layout(file: File, path: Path) -> WeightsLayout:
    saved = file.get("model_weights", file)
    if "layer_names" in saved.attrs:
        return WeightsLayout("keras 2", tuple(sorted(_keras_2_shapes(saved))))
    if "layers" in file or "_layer_checkpoint_dependencies" in file:
        return WeightsLayout("keras 3", tuple(sorted(_keras_3_shapes(file))))
    raise WeightsMismatch(
        f"A weights file must hold the weights of a Keras network. Received {path}, an HDF5 file "
        f"with {', '.join(sorted(file)[:5]) or 'nothing'} at its top."
    )


def _keras_2_shapes(saved: Group) -> Iterator[Shape]:
    for layer in names_in(saved, "layer_names"):
        for weight in names_in(saved[layer], "weight_names"):
            yield tuple(saved[layer][weight].shape)


def _keras_3_shapes(file: File) -> Iterator[Shape]:
    import h5py

    shapes: list[Shape] = []

    def visit(name: str, item: Group | Dataset) -> None:
        # Training also keeps the state of the optimizer and of Dropout.
        of_training = name.startswith("optimizer/") or "/seed_generator/" in name
        if isinstance(item, h5py.Dataset) and not of_training:
            shapes.append(tuple(item.shape))

    file.visititems(visit)
    yield from shapes


def build(row: Backbone, size: tuple[int, int], n_classes: int | None) -> Model:
    """Return the network of `row` as a Keras model, without values for its weights."""
    import keras

    keras.utils.clear_session()  # the names of layers must not depend on earlier networks
    options: dict[str, Any] = {"include_top": False, "pooling": "avg"}
    if n_classes:
        options = {"include_top": True, "classes": n_classes}
    builder = ARCHITECTURES.get(row.builder) or getattr(keras.applications, row.builder)
    with _unfilled():
        return builder(weights=None, input_shape=(*size, 3), **options)


def _unfilled() -> contextlib.AbstractContextManager[object]:
    """Leave variables that are made inside without values, if the backend allows that.

    Random weights would be replaced anyway, and drawing them takes longer than all the rest. The
    backends that train need values.
    """
    import keras

    if keras.backend.backend() == "openvino":
        return keras.StatelessScope(initialize_variables=False)
    return contextlib.nullcontext()


def load(row: Backbone, path: Path, size: tuple[int, int]) -> Loaded:
    """Build the network of `row` and load its weights from `path`, with or without classifier.

    Raises
    ------
    WeightsMismatch
        If the file belongs to another network.
    """
    loaded = _load_arrays(row, path) if is_safetensors(path) else _load_hdf5(row, path)
    return loaded if size == row.size else _resized(row, loaded, size)


def _load_arrays(row: Backbone, path: Path) -> Loaded:
    """Load a file of a hub."""
    arrays = read_arrays(path, row.builder)
    model = build(row, row.size, row.n_classes)
    n_classes = count_classes(model, arrays) if row.n_classes else None
    if n_classes != (row.n_classes or None):
        model = build(row, row.size, n_classes)
    fill(model, arrays, path, row.builder)
    _check_finite(model, path)
    return Loaded(model, n_classes)


def _load_hdf5(row: Backbone, path: Path) -> Loaded:
    """Load a file of Keras."""
    layout = read_layout(path)
    model = build(row, row.size, row.n_classes)
    n_classes = _count_classes(row, path, layout, _shapes(model)) or None
    if n_classes != (row.n_classes or None):
        model = build(row, row.size, n_classes)
    if Counter(_shapes(model)) != Counter(layout.shapes):
        raise _mismatch(row, path, layout, _shapes(model))
    _fill(row, model, path, layout)
    _mend_normalization(model)
    return Loaded(model, n_classes)


def _resized(row: Backbone, loaded: Loaded, size: tuple[int, int]) -> Loaded:
    """Move the weights to a network for another size; drop a classifier that does not fit.

    VGG's classifier has weights for each place of the feature map, so it fits one size only.
    """
    weights = loaded.model.get_weights()
    model, n_classes = build(row, size, loaded.n_classes), loaded.n_classes
    if _shapes(model) != _shapes(loaded.model):
        model, n_classes = build(row, size, None), None
    model.set_weights(weights[: len(model.weights)])
    for layer in _adapted(model):
        layer.finalize_state()
    return Loaded(model, n_classes)


def _shapes(model: Model) -> list[Shape]:
    return [tuple(weight.shape) for weight in model.weights]


def _count_classes(
    row: Backbone, path: Path, layout: WeightsLayout, expected: list[Shape]
) -> int | None:
    """Return the number of classes of the file's classifier; None if it has no classifier.

    The arrays that differ from the published network tell it.
    """
    missing = Counter(expected) - Counter(layout.shapes)
    surplus = Counter(layout.shapes) - Counter(expected)
    if not missing and not surplus:
        return row.n_classes
    biases = [shape for shape in surplus if len(shape) == 1]
    if len(biases) == 1 and sum(surplus.values()) == 2 == sum(missing.values()):
        return int(biases[0][0])
    if not surplus and all(
        shape[-1] in (row.n_classes, 1024, 1280, 1600, 4096) for shape in missing
    ):
        return None
    raise _mismatch(row, path, layout, expected)


def _fill(row: Backbone, model: Model, path: Path, layout: WeightsLayout) -> None:
    with _named_for_keras(path, layout) as named:
        try:
            model.load_weights(str(named))
        except (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
            raise WeightsMismatch(
                f"{path} has arrays of the shapes of {row.name}, but in another order: {error}"
            ) from error
    _check_finite(model, path)


def _check_finite(model: Model, path: Path) -> None:
    import numpy as np

    for weight in model.weights:
        if not np.isfinite(np.asarray(weight)).all():
            raise WeightsMismatch(
                f"The weights in {path} must be finite numbers. Received: NaN or infinity in "
                f"{weight.path}. The file is damaged, or its training diverged: get another one."
            )


@contextlib.contextmanager
def _named_for_keras(path: Path, layout: WeightsLayout) -> Iterator[Path]:
    """Yield the file with the ending by which Keras recognises its format."""
    new = path.name.endswith(".weights.h5")
    if path.suffix == ".h5" and new == (layout.format == "keras 3"):
        yield path
        return
    with temporary_folder() as folder:
        named = folder / ("named.weights.h5" if layout.format == "keras 3" else "named.h5")
        try:
            named.symlink_to(path.resolve())
        except OSError:  # on Windows only some users may make links
            shutil.copyfile(path, named)
        yield named


def _mend_normalization(model: Model) -> None:
    """Give EfficientNet B0 to B7 the input scaling they were trained with.

    The official files hold standard deviations where the layer takes variances.
    ``keras.applications`` corrects that by one more layer, but only for ``weights="imagenet"`` (its
    source refers to TensorFlow issue 49930). A file whose normalization was adapted to other images
    is left as it is.
    """
    import numpy as np

    for layer in _adapted(model):
        if np.allclose(layer.adapt_variance, STANDARDISED.std, atol=1e-4):
            layer.adapt_variance.assign(np.square(STANDARDISED.std))
            layer.finalize_state()


def _adapted(model: Model) -> list[Any]:
    """Return the normalization layers that have their mean and variance as weights."""
    import keras

    kept = (layer for layer in model.layers if isinstance(layer, keras.layers.Normalization))
    return [layer for layer in kept if layer.input_variance is None]


def _mismatch(
    row: Backbone, path: Path, layout: WeightsLayout, expected: list[Shape]
) -> WeightsMismatch:
    held = sum(math.prod(shape) for shape in layout.shapes)
    alike = [other.name for other in backbones() if other.parameters == held]
    hint = f" {' or '.join(alike)} has as many." if alike else ""
    missing = Counter(expected) - Counter(layout.shapes)
    example = f" For example, no array has the shape {max(missing)}." if missing else ""
    return WeightsMismatch(
        f"Weights for {row.name} must be {len(expected)} arrays with {row.parameters:,} numbers in "
        f"all, or the same without the classifier. Received {path} with {len(layout.shapes)} "
        f"arrays and {held:,} numbers.{hint}{example} Give the weights of {row.name}, or name the "
        "backbone that the file belongs to."
    )
