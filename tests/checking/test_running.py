"""Running all checks."""

from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.running import run_checks
from headstart.checking.table import CHECKS


def test_each_check_has_found_something_passed_or_says_why_it_did_not_run():
    outcome = run_checks(as_evidence([encoded(photo(0)), b""], ["a", "b"]))
    found = [finding.check for finding in outcome.findings]
    skipped = [each.check for each in outcome.not_run]
    assert sorted([*found, *outcome.passed, *skipped]) == sorted(check.name for check in CHECKS)
    assert found[0] == "unreadable"
    assert "wrong-labels" in skipped
    assert all(each.why.endswith(".") for each in outcome.not_run)


def test_a_dataset_without_a_readable_image_is_checked():
    outcome = run_checks(as_evidence([b"", b""], ["a", "b"]))
    assert outcome.findings[0].figures["n"] == 2
