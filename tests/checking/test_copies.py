"""Copies within a class, across classes, across splits."""

from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.copies import AcrossSplits, ExactCopies, NearCopies, TwoLabels

ONE, OTHER = encoded(photo(1)), encoded(photo(2))
SAME_PIXELS = encoded(photo(1), "BMP")
NEAR = encoded(photo(1).resize((96, 72)), "JPEG", quality=60)


def named(finding):
    return [(each.source.name, each.action) for each in finding.suspects]


def test_copies_are_told_by_their_kind_and_only_exact_ones_are_dropped():
    evidence = as_evidence([ONE, OTHER, ONE, SAME_PIXELS, NEAR], ["a"] * 5)
    exact, near = ExactCopies().find(evidence), NearCopies().find(evidence)
    assert named(exact) == [("a/0.png", "keep"), ("a/2.png", "drop"), ("a/3.png", "drop")]
    assert [each.why for each in exact.suspects[1:]] == [
        "group 1: same file",
        "group 1: same pixels",
    ]
    assert named(near) == [("a/0.png", "keep"), ("a/4.png", "keep")]
    assert (exact.figures["copies"], near.figures["copies"]) == (2, 1)
    assert TwoLabels().find(evidence) is None


def test_a_dataset_without_copies_has_none():
    evidence = as_evidence([ONE, OTHER], ["a", "b"])
    for check in (ExactCopies(), NearCopies(), TwoLabels()):
        assert check.find(evidence) is None


def test_an_image_under_two_labels_is_an_error_and_both_are_dropped():
    finding = TwoLabels().find(as_evidence([ONE, ONE, OTHER], ["a", "b", "b"]))
    assert finding.severity == "error"
    assert named(finding) == [("a/0.png", "drop"), ("b/1.png", "drop")]
    assert "1 image is there under different labels" in finding.headline


def test_near_copies_under_two_labels_are_kept():
    finding = TwoLabels().find(as_evidence([ONE, NEAR], ["a", "b"]))
    assert [action for _, action in named(finding)] == ["keep", "keep"]
    assert finding.severity == "warning"


def test_a_copy_across_splits_stays_in_the_split_that_judges():
    split = ["train", "test", "train", "train"]
    evidence = as_evidence([ONE, NEAR, OTHER, OTHER], ["a"] * 4, split=split)
    finding = AcrossSplits().find(evidence)
    assert finding.severity == "error"
    assert named(finding) == [("a/0.png", "drop"), ("a/1.png", "keep")]
    assert AcrossSplits().unmet(evidence) == ""
    assert "no splits" in AcrossSplits().unmet(as_evidence([ONE], ["a"]))


def test_an_exact_copy_in_another_split_is_left_to_the_check_of_splits():
    evidence = as_evidence([ONE, ONE], ["a", "a"], split=["train", "test"])
    assert [each.action for each in ExactCopies().find(evidence).suspects] == ["keep", "keep"]
