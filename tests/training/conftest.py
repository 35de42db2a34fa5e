"""Run stepping.py, and scripts that use its networks, on each backend."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("stepping.py")
# Compiling takes most of the time.
QUICKLY = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}


@pytest.fixture(scope="module")
def steps_on(python, once):
    """Return what gives what comes out on a backend."""

    def ran(backend):
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"needs {backend}")

        def make(folder):
            process = python(SCRIPT, folder, KERAS_BACKEND=backend, **QUICKLY)
            assert process.returncode == 0, process.stderr
            return json.loads(process.stdout.strip().rpartition("\n")[2])

        found, _ = once(f"steps-{backend}", make)
        return found

    return ran


@pytest.fixture(scope="module")
def script_on(python):
    """Return what runs code on a backend."""

    def ran(backend, code):
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"needs {backend}")
        words = f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r})\n{code}"
        process = python("-c", words, KERAS_BACKEND=backend, **QUICKLY)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout.strip().rpartition("\n")[2])

    return ran
