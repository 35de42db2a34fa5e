import dataclasses

import pytest

from headstart.backbones.spec import NetworkSpec
from headstart.comparing.compare import compare_on
from headstart.comparing.settings import ComparisonSettings
from headstart.errors import UsageError
from headstart.features.settings import FeatureSettings

FEATURES = FeatureSettings(cache=False, precision="f32")


def compared(network, noise, **settings):
    other = dataclasses.replace(network, name="other")
    specs = [NetworkSpec(network), NetworkSpec(other, mirror=True)]
    how = ComparisonSettings(heads=("ridge",), resizes=("crop", "squash"), **settings)
    return compare_on(specs, *noise, settings=how, features=FEATURES)


def test_every_network_is_judged_by_every_rule(tiny_network, noise):
    comparison = compared(tiny_network, noise)
    assert [result.n for result in comparison.results] == [40] * len(comparison.results)
    assert {result.resize for result in comparison.results} == {"crop", "squash"}
    assert comparison.n_unreadable == 1
    assert comparison.seconds > 0


def test_without_time_the_most_promising_is_judged_all_the_same(tiny_network, noise):
    comparison = compared(tiny_network, noise, budget=1e-9)
    assert len(comparison.results) == 1
    assert len(comparison.left_out) == 2  # its other rule, and the other network
    assert all("no time was left" in why for _, why in comparison.left_out)


def test_networks_of_one_name_are_refused_for_their_results_would_be_one(tiny_network, noise):
    specs = [NetworkSpec(tiny_network), NetworkSpec(tiny_network, mirror=True)]
    with pytest.raises(UsageError, match="Received: tiny twice"):
        compare_on(specs, *noise, settings=ComparisonSettings(), features=FEATURES)


def test_one_class_is_refused(tiny_network, noise):
    sources, labels = noise
    with pytest.raises(UsageError, match="at least 2 classes"):
        compared(tiny_network, (sources, ["dark"] * len(labels)))
