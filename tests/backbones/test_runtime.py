"""OpenVINO without telemetry."""

import subprocess
import sys

CHECK = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("somebody opened a socket")

socket.socket.connect = socket.create_connection = refuse
from headstart.backbones.runtime import load_openvino
load_openvino()
from openvino.tools.ovc import telemetry_utils
assert sys.modules["openvino_telemetry"] is None
assert telemetry_utils.tm.__name__ == "openvino.tools.ovc.telemetry_stub"
"""


def test_telemetry_is_a_stub():
    subprocess.run([sys.executable, "-c", CHECK], check=True, timeout=60)
