"""Every head is held to scikit-learn's own suite for estimators."""

import warnings

from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from headstart.training.heads import HEADS


@parametrize_with_checks([head() for head in HEADS.values()])
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        check(estimator)
