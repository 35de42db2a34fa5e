"""The result of checking a dataset."""

import json

import pytest
from tests.checking.conftest import as_evidence, encoded, photo

from headstart.checking.counts import class_table
from headstart.checking.data_check import DataCheck
from headstart.checking.running import run_checks
from headstart.errors import UsageError


@pytest.fixture
def found():
    evidence = as_evidence([encoded(photo(0))] * 2 + [b""], ["cat", "dog", "dog"])
    outcome = run_checks(evidence)
    return DataCheck(
        dataset=evidence.dataset,
        findings=outcome.findings,
        passed=outcome.passed,
        not_run=outcome.not_run,
        classes=class_table(evidence),
        folder=None,
        network="",
        seconds=1.25,
    )


def test_the_report_has_findings_counts_and_what_was_not_checked(found):
    report = str(found)
    assert report.startswith("Checked 3 images of 2 classes in 1.2 s: 2 errors, 2 warnings.")
    assert "error: 1 image can't be read: 1 damaged." in report
    assert "error: 1 image is there under different labels." in report
    assert "Nothing found: " in report
    assert "Not checked: wrong-labels. It needs the features of a network." in report
    assert repr(found).startswith("<DataCheck: Checked 3 images")
    assert "<table>" in found._repr_html_()


def test_programs_get_everything(found):
    written = json.loads(json.dumps(found.to_dict()))
    assert (written["n"], written["worst"], written["network"]) == (3, "error", None)
    assert written["per_class"] == {"cat": {"n": 1}, "dog": {"n": 2}}
    assert {each["check"] for each in written["findings"]} >= {"unreadable", "two-labels"}
    assert "wrong-labels" in written["not_run"]


def test_a_finding_is_had_by_the_name_of_its_check(found):
    assert found.finding("unreadable").figures["n"] == 1
    assert found.finding("dark") is None
    assert found.worst == "error"


def test_sheets_and_the_list_are_written_where_they_may_be(found, tmp_path):
    assert tmp_path / "two-labels.png" in found.draw_sheets(tmp_path)
    with pytest.raises(UsageError, match="all images must be files"):
        found.write_fix(tmp_path / "list.csv")
