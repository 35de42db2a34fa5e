"""The table of checks."""

from headstart.checking.table import CHECKS


def test_names_are_distinct_and_questions_are_questions():
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.question.endswith("?") for check in CHECKS)
