"""Pairs of images that may be copies."""

import numpy as np
import pytest
from PIL import Image

from headstart.duplicates import candidates
from headstart.duplicates.candidates import dct_hashes, feature_candidates, hash_candidates
from headstart.duplicates.matching import orientations


def thumbnails(n):
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (n, 10, 10)).astype(np.uint8)
    how = Image.Resampling.BICUBIC
    return [np.asarray(Image.fromarray(each).resize((48, 48), how)) for each in coarse]


def bits(one, other):
    return int(np.bitwise_count(one ^ other))


def test_the_hashes_of_eight_orientations_are_those_of_turned_images():
    (one,) = thumbnails(1)
    hashes = dct_hashes([one])[0]
    turned = [dct_hashes([each])[0, 0] for each in orientations(one)]
    nearest = [min(bits(each, other) for other in hashes) for each in turned]
    assert max(nearest) <= 2  # those at the median may fall on either side of it
    assert len(set(turned)) == 8


@pytest.mark.parametrize("pairs", [2**22, 30, 1])
def test_pairs_are_found_across_blocks_in_any_orientation(monkeypatch, pairs):
    monkeypatch.setattr(candidates, "_PAIRS_AT_ONCE", pairs)
    images = thumbnails(10)
    images[7] = np.rot90(images[1])
    images[9] = images[1][:, ::-1]
    images[3] = images[2]
    assert set(hash_candidates(images)) == {(1, 7), (1, 9), (7, 9), (2, 3)}


@pytest.mark.parametrize("pairs", [2**22, 30, 1])
def test_neighbours_in_features_are_found_across_blocks(monkeypatch, pairs):
    monkeypatch.setattr(candidates, "_PAIRS_AT_ONCE", pairs)
    features = np.eye(12, dtype=np.float32)[:10]
    features[8] = features[0] + 0.3 * features[1]
    assert set(feature_candidates(features)) == {(0, 8)}


def test_many_images_are_compared_in_fewer_dimensions(monkeypatch):
    monkeypatch.setattr(candidates, "_MANY", 5)
    random = np.random.default_rng(0)
    features = random.standard_normal((8, 600)).astype(np.float32)
    features[6] = features[2] + 0.1
    assert set(feature_candidates(features)) == {(2, 6)}


def test_two_images_are_neighbours():
    assert set(feature_candidates(np.ones((2, 3), np.float32))) == {(0, 1)}
