"""Find where a network's classifier begins, and what its features and feature map are.

Features are what goes into the last layer of the classifier, not what comes out of it. The graph
is one that `headstart.foreign.lowering` has made, for a batch of one image.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headstart.foreign.lowering import Lowering, Unfit, is_constant, shape_of, whole_numbers
from headstart.networks.layers import gives_features

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openvino import Model, Node, Output

#: The numbers of classes of ImageNet: 1,000, with a background class, and of its larger editions.
IMAGENET_CLASSES = (1000, 1001, 11221, 21841, 21843)
# Names of a layer that is a classifier, in many programs.
_CLASSIFIER = re.compile(
    r"(^|[./_])(fc|head|heads|head_dist|classif(y|ier)|logits|predictions?|cls)\d?([./_]|$)", re.I
)

_SHAPES_ONLY = ("Reshape", "Convert", "Gather", "FakeQuantize", "Transpose")
# Between the last layer with weights and the output of a classifier.
_AFTER = (*_SHAPES_ONLY, "Softmax", "Sigmoid", "Relu", "Clamp", "ReduceMean", "AvgPool")
_AFFINE = ("Add", "Subtract", "Multiply", "Divide", "BatchNormInference")
_LAYERS = ("MatMul", "Convolution")
_CHANNELS_FIRST = ("Convolution", "GroupConvolution", "MaxPool", "AvgPool", "BatchNormInference")
# More than these tokens of a vision transformer stand for no place of the image: class,
# distillation and register tokens.
_MOST_EXTRA_TOKENS = 9
_VECTOR, _TOKENS, _MAP = 2, 3, 4


@dataclass(frozen=True, slots=True)
class Ends:
    """The outputs of a network, each for a batch of one.

    Attributes
    ----------
    features : openvino.Output
        Shape (1, n).
    feature_map : openvino.Output or None
        Shape (1, height, width, channels).
    probabilities : openvino.Output or None
        Shape (1, classes).
    whole : openvino.Output
        The output of the file that the others were found from.
    """

    features: Output
    feature_map: Output | None
    probabilities: Output | None
    whole: Output

    def named(self) -> dict[str, Output]:
        """Return those that there are, by their names in a `Network`."""
        found = {
            "features": self.features,
            "feature_map": self.feature_map,
            "probabilities": self.probabilities,
        }
        return {name: output for name, output in found.items() if output is not None}


def find_ends(
    model: Model, *, channels_first: bool, layer: str | None = None, n_classes: int | None = None
) -> Ends:
    """Return the outputs that a network gets.

    Parameters
    ----------
    model : openvino.Model
        Lowered.
    channels_first : bool
        Whether feature maps of the file have the axes (n, channels, height, width).
    layer : str, optional
        The friendly name of what gives the features, instead of the input of the classifier.
    n_classes : int, optional
        How many classes the network is known to tell apart.

    Raises
    ------
    Unfit
        If the network has no output that can be features, or no such layer.
    """
    finder = _Finder(model, channels_first)
    ends = finder.classifier(n_classes) or finder.without_classifier()
    if layer is not None:
        features, feature_map = finder.of_layer(layer)
        ends = replace(ends, features=features, feature_map=feature_map)
    return ends


class _Finder:
    def __init__(self, model: Model, channels_first: bool) -> None:
        self._model = model
        self._nodes = model.get_ordered_ops()
        self._channels_first = channels_first
        self._make = Lowering()
        self._computed = _computed(self._nodes)

    # --- With a classifier

    def classifier(self, n_classes: int | None) -> Ends | None:
        """Return the ends of a network with a classifier; None if it has none."""
        for result in self._model.get_results():
            whole = result.input_value(0)
            n = math.prod(shape_of(whole))
            layers, softmax = self._last_layers(whole)
            if not layers or max(shape_of(whole)) != n:
                continue
            known = n_classes == n or n in IMAGENET_CLASSES or softmax
            if known or any(_CLASSIFIER.search(name) for name in _names(result, layers)):
                features, feature_map = self._before(layers)
                chosen = self._make.reshape(whole, [1, n])
                return Ends(features, feature_map, self._probabilities(chosen, whole), whole)
        return None

    def _probabilities(self, values: Output, whole: Output) -> Output:
        for node in self._path(whole):
            if node.get_type_name() == "Softmax":
                return values
        return self._make.ops.softmax(values, 1).output(0)

    def _path(self, value: Output) -> Iterator[Node]:
        """Walk back from a value through what only changes shapes."""
        node = value.get_node()
        while node.get_type_name() in ("Softmax", *_SHAPES_ONLY):
            yield node
            node = node.input_value(0).get_node()

    def _last_layers(self, whole: Output) -> tuple[list[Node], bool]:
        """Return the last layers with weights before an output, and whether a softmax follows."""
        softmax, found, to_visit = False, [], [whole.get_node()]
        seen: set[str] = set()
        while to_visit:
            node = to_visit.pop()
            if node.get_name() in seen:
                continue
            seen.add(node.get_name())
            kind = node.get_type_name()
            sources = [value for value in node.input_values() if self._is_computed(value)]
            if kind in _LAYERS and len(sources) == 1:
                found.append(node)
            elif (kind in _AFTER and len(sources) == 1) or kind in _AFFINE:
                softmax = softmax or kind == "Softmax"
                to_visit += [source.get_node() for source in sources]
            else:
                return [], softmax
        return found, softmax

    def _before(self, layers: list[Node]) -> tuple[Output, Output | None]:
        """Return what goes into the last layers."""
        sources = [layer.input_value(0) for layer in layers]
        if len(layers) > 1:
            sources = [self._behind_affine(source) for source in sources]
        names = {(source.get_node().get_name(), source.get_index()) for source in sources}
        if len(names) > 1:
            raise Unfit(
                f"The file has {len(names)} classifiers whose mean is its output, each with other "
                "features. Name the layer that gives the features."
            )
        source, shape = sources[0], shape_of(sources[0])
        if math.prod(shape) == max(shape):
            return self._make.reshape(source, [1, math.prod(shape)]), self._map_behind(source)
        if layers[0].get_type_name() == "Convolution":  # of a map: its mean gives the classes
            return self._pooled(self._last(source, channels_first=True))
        if len(shape) == _TOKENS:
            return self._of_tokens(source)
        raise Unfit(
            f"The last layer must take a vector or a feature map. Received: {shape[1:]}. Name the "
            "layer that gives the features."
        )

    def _behind_affine(self, value: Output) -> Output:
        node = value.get_node()
        while node.get_type_name() in (*_AFFINE, *_SHAPES_ONLY):
            sources = [each for each in node.input_values() if self._is_computed(each)]
            if len(sources) != 1:
                break
            value = sources[0]
            node = value.get_node()
        return value

    # --- Without a classifier

    def without_classifier(self) -> Ends:
        """Return the ends of a network whose output is features already."""
        outputs = [result.input_value(0) for result in self._model.get_results()]
        ranks = [len(shape_of(output)) for output in outputs]
        for rank in (_VECTOR, _TOKENS, _MAP):
            if rank in ranks:
                whole = outputs[ranks.index(rank)]
                return Ends(*self._of_value(whole), None, whole)
        raise Unfit(
            "One output must be a vector, tokens or a feature map. Received: "
            f"{[shape_of(output)[1:] for output in outputs]}. Name the layer that gives the "
            "features."
        )

    def of_layer(self, name: str) -> tuple[Output, Output | None]:
        """Return features and feature map of the layer with this name."""
        layers = {
            node.get_friendly_name(): node.output(0)
            for node in self._nodes
            if node.get_name() in self._computed and node.get_type_name() != "Result"
        }
        if name not in layers:
            fitting = [each for each in layers if gives_features(shape_of(layers[each]))]
            close = difflib.get_close_matches(name, fitting, n=3)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise Unfit(
                f"layer must name a layer of the file. Received: {name!r}.{hint} "
                "`headstart models FILE` lists them."
            )
        return self._of_value(layers[name])

    def _of_value(self, value: Output) -> tuple[Output, Output | None]:
        shape = shape_of(value)
        if not gives_features(shape):
            windows = (
                f" for each of {shape[0]:,} windows or tokens"
                if len(shape) and shape[0] > 1
                else ""
            )
            raise Unfit(
                "Features must come from a layer whose output for an image is a feature map, "
                f"tokens or a vector. Received: {value.get_node().get_friendly_name()!r}, with the "
                f"shape {tuple(shape[1:])}{windows}."
            )
        if math.prod(shape) == max(shape):
            return self._make.reshape(value, [1, math.prod(shape)]), self._map_behind(value)
        if len(shape) == _MAP:
            return self._pooled(self._last(value, channels_first=self._has_channels_first(value)))
        return self._of_tokens(value) if len(shape) == _TOKENS else (value, None)

    def _of_tokens(self, tokens: Output) -> tuple[Output, Output | None]:
        """Return the class token where there is one, else the mean of the tokens."""
        extra, _ = self._grid(tokens) or (0, ())
        features = (
            self._make.pick(tokens, 0, 1)
            if extra
            else self._make.reshape(self._make.mean(tokens, [1]), [1, shape_of(tokens)[2]])
        )
        return features, self._map_of_tokens(tokens)

    # --- Feature maps

    def _last(self, value: Output, *, channels_first: bool) -> Output:
        """Return a feature map with the channels last."""
        order = self._make.axes([0, 2, 3, 1])
        return self._make.ops.transpose(value, order).output(0) if channels_first else value

    def _has_channels_first(self, feature_map: Output) -> bool:
        """Tell whether a feature map has its channels on the second axis.

        The last operation before it that has axes of its own tells: a convolution has channels
        first in OpenVINO, whatever the file has, and a transposition may put them last.
        """
        value = feature_map
        while len(shape_of(value)) == _MAP:
            node = value.get_node()
            if node.get_type_name() in _CHANNELS_FIRST:
                return True
            if node.get_type_name() == "Transpose":
                return whole_numbers(node.input_value(1)) != [0, 2, 3, 1]
            sources = [each for each in node.input_values() if self._is_computed(each)]
            if not sources:
                break
            last = shape_of(value)[-1]
            value = sources[0]
            if len(shape_of(value)) != _MAP and shape_of(value)[-1] == last:
                return False  # made of tokens, or of windows of them, whose channels are last
        return self._channels_first

    def _pooled(self, feature_map: Output) -> tuple[Output, Output]:
        axes = self._make.axes([1, 2])
        mean = self._make.ops.reduce_mean(feature_map, axes, keep_dims=False)
        return mean.output(0), feature_map

    def _map_behind(self, features: Output) -> Output | None:
        """Return the feature map whose mean, maximum or values the features are made of."""
        value = features
        while not is_constant(value):
            node = value.get_node()
            found = self._map_at(node)
            sources = [each for each in node.input_values() if self._is_computed(each)]
            if found is not None or not sources:
                return found
            if node.get_type_name() in ("Concat", "Parameter"):
                return None
            value = sources[0]
        return None

    def _map_at(self, node: Node) -> Output | None:
        """Return the feature map that this node makes a vector of."""
        kind = node.get_type_name()
        if kind == "Parameter" or not node.inputs():
            return None
        source, result = node.input_value(0), shape_of(node.output(0))
        shape = shape_of(source)
        if kind in ("ReduceMean", "ReduceMax") and self._is_computed(source):
            axes = sorted(axis % len(shape) for axis in whole_numbers(node.input_value(1)))
            if len(shape) == _MAP and axes in ([1, 2], [2, 3]):
                return self._last(source, channels_first=axes == [2, 3])
            if len(shape) == _TOKENS and axes == [1]:
                return self._map_of_tokens(source)
        is_vector = math.prod(result) == max(result) and max(result) > 1
        if kind in ("Gather", "Slice") and len(shape) == _TOKENS and is_vector:
            return self._map_of_tokens(source)
        if kind == "Reshape" and len(shape) == _MAP and is_vector and math.prod(shape) > max(shape):
            return self._last(source, channels_first=self._has_channels_first(source))
        return None

    def _map_of_tokens(self, tokens: Output) -> Output | None:
        found = self._grid(tokens)
        if found is None:
            return None
        extra, (height, width) = found
        value, (_, count, channels) = tokens, shape_of(tokens)
        if extra:
            value = self._make.cut(tokens, 1, extra, count)
        return self._make.reshape(value, [1, height, width, channels])

    def _grid(self, tokens: Output) -> tuple[int, tuple[int, int]] | None:
        """Return how many tokens are of no place, and how many rows and columns the others have.

        The grid is that of the smallest feature map before them that has fewer places than there
        are tokens, and not many fewer.
        """
        count = shape_of(tokens)[1]
        for node in reversed(self._nodes):
            if node.get_type_name() == "Convolution":
                height, width = shape_of(node.output(0))[2:]
                if 0 <= count - height * width <= min(_MOST_EXTRA_TOKENS, height * width - 1):
                    return count - height * width, (height, width)
        return None

    def _is_computed(self, value: Output) -> bool:
        return value.get_node().get_name() in self._computed


def _names(result: Node, layers: list[Node]) -> Iterator[str]:
    """Return names that tell what the last layer is: its own, its weights' and its output's."""
    yield from result.output(0).get_names()
    for layer in layers:
        yield layer.get_friendly_name()
        yield from (value.get_node().get_friendly_name() for value in layer.input_values())
        yield from (
            reader.get_node().get_friendly_name() for reader in layer.output(0).get_target_inputs()
        )


def _computed(nodes: list[Node]) -> set[str]:
    """Return the names of the nodes that depend on the image."""
    found: set[str] = set()
    for node in nodes:
        sources = {value.get_node().get_name() for value in node.input_values()}
        if node.get_type_name() == "Parameter" or sources & found:
            found.add(node.get_name())
    return found
