"""Whether something besides the subject tells the classes apart."""

from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.shortcuts import Shortcuts


def test_classes_that_differ_in_size_are_a_shortcut():
    sizes = [(64, 48)] * 25 + [(80, 48)] * 25
    files = [encoded(photo(seed, size)) for seed, size in enumerate(sizes)]
    finding = Shortcuts().find(as_evidence(files, ["cat"] * 25 + ["dog"] * 25))
    assert finding.severity == "warning"
    assert finding.figures["balanced_accuracy"] > 0.9
    assert finding.figures["chance"] < 0.7
    assert finding.tables[0].rows[0][0] in ("width", "shape (width / height)", "bytes of a pixel")


def test_classes_that_differ_in_nothing_are_none(two_classes):
    files, labels, _ = two_classes
    assert Shortcuts().find(as_evidence(files, labels)) is None


def test_copies_are_no_evidence():
    # Each of 4 images lies there 10 times: by their sizes, a tree would know all of them again.
    files = [encoded(photo(n // 10, (60 + n // 10, 48))) for n in range(40)]
    evidence = as_evidence(files, ["a"] * 20 + ["b"] * 20)
    assert "at least 20 different images" in Shortcuts().unmet(evidence)


def test_one_class_has_no_shortcuts():
    evidence = as_evidence([encoded(photo(0))], ["a"])
    assert "2 classes" in Shortcuts().unmet(evidence)


def test_most_images_of_a_large_dataset_are_left_out(two_classes, monkeypatch):
    monkeypatch.setattr("headstart.checking.shortcuts._AT_MOST", 30)
    files, labels, _ = two_classes
    assert Shortcuts().find(as_evidence(files, labels)) is None
