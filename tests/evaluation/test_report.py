import numpy as np

from headstart.evaluation import report
from headstart.evaluation.results import Mistake, Unreadable, class_results


def table_of(confusion):
    names = [f"kind {index}" for index in range(len(confusion))]
    return report.class_table(names, class_results(confusion))


def test_many_classes_are_reduced_to_the_weakest():
    confusion = np.diag(np.arange(1, 31))
    confusion[7, 6] = 99
    found = table_of(confusion)
    assert found.title == "The 20 weakest classes"
    assert len(found.rows) == 20
    assert [row[0] for row in found.rows[:2]] == ["kind 6", "kind 7"]
    assert found.notes[0].startswith("... and 10 more classes; --json")


def test_class_without_evidence_is_a_dash():
    found = table_of(np.array([[1, 0], [0, 0]]))
    assert [cell.strip() for cell in found.rows[1]] == ["kind 1", "0", "-", "-", "-"]


def test_recall_and_precision_come_with_their_intervals():
    row = table_of(np.array([[3, 1], [0, 4]])).rows[0]
    assert [cell.strip() for cell in row[1:]] == [
        "4",
        "75.0 % (30.1 to 95.4)",
        "100.0 % (43.9 to 100.0)",
        "0.86",
    ]


def test_confusion_has_a_row_for_each_true_class():
    found = report.confusion_table(["cat", "dog"], np.array([[3, 1], [0, 1_000]]))
    assert found.headings == ("", "cat", "dog")
    assert found.rows == [("cat", "3", "1"), ("dog", ".", "1,000")]


def test_cells_without_images_have_no_colour():
    found = report.confusion_table(["cat", "dog"], np.array([[3, 1], [0, 1]]))
    assert [[bool(colour) for colour in row] for row in found.colours] == [
        [False, True, True],
        [False, False, True],
    ]
    assert found.colours[1][2] == "#0072b2"


def test_wide_names_are_numbered():
    names = [f"{at} of a long name, really" for at in range(12)]
    found = report.confusion_table(names, np.eye(12, dtype=int))
    assert found.headings == ("", *map(str, range(1, 13)))
    assert found.rows[11][0] == "12 11 of a long name, really"
    assert found.width() <= report.WIDTH


def test_a_matrix_that_is_too_wide_becomes_its_most_frequent_confusions():
    for k, count in ((20, 10_000), (200, 1)):
        confusion = count * np.eye(k, dtype=int)
        confusion[3, 5] = 7 * count
        found = report.confusion_table([f"kind {at}" for at in range(k)], confusion)
        assert found.title == "Most frequent confusions"
        assert found.rows == [(f"{7 * count:,} of {8 * count:,}", "kind 3", "kind 5")]


def test_long_lists_are_cut_and_the_rest_is_counted():
    mistakes = [Mistake(f"{at}.jpg", "cat", "dog", 0.9, 0.1) for at in range(30)]
    found = report.mistake_table(mistakes)
    assert found.title == "Mistakes, the most confident first (the first 10 of 30)"
    assert found.rows[9] == ("90.0 %", "dog", "cat", "9.jpg")
    assert len(found.rows) == 10
    unreadable = [Unreadable(f"{at}.gif", "ImageDamaged", f"{at}.gif is cut.") for at in range(14)]
    found = report.unreadable_table(unreadable)
    assert found.title.endswith(": 14")
    assert found.rows == [(f"{at}.gif is cut.",) for at in range(10)]
    assert found.notes == ["... and 4 more"]


def test_an_unreadable_image_is_always_named():
    found = report.unreadable_table([Unreadable("x/a.jpg", "ImageUnreadable", "Access denied.")])
    assert found.rows == [("x/a.jpg: Access denied.",)]


def test_a_single_mistake_among_many_stays_visible():
    depth = report.cell_depths(np.array([[9_999, 1], [0, 10_000]]))
    assert depth[0, 1] > 0.1
    assert depth[1, 0] == 0
    assert depth[1, 1] == 1


def test_class_without_images_leaves_an_empty_row():
    assert report.cell_depths(np.array([[3, 1], [0, 0]]))[1].tolist() == [0, 0]


def test_right_is_blue_wrong_is_orange_and_nothing_is_white():
    found = np.rint(255 * report.cell_colours(np.array([[1, 1], [0, 0.5]])))
    assert found.tolist() == [[[0, 114, 178], [213, 94, 0]], [[255, 255, 255], [128, 184, 216]]]
