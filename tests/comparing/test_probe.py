import numpy as np
import pytest

from headstart.comparing.probe import Probe, Sample
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings


@pytest.fixture
def make(tiny_network, noise):
    extractor = FeatureExtractor.open(tiny_network, FeatureSettings(cache=False, precision="f32"))

    def probe(rule="squash", groups=None):
        sources, labels = noise
        sample = Sample(sources, labels, groups, 0)
        return Probe(extractor.resized_by(rule), rule, sample, ("ridge", "knn"), 0.5)

    return probe


def test_images_are_computed_once(make):
    probe = make()
    assert probe.cost(30) == 15
    assert [len(each.images) for each in probe.judged(30)] == [29, 29]
    assert probe.cost(30) == 0
    features = probe.features
    again = probe.judged(41)
    assert np.array_equal(probe.features[:29], features)
    assert again[0].images.tolist() == list(range(1, 41))
    assert again[0].candidate.head == "ridge"
    assert again[0].accuracy > 0.9


def test_images_that_can_not_be_read_are_counted(make):
    probe = make()
    probe.judged(10)
    assert probe.unreadable == 1


def test_fewer_heads_are_judged_when_some_are_dropped(make):
    probe = make()
    probe.keep_heads(["knn"])
    assert [each.candidate.head for each in probe.judged(41)] == ["knn"]


def test_groups_are_kept_together(make):
    probe = make(groups=np.arange(41) % 20)
    assert probe.judged(41)[0].groups.tolist() == (np.arange(1, 41) % 20).tolist()


def test_equal_features_are_recognised(make):
    first, same, other = make(), make(), make("crop")
    for probe in (first, same, other):
        probe.judged(10)
    assert first.does_the_same(same)
    assert not first.does_the_same(other)
