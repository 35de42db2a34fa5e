from headstart.reports.data import Further


def test_a_further_section_has_a_title():
    assert Further("Findings", None).title == "Findings"
