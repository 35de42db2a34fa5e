"""What scikit-learn is told of a classifier of images that is fitted for good."""

from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags


def fitted_classifier_tags() -> Tags:
    """Return the tags of a fitted classifier whose input is images, not numbers."""
    return Tags(
        estimator_type="classifier",
        target_tags=TargetTags(required=False),
        classifier_tags=ClassifierTags(),
        input_tags=InputTags(two_d_array=False, string=True),
        no_validation=True,
    )
