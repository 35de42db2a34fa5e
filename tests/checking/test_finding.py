"""What a check finds."""

from headstart.checking.finding import Finding, Suspect, most_serious, ranked
from headstart.errors import ImageDamaged
from headstart.images.sources import BytesSource


def suspect(name="a/1.png", **more):
    return Suspect(source=BytesSource(name, b""), label="a", why="looks odd", **more)


def finding(severity="note", n=1, check="odd"):
    return Finding(
        check=check,
        severity=severity,
        headline="Some are odd.",
        advice="Look at them.",
        suspects=[suspect(f"data/a/{number}.png") for number in range(n)],
        figures={"images": n},
    )


def test_an_image_says_only_what_is_known():
    assert suspect().to_dict() == {
        "path": "a/1.png",
        "label": "a",
        "why": "looks odd",
        "action": "keep",
    }
    more = suspect(split="test", group=2, suggested="b", error=ImageDamaged("cut")).to_dict()
    assert (more["split"], more["group"], more["suggested"], more["error"]) == (
        *("test", 2, "b"),
        "cut",
    )


def test_a_finding_is_shown_with_its_first_images():
    sentences, table = finding(n=12).display_parts("data/")
    assert sentences == "note: Some are odd.\nLook at them."
    assert table.rows[0] == ("a", "looks odd", "a/0.png")
    assert (len(table.rows), table.notes) == (10, ["... and 2 more; --json lists all of them"])


def test_a_finding_for_programs_has_all_images():
    written = finding(n=12).to_dict()
    assert (written["check"], written["severity"], written["figures"]) == (
        *("odd", "note"),
        {"images": 12},
    )
    assert len(written["images"]) == 12


def test_the_most_serious_finding_comes_first_and_the_others_keep_their_order():
    found = [finding("note", check="1"), finding("error", check="2"), finding("note", check="3")]
    assert [each.check for each in ranked(found)] == ["2", "1", "3"]
    assert most_serious(found) == "error"
    assert most_serious([]) is None
