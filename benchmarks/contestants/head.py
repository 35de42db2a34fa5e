"""Fit one classifier on features of many classes: headstart's head, or scikit-learn's own.

Both standardise the features and choose the strength on the same folds by the log loss.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from headstart.data.splits import ALWAYS_TRAINS, stratified_folds
from headstart.heads.logistic import LogisticHead

FOLDS, TEST = 5, 20


def main() -> None:
    """Fit, test, and print the record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--each", type=int, required=True, help="training images of a class")
    parser.add_argument("--strengths", type=json.loads, help="give these to scikit-learn")
    options = parser.parse_args()
    kept = np.load(options.features)
    train, test = chosen(kept["labels"], options.classes, options.each)
    features, labels = kept["features"][train], kept["labels"][train]
    strengths = options.strengths
    model: Any = scikit_learn(labels, strengths) if strengths else LogisticHead(folds=FOLDS)
    # The first use of a library loads it.
    LogisticHead().fit(features[:: len(features) // 2][:2], [0, 1])
    began = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, labels)
    ended = time.perf_counter(), time.process_time()
    record: dict[str, Any] = {"wall": ended[0] - began[0], "processor": ended[1] - began[1]}
    if strengths:
        record["C"] = float(np.ravel(model[-1].C_)[0])
    else:
        record |= {"C": model.C_, "strengths": list(model.losses_)}
    if len(test):
        record |= quality(model, kept["features"][test], kept["labels"][test])
    print(json.dumps(record))


def chosen(labels: np.ndarray, classes: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of some images of random classes to train on, and others to test on."""
    random = np.random.default_rng(0)
    names = random.permutation(np.unique(labels))[:classes]
    rows = [random.permutation(np.flatnonzero(labels == name)) for name in names]
    train = np.concatenate([each_class[:each] for each_class in rows])
    return train, np.concatenate([each_class[each : each + TEST] for each_class in rows])


def scikit_learn(labels: np.ndarray, strengths: list[float]) -> Any:
    """Return a pipeline that does the same with scikit-learn alone."""
    _, codes = np.unique(labels, return_inverse=True)
    folds = stratified_folds(codes, FOLDS, seed=0)
    splits = [
        (np.flatnonzero(folds != fold), np.flatnonzero(folds == fold))
        for fold in np.unique(folds[folds != ALWAYS_TRAINS])
    ]
    return make_pipeline(
        StandardScaler(),
        LogisticRegressionCV(
            Cs=strengths,
            cv=splits,
            scoring="neg_log_loss",
            class_weight="balanced",
            l1_ratios=(0,),
            use_legacy_attributes=False,
        ),
    )


def quality(model: Any, features: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the accuracy and the log loss."""
    probabilities = model.predict_proba(features)
    codes = np.searchsorted(model.classes_, labels)
    true = probabilities[np.arange(len(codes)), codes]
    return {
        "accuracy": float(np.mean(probabilities.argmax(axis=1) == codes)),
        "log_loss": float(-np.log(np.maximum(true, 1e-12)).mean()),
    }


if __name__ == "__main__":
    main()
