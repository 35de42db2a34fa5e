"""No image takes much longer, or much more memory, than its size in pixels tells."""

from pathlib import Path

import pytest
from tests.attacks.image_bombs import BOMBS
from tests.attacks.limits import Trial, Tries
from tests.images.odd_images import png

from headstart.images.reader import load
from headstart.images.resizing import Resize
from headstart.images.sources import FileSource


class Reading(Trial):
    """Reads one image as every job does."""

    def answer(self, path: Path) -> bytes:
        """Return its pixels, resized."""
        loaded = load(0, FileSource(path), Resize("crop", 32, 32))
        if loaded.error is not None:
            raise loaded.error
        return loaded.pixels.tobytes()


@pytest.fixture(scope="module")
def tries():
    tries = Tries(Reading())
    yield tries
    tries.close()


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    file = tmp_path_factory.mktemp("original") / "image.png"
    file.write_bytes(png())
    return file


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_or_harmless(tries, original, tmp_path, name, attacked):
    if name.startswith("dicom"):
        pytest.importorskip("pydicom")
    make, says = BOMBS[name]
    file = tmp_path / "bomb"
    file.write_bytes(make())
    outcome = tries(file, original)
    attacked("image bombs", 1)
    assert outcome.verdict in ({"refused"} if says else {"same", "other"}), outcome
    assert (says or "") in outcome.said
