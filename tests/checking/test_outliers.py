"""Images that are unlike all others."""

from dataclasses import replace

import numpy as np
import pytest
from tests.checking.conftest import as_evidence

from headstart.checking import outliers
from headstart.checking.outliers import Outliers, neighbour_distances


def test_an_image_far_from_all_others_is_found(two_classes):
    files, labels, features = two_classes
    features[7] = 0
    features[7, 5] = 3
    finding = Outliers().find(as_evidence(files, labels, features=features))
    assert finding.suspects[0].source.name == "cat/7.png"
    assert finding.severity == "note"


def test_without_features_or_with_few_images_it_is_not_checked(two_classes):
    files, labels, features = two_classes
    assert "network" in Outliers().unmet(as_evidence(files[:2], labels[:2]))
    few = as_evidence(files[:10], labels[:10], features=features[:10])
    assert "at least 20 images" in Outliers().unmet(few)
    assert Outliers().unmet(as_evidence(files, labels, features=features)) == ""


def expected(features, groups, k):
    units = features / np.linalg.norm(features, axis=1, keepdims=True)
    apart = 1 - units @ units.T
    apart[groups[:, None] == groups] = 2
    return np.sort(apart, axis=1)[:, :k].mean(axis=1)


def test_distances_are_those_to_neighbours_of_other_groups_across_blocks(monkeypatch):
    monkeypatch.setattr(outliers, "_PAIRS_AT_ONCE", 7 * 30)
    random = np.random.default_rng(0)
    features = random.standard_normal((30, 6)).astype(np.float32)
    features[3] = features[20]
    groups = np.arange(30)
    groups[20] = 3
    found = neighbour_distances(features, groups)
    assert found == pytest.approx(expected(features, groups, 5), abs=1e-5)
    assert found[3] == pytest.approx(found[20], abs=1e-5)


def test_many_images_are_compared_in_fewer_dimensions(monkeypatch):
    random = np.random.default_rng(0)
    features = (random.standard_normal((60, 400)) + 2).astype(np.float32)
    features[0] -= 4
    monkeypatch.setattr(outliers, "_MANY", 50)
    found = neighbour_distances(features, np.arange(60))
    assert found.argmax() == 0


def test_among_images_that_are_all_alike_the_distance_is_said(two_classes):
    files, labels, features = two_classes
    features[:] = np.eye(8)[0]
    features[4] = np.eye(8)[1]
    evidence = replace(as_evidence(files, labels), features=features)
    found = Outliers().find(evidence)
    assert [suspect.why for suspect in found.suspects] == ["1.000 away, usually 0"]


def test_features_of_zeros_are_no_error():
    assert np.isfinite(neighbour_distances(np.zeros((8, 3), np.float32), np.arange(8))).all()
