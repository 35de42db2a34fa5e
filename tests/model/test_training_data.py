import numpy as np

from headstart.data.labelled_images import fingerprint
from headstart.model import TrainingData


def test_images_are_counted_by_class():
    data = TrainingData.of(["1", "2", "3"], ["b", "a", "b"], ["a", "b", "c"], 4)
    assert (data.counts, data.n_images, data.unreadable) == ((1, 2, 0), 3, 4)
    assert data.fingerprint == fingerprint(["1", "2", "3"], ["b", "a", "b"])
    assert data.fine_tuned == ""


def test_labels_of_numpy_give_the_same_fingerprint():
    plain, of_numpy = (
        TrainingData.of(["1", "2"], labels, ["a", "b"], 0)
        for labels in (["a", "b"], list(np.array(["a", "b"])))
    )
    assert plain == of_numpy
