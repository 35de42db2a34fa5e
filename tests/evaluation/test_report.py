import numpy as np

from headstart.display.text import columns, one_line
from headstart.errors import ImageDamaged
from headstart.evaluation import Evaluation
from headstart.evaluation.report import WIDTH, report


def test_report_fits_its_width_whatever_the_number_of_classes(any_size):
    assert max(map(columns, report(any_size).splitlines())) <= WIDTH


def test_report_stays_short_with_many_classes(make_evaluation):
    found = report(make_evaluation(200, n_each=4))
    assert len(found.splitlines()) < 70
    assert "the 20 weakest first" in found
    assert "... and 180 more classes" in found
    assert "  1 of 4 kind 0 taken for kind 1\n" in found
    assert "among the first five" in found


def test_report_has_no_letters_that_move_the_cursor(strange):
    found = report(strange)
    assert all(one_line(line) == line for line in found.split("\n"))
    assert "$x_1$ & <b>%d</b>" in found


def test_report_in_full(make_evaluation):
    refused = [("x/broken.jpg", ImageDamaged("x/broken.jpg is cut short."))]
    found = report(make_evaluation(3, n_each=4, errors=refused))
    assert found.splitlines() == [
        "9 of 12 right: 75.0 % (95 % interval 46.8 to 91.1 %)",
        "With every class weighing the same: 75.0 % right, F1 0.75.",
        "Always answering 'kind 0' would be right for 33.3 %.",
        "Could not be read and not counted: 1 (listed at the end).",
        "",
        "Class by class",
        "  class   images  found                      right when named             F1",
        "  kind 0       4   75.0 % (30.1 to 95.4)      75.0 % (30.1 to 95.4)     0.75",
        "  kind 1       4   75.0 % (30.1 to 95.4)      75.0 % (30.1 to 95.4)     0.75",
        "  kind 2       4   75.0 % (30.1 to 95.4)      75.0 % (30.1 to 95.4)     0.75",
        "  found: of the images of this class, how many were recognised (recall)",
        "  right when named: of the images given this name, how many really were it (precision)",
        "  in brackets: the 95 % interval, where the true figure most likely lies",
        "",
        "What was taken for what (a row for what it is, a column for what it was taken for)",
        "          kind 0  kind 1  kind 2",
        "  kind 0       3       1       .",
        "  kind 1       .       3       1",
        "  kind 2       1       .       3",
        "",
        "Wrong and sure of it (all of them, with the probability given to the wrong answer)",
        "   91.8 %  kind 0 taken for kind 1  kind 0/0001.jpg",
        "   79.1 %  kind 1 taken for kind 2  kind 1/0005.jpg",
        "   66.4 %  kind 2 taken for kind 0  kind 2/0009.jpg",
        "",
        "Could not be read",
        "  x/broken.jpg: x/broken.jpg is cut short.",
    ]


def test_nothing_wrong_leaves_the_lists_of_mistakes_out():
    for k in (3, 30):
        classes = [f"kind {index}" for index in range(k)]
        found = report(Evaluation.from_predictions(classes, classes, np.eye(k), classes))
        assert f"{k} of {k} right: 100.0 %" in found
        assert "Wrong" not in found
        assert "confused" not in found


def test_class_without_evidence_is_a_dash():
    found = report(Evaluation.from_predictions(["a"], ["x"], [[1.0, 0.0]], ["x", "y"]))
    (line,) = [line for line in found.splitlines() if line.startswith("  y      ")][:1]
    assert line.split() == ["y", "0", "-", "-", "-"]


def test_long_lists_are_cut_and_the_rest_is_counted(make_evaluation):
    errors = [(f"{at}.gif", ImageDamaged(f"{at}.gif is cut short.")) for at in range(14)]
    found = report(make_evaluation(3, n_each=40, errors=errors))
    assert "the 10 worst of 30" in found
    assert "... and 4 more" in found
    assert "13.gif" not in found


def test_wide_names_are_numbered_in_the_matrix(make_evaluation):
    found = report(make_evaluation(classes=[f"{at} of a long name, really" for at in range(12)]))
    (head,) = [line for line in found.splitlines() if line.split() == list(map(str, range(1, 13)))]
    assert " 12 11 of a long name, really " in found
    assert len(head) <= WIDTH
