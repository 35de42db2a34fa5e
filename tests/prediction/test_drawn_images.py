import numpy as np

from headstart.prediction.drawn_images import drawn_images


def test_they_are_always_the_same_and_show_something():
    images = drawn_images()
    assert images.dtype == np.uint8
    assert images.shape == (3, 96, 128, 3)
    assert all(image.std() > 20 for image in images)
    assert np.array_equal(images, drawn_images())
