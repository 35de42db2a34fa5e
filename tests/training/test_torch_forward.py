"""A Keras network in torch's own calls. test_steps.py compares its numbers with TensorFlow's."""

CODE = """
import json
import keras, numpy as np, torch
from stepping import odd
from headstart.training import torch_forward as room

network = odd()
kernels = {each.name: each.kernel for each in network.layers if type(each).__name__ == "Conv2D"}
before = {name: np.asarray(kernel) for name, kernel in kernels.items()}
room.arrange_kernels(network)
same = all(np.array_equal(before[name], np.asarray(kernel)) for name, kernel in kernels.items())
in_order = [
    kernel.value.permute(3, 2, 0, 1).is_contiguous(memory_format=torch.channels_last)
    for kernel in kernels.values()
]
parameters = room.Parameters()
forward = room.Forward(network, parameters)
images = torch.rand(4, 12, 12, 3) * 255
apart = []
for training in (False, True):
    with torch.no_grad():
        expected = network(images, training=training)
        parameters.refresh(training=training)
        apart.append(float((forward(images) - expected).abs().max()))

class Own(keras.layers.ReLU):
    def call(self, values):
        return values + 1

data = keras.Input((3,))
own = keras.Model(data, [Own()(data), keras.layers.Dropout(0.5)(data)])
parameters.refresh(training=False)
first, second = room.Forward(own, parameters)(-torch.ones(2, 3))
print(json.dumps({"same": same, "in_order": in_order, "apart": apart,
                  "own": first.tolist(), "untrained": second.tolist()}))
"""


def test_a_network_gives_what_keras_gives_from_kernels_that_lie_as_they_are_used(torch, script_on):
    del torch
    found = script_on("torch", CODE)
    assert found["same"]
    assert all(found["in_order"])
    assert len(found["in_order"]) == 3
    assert max(found["apart"]) < 1e-5
    # A subclass computes what it says, and what trains only does so then.
    assert found["own"] == [[0.0] * 3] * 2
    assert found["untrained"] == [[-1.0] * 3] * 2
