"""All images that are decoded at once take no more memory than one budget, whatever they are."""

import json
import subprocess
import sys

import pytest
from tests.attacks.image_bombs import tiff_of_floats

SECONDS = 300
SIDE, IMAGES = 3000, 24
BUDGET = 400 * 2**20
# What the C library keeps for each thread, stacks, and what is loaded late.
BESIDES, FOR_EACH_THREAD = 100 * 2**20, 40 * 2**20

READ = """
import json, resource, sys, threading
from headstart.images import in_flight

in_flight.PIXELS_IN_FLIGHT = int(sys.argv[3])
from headstart.images.reader import read_images
from headstart.images.resizing import Resize
from headstart.images.sources import FileSource

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

small, large, workers = sys.argv[1], sys.argv[2], int(sys.argv[4])
resize = Resize("crop", 32, 32)
assert not [item.error for item in read_images([FileSource(small)] * 50, resize) if item.error]
before = peak()
loaded = list(read_images([FileSource(large)] * int(sys.argv[5]), resize, workers=workers))
print(json.dumps([peak() - before, sorted({str(item.error) for item in loaded})]))
"""


def memory(tmp_path, workers, budget):
    """Bytes that reading large images on several threads takes at most."""
    (tmp_path / "small").write_bytes(tiff_of_floats(64))
    (tmp_path / "large").write_bytes(tiff_of_floats(SIDE))
    files = [tmp_path / "small", tmp_path / "large"]
    command = [sys.executable, "-c", READ, *files, str(budget), str(workers), str(IMAGES)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    taken, errors = json.loads(ended.stdout)
    assert errors == ["None"]
    return taken


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in another way there")
@pytest.mark.parametrize("workers", [2, 16])
def test_all_images_that_are_decoded_at_once_share_one_budget(tmp_path, workers):
    assert memory(tmp_path, workers, BUDGET) <= BUDGET + BESIDES + workers * FOR_EACH_THREAD
