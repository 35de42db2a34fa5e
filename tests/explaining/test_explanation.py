import numpy as np
import pytest
from PIL import Image

from headstart.errors import ImageDamaged
from headstart.explaining.explanation import Explanation, Seen
from headstart.images.resizing import Resize
from headstart.images.sources import as_source
from headstart.prediction.answer import Prediction

SOURCE = as_source(np.zeros((4, 4, 3), np.uint8))


def explained(values, size, view):
    seen = Seen(Image.new("RGB", size), np.zeros((4, 4, 3), np.uint8), view)
    fox = Prediction("n1", "fox", 0.5)
    return Explanation(0, SOURCE, fox, "occlusion", np.float32(values), seen)


def test_the_middle_of_a_part_has_its_value_and_between_it_is_linear():
    found = explained([[0, 4]], (8, 2), (0, 0, 8, 2)).heat
    assert (found.shape, found.dtype) == ((2, 8), np.float32)
    np.testing.assert_allclose(found[0], [0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4], atol=1e-6)
    np.testing.assert_array_equal(found[0], found[1])


def test_a_crop_leaves_the_rest_of_the_image_unknown():
    view = Resize("crop", 4, 4, crop_fraction=1.0).view(8, 4)
    found = explained([[1, 1], [1, 1]], (8, 4), view).heat
    assert np.isnan(found[:, [0, 1, 6, 7]]).all()
    np.testing.assert_allclose(found[:, 2:6], 1)


def test_the_margin_of_a_padded_image_is_left_out():
    view = Resize("pad", 4, 4).view(8, 4)
    values = [[9, 9], [1, 1], [1, 1], [9, 9]]  # the upper and the lower row see the margin
    found = explained(values, (8, 4), view).heat
    assert found.shape == (4, 8)
    np.testing.assert_allclose(found[1:3].mean(), 1, atol=0.6)
    assert np.isfinite(found).all()


def test_an_unreadable_image_has_a_reason_and_no_heat():
    broken = Explanation(3, SOURCE, error=ImageDamaged("image 3 must be whole."))
    with pytest.raises(ImageDamaged, match="image 3"):
        _ = broken.heat
    expected = {"type": "ImageDamaged", "message": "image 3 must be whole."}
    assert broken.to_record() == {"path": "image 0", "error": expected}


def test_a_record_holds_the_class_the_method_and_the_values():
    assert explained([[1, 2]], (2, 2), (0, 0, 2, 2)).to_record() == {
        "path": "image 0",
        "id": "n1",
        "label": "fox",
        "probability": 0.5,
        "method": "occlusion",
        "nearest": [],
        "values": [[1.0, 2.0]],
    }
