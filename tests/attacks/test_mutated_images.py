"""Damaged and hostile images of every format: read or refused, in little time and memory."""

import importlib.util
import io

import numpy as np
import pytest
from tests.attacks.limits import Trial
from tests.images.odd_images import ODD, encoded, photo

from headstart.images.reader import load
from headstart.images.resizing import Resize
from headstart.images.sources import FileSource


class ReadImage(Trial):
    """Read an image as every job does: decode it, turn it upright and resize it."""

    def prepare(self):
        self._resize = Resize("crop", 64, 64)

    def answer(self, path):
        loaded = load(0, FileSource(path), self._resize, lambda _: False)
        if loaded.error is not None:
            raise loaded.error
        return loaded.notes, loaded.pixels.tobytes()


def of_every_format():
    """Return the bytes of images by suffix and name."""
    images = {f"{name}{odd.suffix}": odd.make() for name, odd in ODD.items()}
    for kind in ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF", "JPEG2000", "PPM"):
        images[f"photo_{kind}"] = encoded(photo(), kind)
    for packing in ("tiff_lzw", "jpeg", "tiff_deflate", "packbits"):
        images[f"photo_{packing}.tif"] = encoded(photo(), "TIFF", compression=packing)
    images["progressive"] = encoded(photo(), "JPEG", progressive=True)
    images["plain.ppm"] = _text_ppm()
    if importlib.util.find_spec("pillow_heif"):
        images["photo.heic"] = _heic()
    if importlib.util.find_spec("pydicom"):
        images["photo.dcm"] = _dicom()
    if importlib.util.find_spec("tifffile"):
        images["deep.tif"] = _deep_tiff()
    return images


def _text_ppm():
    values = np.asarray(photo(12, 9)).ravel()
    return b"P3\n12 9\n255\n" + " ".join(map(str, values)).encode() + b"\n"


def _heic():
    import pillow_heif

    file = pillow_heif.HeifFile()
    file.add_from_pillow(photo())
    data = io.BytesIO()
    file.save(data)
    return data.getvalue()


def _dicom():
    from tests.images.test_dicom import GREY, dicom

    return dicom(GREY, WindowCenter=100, WindowWidth=100)


def _deep_tiff():
    import tifffile

    data = io.BytesIO()
    values = np.asarray(photo()).astype(np.uint16) * 257
    tifffile.imwrite(data, values, photometric="rgb", compression="deflate", predictor=True)
    return data.getvalue()


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for name, data in of_every_format().items():
        (folder / name).write_bytes(data)
    return sorted(folder.iterdir())


def test_images(images, fuzz):
    fuzz("mutated images", ReadImage(), images, n=100, forge=True, others=True)
