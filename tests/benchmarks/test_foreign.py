"""The 8-bit file of TensorFlow Lite says what its interpreter says."""

import pytest


@pytest.mark.real_data
def test_top_classes_are_those_of_the_interpreter(module, real_data):
    """At least 98 of 100; 99 were measured (docs/models.md)."""
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    foreign = module("foreign")
    photos = foreign.sample_photos(real_data / "data" / "imagenet-samples")
    assert len(photos) == 100
    assert foreign.agreeing(litert, real_data / "weights" / foreign.FILE, photos) >= 98


@pytest.mark.real_data
def test_features_are_as_good_as_those_of_the_float_network(module, real_data, monkeypatch):
    """Within 2 points; 90.9 % and 91.6 % were measured (docs/models.md)."""
    monkeypatch.setenv("HEADSTART_WEIGHTS", str(real_data / "weights"))
    foreign = module("foreign")
    folder = real_data / "data" / "vehicles"
    eight_bits, floats = (
        foreign.accuracies(backbone, folder, runs=2)
        for backbone in (real_data / "weights" / foreign.FILE, "mobilenet_v2")
    )
    assert sum(floats) / 2 - sum(eight_bits) / 2 < 0.02
