import numpy as np
import pytest
from tests.recorder import Recorder

from headstart.classifier import ImageClassifier
from headstart.heads.logistic import LogisticHead
from headstart.jobs.choosing import chosen
from headstart.jobs.parts import Parts


@pytest.fixture
def choose(labelled, network_folder):
    def chose(given, *, backbone=network_folder, fine_tunes=False, **settings):
        classifier = ImageClassifier(backbone, cache=False, **settings, **given)
        progress = Recorder()
        found, comparison = chosen(
            classifier, Parts(labelled, None), 60.0, given, fine_tunes=fine_tunes, progress=progress
        )
        assert progress.said == [comparison.reason]
        return found, comparison

    return chose


def test_the_best_is_trained_with(choose, network_folder):
    found, comparison = choose({}, mirror=True)
    best = comparison.best
    assert (found.backbone, found.resize, found.head) == (network_folder, best.resize, best.head)
    assert found.mirror
    assert {result.head for result in comparison.results} == {
        "logistic",
        "ridge",
        "nearest_mean",
        "knn",
    }


def test_what_is_given_is_not_compared(choose):
    found, comparison = choose({"resize": "pad", "head": "knn"})
    assert (found.resize, found.head) == ("pad", "knn")
    assert len(comparison.results) == 1


def test_a_head_with_settings_stays(choose):
    head = LogisticHead(C=0.5)
    found, comparison = choose({"head": head})
    assert found.head is head
    assert {result.head for result in comparison.results} == {"logistic"}


def test_before_fine_tuning_only_heads_of_layers_are_compared(choose):
    _, comparison = choose({}, fine_tunes=True)
    assert {result.head for result in comparison.results} == {"logistic", "ridge", "nearest_mean"}


def test_auto_compares_what_is_at_hand(choose, tiny_network, stand_in, monkeypatch):
    monkeypatch.setattr("headstart.jobs.compare.backbones_at_hand", list_of("mini"))
    stand_in(tiny_network)
    found, comparison = choose({}, backbone="auto")
    assert found.backbone == "mini" == comparison.best.backbone
    assert np.isfinite(comparison.best.log_loss)


def list_of(*names):
    from headstart.backbones.catalogue import get_backbone

    return lambda: tuple(map(get_backbone, names))
