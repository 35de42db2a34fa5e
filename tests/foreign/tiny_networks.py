"""Writes small networks as other programs do, so that tests need none of these programs."""

import numpy as np
from tests.foreign.protobufs import message

from headstart.networks.runtime import load_openvino

FLOAT, INT, INTS = 1, 2, 7


def weights(seed=0):
    """Return the kernel of a convolution, and the matrix and bias of a classifier."""
    random = np.random.default_rng(seed)
    shapes = {"kernel": (4, 3, 3, 3), "matrix": (4, 2), "bias": (2,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def write_ir(path):
    """Write a network with a convolution and a classifier as OpenVINO does."""
    openvino = load_openvino()
    ops, values = openvino.opset13, weights()
    image = ops.parameter([1, 3, 16, 16], openvino.Type.f32, name="x")
    maps = ops.relu(ops.convolution(image, values["kernel"], [2, 2], [1, 1], [1, 1], [1, 1]))
    pooled = ops.reduce_mean(maps, np.array([2, 3]), keep_dims=False)
    logits = ops.add(ops.matmul(pooled, values["matrix"], False, False), values["bias"])
    model = openvino.Model([ops.softmax(logits, 1)], [image], "tiny")
    openvino.save_model(model, path, compress_to_fp16=False)


def write_onnx(path, *, outside=""):
    """Write the same network as ONNX; its weights into a file with the name `outside` if given."""
    place, content, tensors = 0, b"", []
    for name, array in weights().items():
        where = [(9, array.tobytes())]
        if outside:
            entries = {"location": outside, "offset": str(place), "length": str(array.nbytes)}
            where = [(13, message((1, key), (2, value))) for key, value in entries.items()]
            where.append((14, 1))
        content += array.tobytes()
        place += array.nbytes
        tensors.append(
            (5, message(*((1, side) for side in array.shape), (2, FLOAT), (8, name), *where))
        )
    nodes = [
        node("Conv", ["x", "kernel"], "maps", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["maps"], "positive"),
        node("GlobalAveragePool", ["positive"], "pooled"),
        node("Flatten", ["pooled"], "features", axis=1),
        node("Gemm", ["features", "matrix", "bias"], "logits"),
        node("Softmax", ["logits"], "probabilities", axis=1),
    ]
    ends = [(11, end("x", 1, 3, 16, 16)), (12, end("probabilities", 1, 2))]
    graph = message(*nodes, (2, "tiny"), *tensors, *ends)
    path.write_bytes(message((1, 8), (2, "tests"), (7, graph), (8, message((1, ""), (2, 17)))))
    if outside:
        (path.parent / outside).write_bytes(content)


def node(operation, inputs, output, **attributes):
    """Return the field of a graph of ONNX that is this operation."""
    written = []
    for name, value in attributes.items():
        numbers = [(3, value), (20, INT)] if isinstance(value, int) else [(20, INTS)]
        if isinstance(value, list):
            numbers += [(8, each) for each in value]
        written.append((5, message((1, name), *numbers)))
    return (1, message(*((1, each) for each in inputs), (2, output), (4, operation), *written))


def end(name, *shape):
    """Return what ONNX says of an input or output of floats."""
    axes = message(*((1, message((1, side))) for side in shape))
    return message((1, name), (2, message((1, message((1, FLOAT), (2, axes))))))
