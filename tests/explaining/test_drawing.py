import dataclasses
import io

import numpy as np
import pytest
from PIL import Image
from tests.prediction.scorers import affine

from headstart.errors import ImageError
from headstart.explaining.drawing import draw_explanation, save_explanation
from headstart.explaining.explainer import Explainer
from headstart.model.examples import Example

IMAGES = [*np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), np.uint8), b"no image"]


@pytest.fixture
def explanations(make_predictor):
    predictor = make_predictor(affine(), rule="crop")
    return list(Explainer.of(predictor).stream(IMAGES, "bee"))


def test_the_image_stands_beside_its_overlay_with_words_below(explanations):
    drawn = np.asarray(draw_explanation(explanations[0]))
    np.testing.assert_array_equal(drawn[18:58, 18:78], IMAGES[0])
    beside = drawn[18:58, 96:156]
    assert beside.std() > 10
    assert (drawn[60:] < 200).any()


def test_the_file_is_a_png_and_an_unreadable_image_has_none(explanations, tmp_path):
    save_explanation(explanations[1], tmp_path / "one.png")
    with Image.open(tmp_path / "one.png") as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
    with pytest.raises(ImageError):
        save_explanation(explanations[2], tmp_path / "two.png")
    assert [file.name for file in tmp_path.iterdir()] == ["one.png"]


def test_the_nearest_training_images_stand_below(explanations):
    file = io.BytesIO()
    Image.new("RGB", (90, 60), "red").save(file, "JPEG")
    near = [(Example("a.jpg", 0, 0.9, file.getvalue()), "ant"), (Example("b", 1, 0, b"?"), "bee")]
    plain = draw_explanation(explanations[0])
    drawn = draw_explanation(dataclasses.replace(explanations[0], nearest=tuple(near)))
    assert drawn.width == plain.width
    below = np.asarray(drawn)[plain.height :].astype(int)
    assert ((below[:, :, 0] > 200) & (below[:, :, 1] < 40)).sum() > 2000  # the red image
