"""How well one column tells groups apart: the share of variance between them, and an AUC."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

FEWEST_GROUPS = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of a column are spread between and within groups.

    Attributes
    ----------
    share : the part of the variance of its ranks that lies between the groups, intraclass
        correlation ICC(1) (Shrout and Fleiss 1979), 0 where groups do not matter, at most 1
    p_value : of the F test that groups do not matter
    """

    share: float
    p_value: float


def spread_between(
    values: Doubles, groups: npt.NDArray[np.str_], fewest: int = FEWEST_GROUPS
) -> Spread | None:
    """Share of the variance of ranks that lies between groups of at least two values.

    With k groups of n_i values, N in all, mean squares MSB between and MSW within groups, and
    n0 = (N - Σ n_i² / N) / (k - 1)::

        ICC(1) = (MSB - MSW) / (MSB + (n0 - 1) MSW)

    Returns
    -------
    spread : None where there are fewer than `fewest` such groups, or all values are equal
    """
    from scipy.special import fdtrc
    from scipy.stats import rankdata

    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    kept = counts[which] > 1
    ranks, (_, which, counts) = (
        rankdata(values[kept]),
        np.unique(groups[kept], return_inverse=True, return_counts=True),
    )
    if len(counts) < fewest or np.ptp(ranks) == 0:
        return None
    total, freedom = len(ranks), len(counts) - 1
    means = np.bincount(which, ranks) / counts
    between = float(np.sum(counts * (means - ranks.mean()) ** 2)) / freedom
    within = float(np.sum((ranks - means[which]) ** 2)) / (total - len(counts))
    size = (total - float(np.sum(counts.astype(float) ** 2)) / total) / freedom
    share = (between - within) / (between + (size - 1) * within)
    ratio = between / max(within, 1e-12)
    return Spread(max(0.0, share), float(fdtrc(freedom, total - len(counts), ratio)))


def same_group_auc(values: Doubles, groups: npt.NDArray[np.str_], seed: int = 0) -> float:
    """How often two values of one group are nearer than two of two groups: 0.5 is chance.

    Neighbours in order of groups against as many random pairs of others.
    """
    from scipy.stats import rankdata

    order = np.argsort(groups, kind="stable")
    first, second = order[:-1], order[1:]
    same = groups[first] == groups[second]
    first, second = first[same], second[same]
    generator = np.random.default_rng(seed)
    left, right = generator.integers(0, len(values), (2, 2 * len(first)))
    apart = groups[left] != groups[right]
    near = np.abs(values[first] - values[second])
    far = np.abs(values[left[apart]] - values[right[apart]])
    ranks = rankdata(np.concatenate([far, near]))[: len(far)]
    return float((ranks.sum() - len(far) * (len(far) + 1) / 2) / (len(far) * len(near)))
