import io

import numpy as np
import pytest
from PIL import Image

from headstart.augmentation import preview
from headstart.augmentation.preview import draw_augmented, shown_side
from headstart.augmentation.settings import Augmentation
from headstart.display.style import MARGIN
from headstart.errors import ImageDamaged, ImageUnsupported, UsageError
from headstart.images.sources import BytesSource

TOP = preview.HEAD_HEIGHT + MARGIN // 2


def photo(size=(64, 64), name="photo.png", seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return BytesSource(name, data.getvalue())


def drawn(tmp_path, sources, augmentation=None, size=64, **options):
    path = tmp_path / "sheet.png"
    unreadable = draw_augmented(path, sources, augmentation or Augmentation(), size, **options)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image).astype(int), unreadable


def cells(pixels, size, views):
    """Return the views of the first row."""
    side = shown_side(size)
    lefts = [2 * MARGIN + side + view * (side + preview.GAP) for view in range(views)]
    return [pixels[TOP : TOP + side, left : left + side] for left in lefts]


def test_each_row_is_an_image_and_its_views(tmp_path):
    one, _ = drawn(tmp_path, [photo()], views=3)
    two, unreadable = drawn(tmp_path, [photo(), photo(seed=1)], views=3)
    side = shown_side(64)
    assert one.shape[1] == 3 * MARGIN + 4 * side + 2 * preview.GAP
    assert two.shape == (one.shape[0] + side + preview.NAME_HEIGHT, one.shape[1], 3)
    assert all(cell.std() > 30 for cell in cells(one, 64, 3))
    assert unreadable == ()


def test_the_views_are_those_of_the_augmentation_with_pixels_enlarged_as_squares(tmp_path):
    pixels, _ = drawn(tmp_path, [photo()], Augmentation.none(), views=2)
    with Image.open(io.BytesIO(photo().read())) as image:
        expected = np.kron(np.asarray(image), np.ones((2, 2, 1)))
    for cell in cells(pixels, 64, 2):
        np.testing.assert_array_equal(cell, expected)


def test_layers_are_shown_too(tmp_path):
    dark = Augmentation(layers=[lambda images: images * 0])
    pixels, _ = drawn(tmp_path, [photo()], dark, views=2)
    assert all(cell.max() == 0 for cell in cells(pixels, 64, 2))


def test_the_same_seed_draws_the_same_sheet(tmp_path):
    first, again, other = (drawn(tmp_path, [photo()], seed=seed)[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("size", "side"), [(1, 128), (32, 128), (100, 200), (224, 224), (448, 256)]
)
def test_views_are_drawn_large_enough_and_not_too_large(tmp_path, size, side):
    assert shown_side(size) == side
    drawn(tmp_path, [photo()], size=size, views=1)


@pytest.mark.parametrize("size", [(1, 1), (300, 2), (2, 300)])
def test_any_shape_stays_in_its_cell(tmp_path, size):
    pixels, _ = drawn(tmp_path, [photo(size)], views=1)
    side = shown_side(64)
    assert (pixels[TOP : TOP + side, :MARGIN] == 255).all()
    assert (pixels[TOP : TOP + side, MARGIN + side : 2 * MARGIN + side] == 255).all()


@pytest.mark.parametrize("name", ["猫.png", "x" * 400, "a\nb", ""])
def test_any_name_stays_in_the_sheet(tmp_path, name):
    pixels, _ = drawn(tmp_path, [photo(name=name)], views=1)
    assert (pixels[:, -MARGIN:] == 255).all()


def test_the_row_of_an_unreadable_image_shows_the_reason(tmp_path):
    sources = [BytesSource("broken.png", photo().read()[:99]), photo(), BytesSource("n.txt", b"no")]
    pixels, unreadable = drawn(tmp_path, sources, views=2)
    assert [image.source.name for image in unreadable] == ["broken.png", "n.txt"]
    assert [type(image.error) for image in unreadable] == [ImageDamaged, ImageUnsupported]
    assert all(cell.mean() > 240 for cell in cells(pixels, 64, 2))
    assert pixels[TOP : TOP + shown_side(64)].min() < 100


def test_what_can_not_be_drawn_is_refused(tmp_path):
    with pytest.raises(UsageError, match="at least one"):
        draw_augmented(tmp_path / "a.png", [], Augmentation(), 64)
    with pytest.raises(UsageError, match=r"end in \.png"):
        draw_augmented(tmp_path / "a.jpg", [photo()], Augmentation(), 64)
    with pytest.raises(UsageError, match="Received: 0 and 7"):
        draw_augmented(tmp_path / "a.png", [photo()], Augmentation(), 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real_data
def test_real_photos(tmp_path, real_data):
    photos = sorted((real_data / "data" / "vehicles").rglob("*.jpg"))[::48]
    sources = [BytesSource(path.name, path.read_bytes()) for path in photos]
    pixels, unreadable = drawn(tmp_path, sources, Augmentation(rotation=15), size=224)
    assert unreadable == ()
    assert all(cell.std() > 20 for cell in cells(pixels, 224, 7))
