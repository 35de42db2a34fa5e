"""How many images each class has."""

from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.counts import SmallClasses, UnevenClasses, class_table


def files(n, first=0):
    return [encoded(photo(seed)) for seed in range(first, first + n)]


def test_copies_count_once():
    evidence = as_evidence([*files(25), *files(1, 50) * 22], ["a"] * 25 + ["b"] * 22)
    finding = SmallClasses().find(evidence)
    assert finding.severity == "warning"
    assert finding.figures == {"classes": 1, "classes_with_too_few": 1, "fewest": 1}
    assert finding.tables[0].rows == [("b", "22", "22", "1")]


def test_classes_of_20_images_are_large_enough():
    evidence = as_evidence(files(40), ["a"] * 20 + ["b"] * 20)
    assert SmallClasses().find(evidence) is None
    assert UnevenClasses().find(evidence) is None


def test_classes_of_5_images_are_only_noted():
    evidence = as_evidence(files(10), ["a"] * 5 + ["b"] * 5)
    assert SmallClasses().find(evidence).severity == "note"


def test_uneven_classes_are_noted():
    finding = UnevenClasses().find(as_evidence(files(33), ["a"] * 30 + ["b"] * 3))
    assert finding.figures == {"ratio": 10, "most": 30, "fewest": 3}
    assert "The largest class, a, has 10 times the images of the smallest, b." in finding.headline


def test_the_table_begins_with_the_smallest_class_and_counts_unreadable_files():
    table = class_table(as_evidence([*files(3), b"", *files(2, 9)], ["a"] * 4 + ["b"] * 2))
    assert list(table.rows) == [("b", "2", "2", "2"), ("a", "4", "3", "3")]


def test_of_many_classes_the_smallest_are_shown():
    labels = [f"class {n:02d}" for n in range(22)]
    table = class_table(as_evidence(files(22), labels))
    assert (len(table.rows), table.notes) == (20, ["... and 2 more classes"])
