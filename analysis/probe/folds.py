"""The folds of a cross-validation in which no group is on both sides."""

import numpy as np
import numpy.typing as npt

from .rows import Integers, ProbeRows


def folds_of(rows: ProbeRows, folds: int, seed: int) -> Integers:
    """Assign recordings to the fold in which they are tested: int64 (n,), from 0.

    Groups stay whole and values of the tag are spread evenly, by scikit-learn's
    `StratifiedGroupKFold`.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    assigned: npt.NDArray[np.int64] = np.zeros(len(rows), np.int64)
    labels = rows.labels.astype(np.str_)
    for fold, (_, test) in enumerate(splitter.split(labels, labels, rows.groups)):
        assigned[test] = fold
    return assigned
