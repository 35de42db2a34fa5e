"""Images whose label is probably wrong."""

import importlib.util

import pytest
from tests.checking.conftest import as_evidence

from headstart.checking.wrong_labels import WrongLabels

needs_cleanlab = pytest.mark.skipif(
    importlib.util.find_spec("cleanlab") is None,
    reason="cleanlab is not here: pip install -c constraints.txt -e '.[check]'",
)


@needs_cleanlab
def test_planted_labels_are_found_with_the_label_that_fits(two_classes):
    files, labels, features = two_classes
    for wrong in (3, 12, 41):
        labels[wrong] = "dog" if labels[wrong] == "cat" else "cat"
    finding = WrongLabels().find(as_evidence(files, labels, features=features))
    found = {each.source.name: each.suggested for each in finding.suspects}
    assert found == {"dog/3.png": "cat", "dog/12.png": "cat", "cat/41.png": "dog"}
    assert finding.headline == "3 labels are probably wrong."


@needs_cleanlab
def test_labels_of_which_the_head_is_sure_are_changed(two_classes):
    files, labels, features = two_classes
    labels[3] = "dog"
    (suspect,) = WrongLabels().find(as_evidence(files, labels, features=features)).suspects
    assert (suspect.action, suspect.suggested) == ("relabel", "cat")
    assert suspect.why.startswith("looks like cat (")


@needs_cleanlab
def test_a_copy_does_not_vouch_for_a_wrong_label(two_classes):
    files, labels, features = two_classes
    # Three copies with the same wrong label: without groups, two of them teach that it is right.
    for copy in (0, 1, 2):
        files[copy], features[copy], labels[copy] = files[0], features[0], "dog"
    found = WrongLabels().find(as_evidence(files, labels, features=features)).suspects
    assert {each.source.name for each in found} == {"dog/0.png", "dog/1.png", "dog/2.png"}


@needs_cleanlab
def test_right_labels_are_no_finding(two_classes):
    files, labels, features = two_classes
    assert WrongLabels().find(as_evidence(files, labels, features=features)) is None


def test_it_says_what_it_needs(two_classes, monkeypatch):
    files, labels, features = two_classes
    check = WrongLabels()
    assert "2 classes" in check.unmet(as_evidence(files[:3], labels[:3], features=features[:3]))
    assert "network" in check.unmet(as_evidence(files, labels))
    evidence = as_evidence(files, labels, features=features)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert 'pip install ".[check]"' in check.unmet(evidence)
