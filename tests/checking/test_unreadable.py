"""Images that can't be read."""

from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.unreadable import UnreadableImages


def test_unreadable_files_are_found_with_their_reason_and_dropped():
    whole = encoded(photo(0), "JPEG")
    files = [whole, whole[:300], b"<html>", b"", encoded(photo(1))]
    split = ["train", "test", "train", "valid", "test"]
    finding = UnreadableImages().find(as_evidence(files, ["a", "a", "b", "b", "b"], split=split))
    assert finding.severity == "error"
    assert [(each.source.name, each.label, each.split) for each in finding.suspects] == [
        ("a/1.png", "a", "test"),
        ("b/2.png", "b", "train"),
        ("b/3.png", "b", "valid"),
    ]
    whys = [each.why for each in finding.suspects]
    assert whys == ["damaged", "no image, or not supported", "damaged"]
    assert {each.action for each in finding.suspects} == {"drop"}
    assert finding.headline.startswith("3 images can't be read: 2 damaged")
    assert "error" in finding.to_dict()["images"][0]


def test_readable_files_are_no_finding():
    assert UnreadableImages().find(as_evidence([encoded(photo(0))], ["a"])) is None
