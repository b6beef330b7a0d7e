"""How good predictions are, with intervals by a bootstrap over speakers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .classifiers import Classes

Doubles = npt.NDArray[np.float64]

RESAMPLES = 1_000
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a classifier; precision, recall and F1 are means over the classes (macro).

    Balanced accuracy is the macro recall, by definition. A class that is never predicted has a
    precision of 0.
    """

    accuracy: Figure
    balanced_accuracy: Figure
    precision: Figure
    recall: Figure
    f1: Figure


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """The figures of one class of a classifier."""

    name: str
    recordings: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Right, predicted and actual recordings of each class, float64 (..., classes)."""

    right: Doubles
    predicted: Doubles
    actual: Doubles

    def accuracy(self) -> Doubles:
        """Return the share of right predictions (...)."""
        return np.asarray(self.right.sum(axis=-1) / self.actual.sum(axis=-1))

    def precision(self) -> Doubles:
        """Return right over predicted (..., classes), 0 where none is predicted."""
        return _ratio(self.right, self.predicted)

    def recall(self) -> Doubles:
        """Return right over actual (..., classes), 0 where there is none."""
        return _ratio(self.right, self.actual)

    def f1(self) -> Doubles:
        """Return the harmonic mean of precision and recall (..., classes)."""
        return _ratio(2 * self.right, self.predicted + self.actual)


def figures(
    truth: Classes, predicted: Classes, speakers: npt.NDArray[np.generic], seed: int = 0
) -> Figures:
    """Measure predictions, with percentile intervals of a bootstrap that draws speakers.

    A class that no drawn speaker has is left out of that draw's means. Where each class is a
    speaker, a draw of speakers is one of classes: means of what each class has on all recordings,
    for precisions would rise if the speakers that a class is confused with were not drawn.

    Parameters
    ----------
    truth, predicted : int64 (n,), classes from 0
    speakers : (n,), who rises and falls together
    seed : of the draws, which are those of `metrics.bootstrap_interval`
    """
    _, cluster = np.unique(speakers, return_inverse=True)
    weights = _weights(int(cluster.max()) + 1, seed)
    counts = measured = _counts(truth, predicted, cluster, weights)
    shares = (counts.actual > 0).astype(np.float64)
    if _classes_are_speakers(truth, cluster):
        measured = Counts(*(part[:1] for part in (counts.right, counts.predicted, counts.actual)))
        shares = counts.actual / measured.actual
    recall = _interval(_mean(measured.recall(), shares))
    return Figures(
        accuracy=_interval(counts.accuracy()),
        balanced_accuracy=recall,
        precision=_interval(_mean(measured.precision(), shares)),
        recall=recall,
        f1=_interval(_mean(measured.f1(), shares)),
    )


def class_figures(
    truth: Classes, predicted: Classes, names: tuple[str, ...]
) -> tuple[ClassFigures, ...]:
    """Measure each class alone."""
    one = np.zeros(len(truth), np.int64)
    counts = _counts(truth, predicted, one, np.ones((1, 1)), len(names))
    columns = (counts.actual, counts.precision(), counts.recall(), counts.f1())
    rows = zip(names, *(column[0].tolist() for column in columns), strict=True)
    return tuple(ClassFigures(name, int(count), *rest) for name, count, *rest in rows)


def confusion(truth: Classes, predicted: Classes, classes: int) -> npt.NDArray[np.int64]:
    """Count predictions (column) by true class (row): int64 (classes, classes)."""
    matrix = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return matrix.reshape(classes, classes).astype(np.int64)


def _weights(clusters: int, seed: int) -> Doubles:
    """Weigh clusters (1 + draws, clusters): once each in the first row, as drawn in the others."""
    even = np.full(clusters, 1 / clusters)
    draws = np.random.default_rng(seed).multinomial(clusters, even, RESAMPLES)
    return np.concatenate([np.ones((1, clusters)), draws])


def _classes_are_speakers(truth: Classes, cluster: Classes) -> bool:
    pairs = np.unique(np.stack([truth, cluster]), axis=1)
    return bool(pairs.shape[1] == len(np.unique(truth)) == len(np.unique(cluster)))


def _counts(
    truth: Classes, predicted: Classes, cluster: Classes, weights: Doubles, classes: int = 0
) -> Counts:
    """Count by cluster, then sum up the clusters by each row of weights (draws, clusters)."""
    classes = max(classes, int(max(truth.max(), predicted.max())) + 1)
    hit = truth == predicted
    parts = ((cluster[hit], truth[hit]), (cluster, predicted), (cluster, truth))
    shape = (weights.shape[1], classes)
    tables = (_table(owner, label, shape) for owner, label in parts)
    return Counts(*(weights @ table for table in tables))


def _table(cluster: Classes, label: Classes, shape: tuple[int, int]) -> Doubles:
    flat = np.bincount(cluster * shape[1] + label, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(np.float64)


def _mean(values: Doubles, shares: Doubles) -> Doubles:
    return np.asarray((values * shares).sum(axis=-1) / shares.sum(axis=-1))


def _interval(values: Doubles) -> Figure:
    """Take the figure of all speakers from the first row, its interval from the draws after it."""
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(values[1:], [tail, 1 - tail])
    return Figure(float(values[0]), float(low), float(high))


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
