import numpy as np
import pytest
from PIL import Image
from tests.prediction.scorers import affine, neighbours

from headstart.errors import ImageError, UsageError
from headstart.explaining import explainer
from headstart.explaining.explainer import Explainer, heat_map

IMAGES = list(np.random.default_rng(0).integers(0, 256, (4, 40, 60, 3), np.uint8))


def test_it_says_what_the_predictor_says(make_predictor):
    for predictor in (make_predictor(affine()), make_predictor(), make_predictor(neighbours())):
        expected = predictor.predict_proba(IMAGES)
        found = list(Explainer.of(predictor).stream(IMAGES))
        assert [each.index for each in found] == [0, 1, 2, 3]
        labels = [predictor.labels[row.argmax()] for row in expected]
        assert [each.explained.label for each in found] == labels
        chances = [each.explained.probability for each in found]
        np.testing.assert_allclose(chances, expected.max(axis=1), rtol=1e-5)
        assert all(each.heat.shape == (40, 60) for each in found)


def test_the_method_fits_the_head(make_predictor):
    (mapped,) = Explainer.of(make_predictor(affine())).stream(IMAGES[:1])
    assert (mapped.method, mapped.values.shape) == ("activation map", (8, 8))
    (covered,) = Explainer.of(make_predictor(neighbours())).stream(IMAGES[:1])
    assert (covered.method, covered.values.shape) == ("occlusion", (8, 8))


def test_a_class_can_be_asked_for_by_label_or_identifier(make_predictor):
    predictor = make_predictor(affine())
    one, other = (heat_map(predictor, IMAGES[0], name) for name in ("bee", "id-bee"))
    np.testing.assert_array_equal(one, other)
    others = [heat_map(predictor, IMAGES[0], label) for label in ("ant", "cat")]
    assert not any(np.array_equal(one, each) for each in others)


def test_an_unknown_class_is_refused_before_an_image_is_read(make_predictor):
    predictor = make_predictor(affine())
    with pytest.raises(UsageError, match=r"Received: 'bea'\. Did you mean 'bee'"):
        next(Explainer.of(predictor).stream(["nowhere.jpg"], "bea"))
    with pytest.raises(UsageError, match=r"Its classes are 'ant', 'bee', 'cat'\."):
        heat_map(predictor, IMAGES[0], 17)


def test_it_goes_on_after_an_unreadable_image(make_predictor):
    predictor = make_predictor(affine())
    first, broken, last = Explainer.of(predictor).stream([IMAGES[0], b"GIF89a", IMAGES[1]])
    assert isinstance(broken.error, ImageError)
    assert (first.index, broken.index, last.index) == (0, 1, 2)
    with pytest.raises(ImageError, match="image 0"):
        heat_map(predictor, b"GIF89a")


def test_what_is_cropped_is_unknown(make_predictor):
    heat = heat_map(make_predictor(affine(), rule="crop"), IMAGES[0])
    assert np.isnan(heat[:, :10]).all()
    assert np.isfinite(heat[10:30, 20:40]).all()


def test_large_images_are_shown_smaller_and_turned_upright(make_predictor, tmp_path):
    file = tmp_path / "photo.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1200, 800), "red").save(file, exif=exif)
    side = explainer.SHOWN
    assert heat_map(make_predictor(affine()), file).shape == (side, side * 2 // 3)
    stored = heat_map(make_predictor(affine(), rule="keras"), file)
    assert stored.shape == (side * 2 // 3, side)
