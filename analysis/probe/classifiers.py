"""The classifiers of vectors, from a naive baseline to a small network."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .features import Features

Classes = npt.NDArray[np.int64]
Classify = Callable[[Features, Classes, Features, int], Classes]
"""Learn from features and classes (n,), then predict those of others: int64 (m,); and a seed."""

NAIVE = "naive"
_MOST_TREES = 2_000


def naive(train: Features, classes: Classes, test: Features, seed: int) -> Classes:
    """Predict the most frequent class of the training part, whatever the features say."""
    from sklearn.dummy import DummyClassifier

    baseline = DummyClassifier(strategy="most_frequent", random_state=seed)
    baseline.fit(train.values, classes)
    return _integers(baseline.predict(test.values))


def logistic(train: Features, classes: Classes, test: Features, seed: int) -> Classes:
    """Predict by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return _fitted(LogisticRegression(max_iter=300, random_state=seed), train, classes, test)


def lightgbm(train: Features, classes: Classes, test: Features, seed: int) -> Classes:
    """Predict by gradient-boosted trees: 100 rounds, fewer where there are many classes."""
    from lightgbm import LGBMClassifier

    rounds = int(np.clip(_MOST_TREES // len(np.unique(classes)), 20, 100))
    trees = LGBMClassifier(
        n_estimators=rounds,
        num_leaves=15,
        min_child_samples=5,
        colsample_bytree=0.5,
        max_bin=63,
        random_state=seed,
        deterministic=True,
        force_row_wise=True,
        n_jobs=1,  # so few rows: threads cost more than they save
        verbosity=-1,
    )
    return _fitted(trees, train, classes, test)


def mlp(train: Features, classes: Classes, test: Features, seed: int) -> Classes:
    """Predict by a network with one hidden layer of 128 units."""
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier((128,), alpha=0.1, max_iter=60, random_state=seed)
    return _fitted(network, train, classes, test)


VECTORS: Mapping[str, Classify] = {
    NAIVE: naive,
    "logistic": logistic,
    "lightgbm": lightgbm,
    "mlp": mlp,
}


def _fitted(classifier: Any, train: Features, classes: Classes, test: Features) -> Classes:
    """Fit on standardised features, each class with the same weight, and predict.

    What is unknown becomes the training part's median. That a classifier stops before it has
    converged is no news.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils.class_weight import compute_sample_weight

    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    prepare = make_pipeline(impute, StandardScaler()).set_output(transform="default")
    prepared = prepare.fit_transform(train.values.astype(np.float64))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        classifier.fit(prepared, classes, sample_weight=compute_sample_weight("balanced", classes))
        return _integers(classifier.predict(prepare.transform(test.values.astype(np.float64))))


def _integers(predicted: npt.NDArray[np.generic]) -> Classes:
    return predicted.astype(np.int64)
