from headstart.reports.data import Further


def test_a_further_section_has_a_title():
    further = Further("Findings", None)
    assert further.title == "Findings"
    assert further.galleries == ()
