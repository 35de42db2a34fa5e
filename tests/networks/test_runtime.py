"""OpenVINO without telemetry, and the multiply-accumulates of a graph."""

import subprocess
import sys

import numpy as np
import pytest

from headstart.networks.runtime import count_macs, load_openvino

CHECK = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("somebody opened a socket")

socket.socket.connect = socket.create_connection = refuse
from headstart.networks.runtime import load_openvino
load_openvino()
from openvino.tools.ovc import telemetry_utils
assert sys.modules["openvino_telemetry"] is None
assert telemetry_utils.tm.__name__ == "openvino.tools.ovc.telemetry_stub"
"""


def test_telemetry_is_a_stub():
    subprocess.run([sys.executable, "-c", CHECK], check=True, timeout=60)


INTERRUPTED = """
import gc, signal, threading
from headstart.networks.runtime import load_processor

held = [load_processor()]
held[0].get_property("CPU", "FULL_DEVICE_NAME")
thread = threading.Thread(target=lambda: (held.clear(), gc.collect()))
thread.start()
thread.join()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_after_another_thread_has_unloaded_the_processor():
    """Without care it is a segmentation fault: see `load_processor`."""
    found = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], check=False, capture_output=True, timeout=60
    )
    assert (found.returncode, found.stdout.strip()) == (0, b"interrupted")


@pytest.fixture
def ops():
    return load_openvino().opset13


@pytest.fixture
def count(ops):
    """Return what counts the operations that a function makes of a (?, 4, 8, 6) input."""

    def run(build):
        image = ops.parameter([-1, 4, 8, 6], np.float32)
        return count_macs(load_openvino().Model([ops.result(build(image))], [image], "net"))

    return run


SAME = ([1, 1], [1, 1], [1, 1], [1, 1])


def test_convolution(ops, count):
    kernel = np.ones((5, 4, 3, 3), np.float32)
    assert count(lambda x: ops.convolution(x, kernel, *SAME)) == 8 * 6 * 5 * 4 * 3 * 3


def test_depthwise_convolution(ops, count):
    kernel = np.ones((4, 1, 1, 3, 3), np.float32)
    assert count(lambda x: ops.group_convolution(x, kernel, *SAME)) == 8 * 6 * 4 * 3 * 3


def test_matrix_product(ops, count):
    matrix = np.ones((4, 7), np.float32)
    means = [2, 3]
    assert count(lambda x: ops.matmul(ops.reduce_mean(x, means), matrix, False, False)) == 4 * 7


def test_elementwise_operations_cost_nothing(ops, count):
    assert count(lambda x: ops.relu(ops.add(x, np.float32(1)))) == 0
