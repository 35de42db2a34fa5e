from headstart.images.notes import NoteCount, NoteCounter, kind_of, merged


def counted(*noted):
    counter = NoteCounter()
    for name, *notes in noted:
        counter.add(name, notes)
    return counter.counts()


def test_notes_that_differ_after_the_semicolon_are_of_one_kind():
    assert kind_of("animated: first frame; 12 in all") == "animated: first frame"
    assert kind_of("CMYK converted") == "CMYK converted"


def test_kinds_are_counted_with_the_first_three_examples_most_frequent_first():
    images = [(f"{i}.gif", f"animated: first frame; {i} in all") for i in range(2, 7)]
    found = counted(("a.jpg", "CMYK converted"), ("b.jpg",), *images)
    assert found == (
        NoteCount("animated: first frame", 5, ("2.gif", "3.gif", "4.gif")),
        NoteCount("CMYK converted", 1, ("a.jpg",)),
    )


def test_an_image_counts_once():
    assert counted(("a", "x; 1", "x; 2"))[0].n == 1


def test_counts_are_added():
    first = counted(("a", "x"), ("b", "x"))
    second = counted(("c", "x", "y"), ("d", "x"), ("e", "x"))
    assert merged(first, second) == (
        NoteCount("x", 5, ("a", "b", "c")),
        NoteCount("y", 1, ("c",)),
    )
    assert merged((), ()) == ()


def test_the_dictionary_is_in_the_types_of_json():
    assert NoteCount("x", 2, ("a", "b")).to_dict() == {
        "note": "x",
        "n": 2,
        "examples": ["a", "b"],
    }
