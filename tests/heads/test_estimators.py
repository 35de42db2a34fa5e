"""Every head is held to scikit-learn's own suite for estimators."""

import warnings

from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from headstart.heads.table import HEADS


# Keras wants a process of its own: test_dense.py.
@parametrize_with_checks([head() for name, head in HEADS.items() if name != "dense"])
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        check(estimator)
