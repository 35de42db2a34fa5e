"""What the checks look at."""

import numpy as np
from tests.checking.conftest import as_evidence, encoded, photo


def test_rows_are_those_of_the_readable_images():
    files = [b"", encoded(photo(0)), encoded(photo(1)), b"", encoded(photo(0))]
    evidence = as_evidence(files, ["a", "b", "a", "b", "b"], split=["train"] * 4 + ["test"])
    assert evidence.places.tolist() == [1, 2, 4]
    assert evidence.images.labels == ["b", "a", "b"]
    assert evidence.codes.tolist() == [1, 0, 1]
    assert [evidence.split(number) for number in range(3)] == ["train", "train", "test"]
    assert evidence.groups.tolist() == [0, 1, 0]
    assert len(evidence.unreadable) == 2
    assert evidence.out_of_fold is None


def test_pairs_that_are_no_copies_are_places_in_the_whole_dataset():
    from headstart.checking.evidence import Evidence
    from headstart.duplicates.profiling import profiles

    near = encoded(photo(0).resize((128, 96)), "JPEG", quality=60)
    dataset = as_evidence([b"", encoded(photo(0)), near], ["a"] * 3).dataset
    measured = profiles(dataset.sources)
    joined = Evidence.of(dataset, measured, None)
    apart = Evidence.of(dataset, measured, None, not_duplicates={(1, 2), (0, 1)})
    assert (len(joined.duplicates.found), len(apart.duplicates.found)) == (1, 0)


def test_copies_are_held_out_together(two_classes):
    files, labels, features = two_classes
    files[1] = files[0]
    evidence = as_evidence(files, labels, features=features)
    found = evidence.out_of_fold
    assert found.fold[0] == found.fold[1]
    assert np.isfinite(found.probabilities).all()


def test_one_image_of_a_class_is_not_enough_for_probabilities(two_classes):
    files, labels, features = two_classes
    few = as_evidence(files[29:31], labels[29:31], features=features[29:31])
    assert few.out_of_fold is None
