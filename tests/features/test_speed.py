from headstart.features import speed
from headstart.features.extractor import FeatureExtractor
from headstart.features.settings import FeatureSettings
from headstart.features.speed import seconds_an_image


def test_the_best_of_the_rounds_counts(tiny_network, monkeypatch):
    times = iter([0.8, 0.4, 1.6])
    monkeypatch.setattr(speed, "_timed", lambda run: run() and next(times))
    extractor = FeatureExtractor.open(tiny_network, FeatureSettings(precision="f32"))
    assert seconds_an_image(extractor) == 0.4 / 8


def test_a_network_takes_some_time(tiny_network):
    extractor = FeatureExtractor.open(tiny_network, FeatureSettings(precision="f32"))
    assert 0 < seconds_an_image(extractor) < 10
