"""Two processes with Keras, on TensorFlow and on OpenVINO, and what they read and write."""

import contextlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from headstart.backbones.catalogue import get_backbone

HERE = Path(__file__).parent
# Multiply-accumulates of one image, above which a network is large.
LARGE = 15e9
# Bytes of memory that a worker may keep between two requests. TensorFlow gives back little of what
# networks took that are gone: after all rows, 10 GB.
MOST_KEPT = 2 * 2**30


class Worker:
    """A script that answers each line of JSON with a line."""

    def __init__(self, script, folder):
        self.script = script
        self.errors = folder / f"{script}.txt"
        self.start()

    def start(self):
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, HERE / self.script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def ask(self, **request):
        if self.kept() > MOST_KEPT:
            self.close()
            self.start()
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.errors.read_text()[-3000:]
        return answer.strip()

    def kept(self):
        """Return the bytes of memory that the process has; 0 where that is not known."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        resident = (line.split()[1] for line in lines if line.startswith("VmRSS"))
        return 1024 * int(next(resident, 0))

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
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("the reference is Keras on TensorFlow")
    yield from _worker("reference.py", tmp_path_factory)


@pytest.fixture(scope="session")
def converter(tmp_path_factory):
    """Keras on OpenVINO, with headstart's conversion."""
    yield from _worker("conversions.py", tmp_path_factory)


@pytest.fixture(scope="session")
def memory(shared_folder):
    """Return what holds the memory for a row's network: ``with memory(row): ...``.

    One large network at a time has it, in whatever process of ``pytest -n``: the largest take up to
    8 GB.
    """
    lock = FileLock(shared_folder / "large-network.lock")
    return lambda row: lock if row.macs > LARGE else contextlib.nullcontext()


@pytest.fixture(scope="session")
def small():
    """The row of a small network that converts quickly."""
    return get_backbone("mobilenet_v3_small")


@pytest.fixture(scope="session")
def files(converter, small, once):
    """Weights files of the small network by their number of classes."""

    def save(folder):
        for classes in (1000, 5, None):
            path = str(folder / f"{classes}.weights.h5")
            converter.ask(task="save", builder=small.builder, classes=classes, path=path)

    _, folder = once("weights", save)
    return {classes: folder / f"{classes}.weights.h5" for classes in (1000, 5, None)}


@pytest.fixture
def export(converter, small, tmp_path):
    """Return what converts a weights file: ``graph, answer = export(file, ...)``."""

    def run(weights, row=small, size=(32, 48), **more):
        graph = tmp_path / "graph.xml"
        request = {"backbone": row.name, "weights": str(weights), "size": size, **more}
        answer = converter.ask(task="export", **request, graph=str(graph))
        return graph, json.loads(answer)

    return run
