"""The two processes that answers are compared between."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class Worker:
    """A script that answers each line of JSON with a line."""

    def __init__(self, script, folder):
        self.errors = folder / f"{script}.txt"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, HERE / script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.errors.read_text()[-3000:]
        return answer.strip()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=60)


def _worker(script, tmp_path_factory):
    worker = Worker(script, tmp_path_factory.mktemp("worker"))
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def reference(tmp_path_factory):
    """Keras on TensorFlow."""
    pytest.importorskip("tensorflow", reason="the reference is Keras on TensorFlow")
    yield from _worker("reference.py", tmp_path_factory)


@pytest.fixture(scope="session")
def converter(tmp_path_factory):
    """Keras on OpenVINO, with headstart's conversion."""
    yield from _worker("conversions.py", tmp_path_factory)
