"""The cache is cleared again and again under processes that use it: their answers stay the same."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

CLEARING = """
import contextlib, io, sys
from pathlib import Path
from headstart.cli.main import main
print("ready", flush=True)
n = 0
while not Path(sys.argv[1]).exists():
    n += 1
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["cache", "clear"]) == 0
print(n)
"""

USING = """
import sys
import numpy as np
from headstart import Embedder
from headstart.storage import clearing
from headstart.features import compiling

random = np.random.default_rng(0)
images = list(random.integers(0, 256, (4, 40, 40, 3), np.uint8))
first = {}
for i in range(int(sys.argv[2])):
    for pooling in ("auto", "avg", "max", "flatten"):
        embedder = Embedder(sys.argv[1], pooling=pooling).fit(images)
        found = embedder.transform(images)
        np.testing.assert_array_equal(found, first.setdefault(pooling, found))
        compiling.compile_network(embedder.network_).release()  # as before a fork
        np.testing.assert_array_equal(found, embedder.transform(images))
        for file in list(clearing._held):  # as another process that begins
            clearing.release(file)
        compiling._compiled.clear()
print("same")
"""


def test_caches_that_are_cleared_while_they_are_used(network_folder, tmp_path, rounds, attacked):
    stop, loops = tmp_path / "stop", 4 * rounds
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "HEADSTART_CACHE": str(tmp_path / "cache")}

    def start(code, *words):
        command = [sys.executable, "-c", code, *map(str, words)]
        return subprocess.Popen(command, env=environment, **pipes)

    processes = [start(CLEARING, stop)]
    try:
        assert processes[0].stdout.readline() == "ready\n"
        processes += [start(USING, network_folder, loops) for _ in range(2)]
        for using in processes[1:]:
            out, err = using.communicate(timeout=60 + 10 * loops)
            assert (using.returncode, out) == (0, "same\n"), err
        stop.touch()
        out, err = processes[0].communicate(timeout=60)
        assert processes[0].returncode == 0, err
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    attacked("clearings of a cache that is used", int(out))
