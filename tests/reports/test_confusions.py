import numpy as np

from headstart.evaluation import Evaluation
from headstart.reports.confusions import MOST_CLASSES, confusion_cells, frequent_cells


def evaluation(truth, predicted, k, sure=None):
    probabilities = np.full((len(truth), k), 1e-3)
    probabilities[np.arange(len(truth)), predicted] = 0.5 if sure is None else sure
    names = [f"image {n}" for n in range(len(truth))]
    return Evaluation.from_predictions(names, truth, probabilities, list(range(k)))


def test_each_cell_has_its_images_the_surest_first():
    cells = confusion_cells(evaluation([0, 0, 0, 1], [1, 1, 0, 1], 2, sure=[0.6, 0.9, 0.7, 0.8]))
    wrong = cells[0][1]
    assert (wrong.true, wrong.predicted, wrong.count) == ("0", "1", 2)
    assert wrong.names == ("image 1", "image 0")
    assert not wrong.is_right
    assert cells[1][1].is_right
    assert cells[1][0].count == 0
    assert len({cell.key for row in cells for cell in row}) == 4


def test_too_many_classes_are_listed_by_frequency():
    k = MOST_CLASSES + 1
    truth = np.arange(3 * k) % k
    predicted = truth.copy()
    predicted[[0, k, 2 * k, 1]] = [5, 5, 5, 7]
    found = evaluation(truth.tolist(), predicted, k)
    assert confusion_cells(found) == []
    assert [(cell.true, cell.predicted, cell.count) for cell in frequent_cells(found)] == [
        ("0", "5", 3),
        ("1", "7", 1),
    ]
