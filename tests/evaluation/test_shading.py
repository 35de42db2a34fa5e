import numpy as np

from headstart.evaluation.shading import colours, depths


def test_a_single_mistake_among_many_stays_visible():
    depth = depths(np.array([[9_999, 1], [0, 10_000]]))
    assert depth[0, 1] > 0.1
    assert depth[1, 0] == 0
    assert depth[1, 1] == 1


def test_class_without_images_leaves_an_empty_row():
    assert depths(np.array([[3, 1], [0, 0]]))[1].tolist() == [0, 0]


def test_right_is_blue_wrong_is_orange_and_nothing_is_white():
    found = np.rint(255 * colours(np.array([[1, 1], [0, 0.5]])))
    assert found.tolist() == [[[0, 114, 178], [213, 94, 0]], [[255, 255, 255], [128, 184, 216]]]
