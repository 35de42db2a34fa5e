"""Keras in a process that converts networks: what it loads."""

import os
import subprocess
import sys
import textwrap

from headstart.networks import keras_tracing


def test_keras_starts_without_what_a_conversion_does_not_need():
    code = """
        import sys
        from headstart.networks import keras_tracing

        keras_tracing.prepare()
        keras = sys.modules["keras"]
        print(keras.backend.backend(), *{name.partition(".")[0] for name in sys.modules})
        print("scipy.stats" in sys.modules)
        signal = sys.modules["scipy.signal"]
        print(signal.get_window("boxcar", 2), "scipy.stats" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "KERAS_BACKEND": "openvino"},
        capture_output=True,
        text=True,
        check=True,
    )
    packages, before, after = done.stdout.splitlines()
    backend, *loaded = packages.split()
    assert backend == "openvino"
    assert not {*keras_tracing.NOT_NEEDED} & {*loaded}
    assert (before, after) == ("False", "[1. 1.] True")
