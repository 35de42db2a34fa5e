"""Many conversions in one process, so that Keras is imported once; otherwise what a user gets.

It reads a request a line (JSON) and answers each with a line of JSON.
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "openvino"

from headstart.backbones.keras_export import NOT_NEEDED, export
from headstart.backbones.runtime import silence_telemetry

if __name__ == "__main__":
    silence_telemetry()
    sys.modules.update(dict.fromkeys(NOT_NEEDED))
    for line in sys.stdin:
        print(json.dumps(export(json.loads(line))), flush=True)
