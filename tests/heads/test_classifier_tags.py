from headstart.heads.classifier_tags import fitted_classifier_tags


def test_they_say_a_classifier_of_images():
    tags = fitted_classifier_tags()
    assert (tags.estimator_type, tags.no_validation) == ("classifier", True)
    assert not tags.input_tags.two_d_array
