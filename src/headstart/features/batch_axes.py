"""Check that a graph computes each image of a batch by itself.

OpenVINO runs one image at a time, so it also runs graphs that would mix the images of a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.networks.runtime import load_openvino

if TYPE_CHECKING:
    from openvino import Model, Node, Output

    from headstart.networks.network import Network

# A number of images that no axis has by chance.
_MANY = 7919

_Shapes = dict[tuple[str, int], tuple[int, ...]]


class MixedImages(Exception):
    """A node mixes the images of a batch."""

    def __init__(self, node: Node) -> None:
        super().__init__(f"{node.get_type_name()} over several images")


def key(value: Output) -> tuple[str, int]:
    """Return what identifies a value in its graph."""
    return value.get_node().get_name(), value.get_index()


def check_batches(model: Model, network: Network) -> None:
    """Check that a graph may run several images at once, and leave it with a batch of one.

    The first axis of every value must grow with the batch, and no other axis. It may have several
    values for each image, as where a network also sees mirror images: those of all images follow
    each other, then the next of all.

    Parameters
    ----------
    model : openvino.Model
    network : Network
        What it is described as.

    Raises
    ------
    MixedImages
        If a node works over more than one image.
    RuntimeError
        Of OpenVINO, if the graph takes one image only.
    """
    many, one = (_shapes(model, network, n) for n in (_MANY, 1))
    for node in _computed(model):
        for output in node.outputs():
            first, *rest = one[key(output)] or (0,)
            if many[key(output)] != (_MANY * first, *rest):
                raise MixedImages(node)
        if _works_over_images(node, one):
            raise MixedImages(node)


def _computed(model: Model) -> list[Node]:
    idle = ("Constant", "Result")
    return [node for node in model.get_ordered_ops() if node.get_type_name() not in idle]


def _shapes(model: Model, network: Network, n_images: int) -> _Shapes:
    # `Model.reshape` would rewrite what comes before a dense layer.
    (image,) = model.get_parameters()
    image.set_partial_shape(load_openvino().PartialShape([n_images, *network.size, 3]))
    model.validate_nodes_and_infer_types()
    outputs = [output for node in _computed(model) for output in node.outputs()]
    return {key(output): tuple(output.get_shape()) for output in outputs}


def _works_over_images(node: Node, one: _Shapes) -> bool:
    """Tell whether a node works over the first axis although it keeps its size."""
    match node.get_type_name():
        case "Reshape":
            return one[key(node.input_value(0))][0] != one[key(node.output(0))][0]
        case "Softmax":
            return node.get_attributes()["axis"] % len(one[key(node.output(0))]) == 0
        case "Slice":
            return _turns_first_axis(node, rank=len(one[key(node.output(0))]))
        case _:
            return False


def _turns_first_axis(node: Node, rank: int) -> bool:
    steps, *axes = (value.get_node().get_data().tolist() for value in node.input_values()[3:])
    named = axes[0] if axes else range(len(steps))
    turned = zip(named, steps, strict=True)
    return any(axis % rank == 0 and step != 1 for axis, step in turned)
