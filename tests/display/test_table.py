from headstart.display.table import Table

TABLE = Table(
    title="Animals",
    headings=("name", "number"),
    align="<>",
    rows=[("cat", "3"), ("猫", "1,000")],
    notes=["cats count twice"],
    colours=[("", "#0072b2"), ("", "#fbe9dd")],
)


def test_text_is_aligned():
    assert TABLE.to_text().splitlines() == [
        "Animals",
        "  name  number",
        "  cat        3",
        "  猫     1,000",
        "  cats count twice",
    ]
    assert TABLE.width() == len("  cats count twice")


def test_only_the_last_column_is_never_shortened():
    long = "x" * 60
    (line,) = Table(rows=[(long, long)]).to_text().splitlines()
    first, last = line.split()
    assert (len(first), last) == (28, long)


def test_paths_in_the_last_column_fit_a_terminal():
    table = Table(rows=[("cat", f"a/{'b/' * 40}c.jpg"), ("dog", "d.jpg")], ends_in_paths=True)
    long, short = table.to_text(terminal=40).splitlines()
    assert len(long) == 40
    assert long.startswith("  cat  a/b/")
    assert long.endswith("/c.jpg")
    assert short == "  dog  d.jpg"
    assert len(table.to_text(terminal=3).splitlines()[0]) == len("  cat  ") + 16
    assert len(table.to_text().splitlines()[0]) > 80


def test_text_holds_nothing_that_moves_the_cursor():
    assert "\x1b" not in Table(rows=[("\x1b[2J", "\x1b[2J")]).to_text()
    assert len(Table(rows=[("a\nb", "c\nd")]).to_text().splitlines()) == 1


def test_html_escapes_whatever_is_written():
    bad = "<script>&\"'"
    table = Table(title=bad, headings=[bad], rows=[[bad]], notes=[bad])
    assert table.to_html().count("&lt;script&gt;&amp;&quot;&#x27;") == 4
    assert "<script" not in table.to_html()


def test_html_has_a_cell_for_each_text():
    found = TABLE.to_html()
    assert found.count("<tr>") == 3
    assert (found.count("<th "), found.count("<td ")) == (2, 4)
    assert found.startswith("<p><b>Animals</b></p><table>")


def test_letters_stay_readable_on_dark_and_light_colours():
    found = TABLE.to_html()
    assert "background:#0072b2;color:#fff" in found
    assert "background:#fbe9dd;color:#222" in found


def test_title_headings_and_notes_are_optional():
    table = Table(rows=[("cat", "3")])
    assert table.to_text() == "  cat  3"
    assert "<p" not in table.to_html()
    assert "<th" not in table.to_html()
