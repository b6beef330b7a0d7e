"""The features' own analysis: distributions, outliers, relation to the tag, redundancy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .classifiers import Classes
from .features import Features
from .figures import Doubles

OUTLIER_Z = 4.0
REDUNDANT = 0.95
MOST_PAIRS = 100
_MOST_ROWS = 2_000
_NORMAL = 1.4826
"""The standard deviation of a normal law, in median absolute deviations."""


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One feature: its distribution, and what it says of the tag.

    Attributes
    ----------
    mean, sd, skew : of the recordings where it is known; skew is the third standardised moment
    missing : share of recordings where it is unknown
    mutual_information : with the tag, in nats (Kraskov's estimate by nearest neighbours, as
        scikit-learn has it; Ross 2014)
    anova_f : variance between the classes over that within, each by its degrees of freedom
    """

    name: str
    mean: float
    sd: float
    skew: float
    missing: float
    mutual_information: float
    anova_f: float


@dataclass(frozen=True, slots=True)
class Outlier:
    """A recording far from the others: its deviation, and the features that are furthest out."""

    path: str
    deviation: float
    features: Sequence[str]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two features that say the same."""

    a: str
    b: str
    correlation: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the features themselves look like.

    Attributes
    ----------
    features : the most telling ones (ANOVA F, which a small sample moves least) first
    outliers : the furthest first
    redundant_pairs : how many pairs have a correlation beyond ±0.95
    redundant : those, the closest first, at most 100
    """

    features: Sequence[FeatureRow]
    outliers: Sequence[Outlier]
    redundant_pairs: int
    redundant: Sequence[Pair]


def inspect(
    features: Features, classes: Classes, paths: npt.NDArray[np.object_], seed: int
) -> Inspection:
    """Analyse features.

    Parameters
    ----------
    features : of n recordings
    classes : int64 (n,), the tag
    paths : str (n,)
    seed : of what mutual information draws, on at most 2,000 recordings
    """
    values = features.values.astype(np.float64)
    pairs, close = redundant(values, features.names)
    return Inspection(
        features=feature_rows(values, features.names, classes, seed),
        outliers=outliers(values, features.names, paths),
        redundant_pairs=pairs,
        redundant=close,
    )


def feature_rows(
    values: Doubles, names: Sequence[str], classes: Classes, seed: int
) -> tuple[FeatureRow, ...]:
    """Describe each column of values (n, d), the most telling one first."""
    known = np.isfinite(values)
    mean, sd = _moments(values)
    cubes = np.where(known, _standard(values, mean, sd) ** 3, 0).sum(axis=0)
    skew = cubes / np.maximum(known.sum(axis=0), 1)
    told = _told(values, classes, seed)
    columns = (mean, sd, skew, 1 - known.mean(axis=0), *told)
    rows = [
        FeatureRow(name, *numbers)
        for name, *numbers in zip(names, *(column.tolist() for column in columns), strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.anova_f, -row.mutual_information, row.name)))


def outliers(
    values: Doubles, names: Sequence[str], paths: npt.NDArray[np.object_]
) -> tuple[Outlier, ...]:
    """Find recordings far from all others.

    Each feature is taken as its robust z (deviation from the median, in median absolute deviations
    scaled to a normal law). A recording's distance is the root of the mean square of its own; one
    whose distance has a robust z above 4 among all recordings is an outlier.
    """
    scores = np.nan_to_num(robust_z(values))
    distance = np.sqrt((scores**2).mean(axis=1))
    deviation = robust_z(np.log(distance + 1e-12)[:, None])[:, 0]
    far = np.flatnonzero(deviation > OUTLIER_Z)
    found = []
    for row in far[np.argsort(-deviation[far], kind="stable")]:
        furthest = np.argsort(-np.abs(scores[row]), kind="stable")[:3]
        found.append(Outlier(str(paths[row]), float(deviation[row]), [names[i] for i in furthest]))
    return tuple(found)


def robust_z(values: Doubles) -> Doubles:
    """Measure columns of (n, d) from their medians, in scaled median absolute deviations.

    A column most of whose values are equal is measured in standard deviations, a constant one is 0.
    """
    median = np.nanmedian(_filled(values), axis=0)
    away = values - median
    spread = _NORMAL * np.nanmedian(np.abs(_filled(away)), axis=0)
    _, sd = _moments(values)
    scale = np.where(spread > 0, spread, sd)
    return np.asarray(np.divide(away, scale, out=np.zeros_like(away), where=scale > 0))


def redundant(values: Doubles, names: Sequence[str]) -> tuple[int, tuple[Pair, ...]]:
    """Count the pairs of columns whose correlation (Pearson) is beyond ±0.95, and list the closest.

    What is unknown counts as the column's mean.
    """
    mean, sd = _moments(values)
    standard = np.nan_to_num(_standard(values, mean, sd))
    length = np.linalg.norm(standard, axis=0)
    unit = np.divide(standard, length, out=np.zeros_like(standard), where=length > 0)
    above = np.triu(unit.T @ unit, k=1)
    left, right = np.nonzero(np.abs(above) > REDUNDANT)
    closest = np.argsort(-np.abs(above[left, right]), kind="stable")[:MOST_PAIRS]
    pairs = [
        Pair(names[left[i]], names[right[i]], float(above[left[i], right[i]])) for i in closest
    ]
    return len(left), tuple(pairs)


def _told(values: Doubles, classes: Classes, seed: int) -> tuple[Doubles, Doubles]:
    """Return mutual information and ANOVA F (d,) each; 0 for a feature that does not vary."""
    from sklearn.feature_selection import f_classif, mutual_info_classif

    filled = np.where(np.isfinite(values), values, np.nanmedian(_filled(values), axis=0))
    varies = np.flatnonzero(np.ptp(filled, axis=0) > 0)
    information, f = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    some = np.random.default_rng(seed).permutation(len(values))[:_MOST_ROWS]
    if len(varies):
        told = mutual_info_classif(filled[np.ix_(some, varies)], classes[some], random_state=seed)
        information[varies] = told
        with np.errstate(divide="ignore"):  # a feature constant within every class: infinite F
            f[varies], _ = f_classif(filled[:, varies], classes)
    return information, f


def _moments(values: Doubles) -> tuple[Doubles, Doubles]:
    filled = _filled(values)
    return np.nanmean(filled, axis=0), np.nanstd(filled, axis=0)


def _standard(values: Doubles, mean: Doubles, sd: Doubles) -> Doubles:
    away = values - mean
    return np.asarray(np.divide(away, sd, out=np.zeros_like(away), where=sd > 0))


def _filled(values: Doubles) -> Doubles:
    """Put 0 into columns that are unknown everywhere, NaN for what is infinite."""
    known = np.isfinite(values)
    return np.where(known, values, np.where(known.any(axis=0), np.nan, 0.0))
