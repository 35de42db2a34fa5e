"""The attention of hybrid networks; tests/backbones/test_hub_rows.py compares it with timm's."""

import numpy as np

from headstart.backbones.hybrid_layers import distances


def test_distances_are_numbered_as_they_come_up():
    side = 5
    numbers, found = {}, []
    places = [(row, column) for row in range(side) for column in range(side)]
    for first in places:
        for second in places:
            distance = (abs(first[0] - second[0]), abs(first[1] - second[1]))
            found.append(numbers.setdefault(distance, len(numbers)))
    assert np.array_equal(distances(side), np.reshape(found, (side**2, side**2)))
