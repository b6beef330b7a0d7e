"""How well scores find the match: arrays in, numbers out.

Scores grow with likeness. Ties never favour anyone: where several candidates share the best score,
the match counts as found with the probability that a fair draw among them would find it, so no
figure moves when candidates are shuffled.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer]


def _places(scores: Floats, offsets: Integers, matches: Integers) -> tuple[Doubles, Doubles]:
    """Of each group, the candidates that beat the match, and those level with it (itself too)."""
    sizes = np.diff(offsets)
    level = np.repeat(scores[matches], sizes)
    above = np.add.reduceat((scores > level).astype(float), offsets[:-1])
    equal = np.add.reduceat((scores == level).astype(float), offsets[:-1])
    return above, equal


def hits(scores: Floats, offsets: Integers, matches: Integers) -> Doubles:
    """Whether each group's best score is its match.

    Parameters
    ----------
    scores : (total,) of the candidates of all groups, one group after the other
    offsets : int (groups + 1,), where each group starts, and the total
    matches : int (groups,), the position in `scores` of each group's match

    Returns
    -------
    float64 (groups,) in [0, 1]: 1 found, 0 not, 1/t where t candidates share the best score
    """
    above, equal = _places(scores, offsets, matches)
    return np.where(above == 0, 1 / equal, 0.0)


def top1(scores: Floats, offsets: Integers, matches: Integers) -> float:
    """Share of groups whose best score is the match; arguments as in `hits`."""
    return float(hits(scores, offsets, matches).mean())


def reciprocal_ranks(scores: Floats, offsets: Integers, matches: Integers) -> Doubles:
    """One over the rank of each group's match, averaged over fair orders of ties: (groups,).

    With `a` candidates above and `t` level with the match, the mean of 1/r for r = a+1 … a+t.
    Arguments as in `hits`.
    """
    above, equal = _places(scores, offsets, matches)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, np.diff(offsets).max() + 1))])
    first = above.astype(int)
    mean: Doubles = (harmonic[first + equal.astype(int)] - harmonic[first]) / equal
    return mean


def mrr(scores: Floats, offsets: Integers, matches: Integers) -> float:
    """Mean reciprocal rank of the match: the mean of 1/rank over groups; arguments as in `hits`."""
    return float(reciprocal_ranks(scores, offsets, matches).mean())


def error_rates(targets: Floats, nontargets: Floats) -> tuple[Doubles, Doubles]:
    """Miss and false-alarm rate of every distinct decision, from "accept none" to "accept all".

    Parameters
    ----------
    targets, nontargets : (n,), (m,) scores of same-speaker and of different-speaker pairs

    Returns
    -------
    miss, false_alarm : float64 (k,), falling from 1 to 0 and rising from 0 to 1
    """
    thresholds = np.unique(np.concatenate([targets, nontargets]))[::-1]
    missed = np.searchsorted(np.sort(targets), thresholds, side="left") / len(targets)
    alarms = 1 - np.searchsorted(np.sort(nontargets), thresholds, side="left") / len(nontargets)
    return np.concatenate([[1.0], missed]), np.concatenate([[0.0], alarms])


def eer(targets: Floats, nontargets: Floats) -> float:
    """Equal error rate: where miss = false alarm, on the ROC curve joined by straight lines.

    No convex hull is taken; this equals the root of `1 - fpr - tpr` on scikit-learn's ROC curve.
    Arguments as in `error_rates`.
    """
    miss, false_alarm = error_rates(targets, nontargets)
    gap = miss - false_alarm
    after = int(np.argmax(gap <= 0))
    before = after - 1
    share = gap[before] / (gap[before] - gap[after])
    return float(miss[before] + share * (miss[after] - miss[before]))


def min_dcf(targets: Floats, nontargets: Floats, prior: float = 0.01) -> float:
    """Normalised minimum detection cost with unit costs (NIST SRE).

    min over thresholds of (prior · P_miss + (1 - prior) · P_fa) / min(prior, 1 - prior):
    1 is what accepting none or all costs. Arguments as in `error_rates`.
    """
    miss, false_alarm = error_rates(targets, nontargets)
    cost = prior * miss + (1 - prior) * false_alarm
    return float(cost.min() / min(prior, 1 - prior))


def roc_area(targets: Floats, nontargets: Floats) -> float:
    """Area under the ROC curve: the chance that a target outscores a nontarget, ties half.

    Arguments as in `error_rates`.
    """
    miss, false_alarm = error_rates(targets, nontargets)
    return float(np.trapezoid(1 - miss, false_alarm))


def cllr(targets: Floats, nontargets: Floats) -> float:
    """Cost of log-likelihood ratios in bits (Brümmer & du Preez 2006).

    ½ [mean over targets of log₂(1 + e^-llr) + mean over nontargets of log₂(1 + e^llr)], with
    natural log-likelihood ratios: 0 is perfect, 1 is what knowing nothing costs.
    """
    both = np.logaddexp(0, -targets).mean() + np.logaddexp(0, nontargets).mean()
    return float(both / (2 * np.log(2)))


def ece(probabilities: Floats, outcomes: npt.NDArray[np.generic], bins: int = 15) -> float:
    """Measure the expected calibration error in bins of equal mass (Nixon et al. 2019).

    Σ over bins of (share of the bin) · |mean outcome - mean probability|. Equal probabilities
    always share a bin.

    Parameters
    ----------
    probabilities : (n,) in [0, 1]
    outcomes : (n,), whether each event happened: booleans or shares in [0, 1]
    bins : how many bins, fewer where probabilities tie
    """
    edges = np.unique(np.quantile(probabilities, np.linspace(0, 1, bins + 1)[1:-1]))
    bin_of = np.searchsorted(edges, probabilities, side="left")
    gaps = np.bincount(bin_of, weights=outcomes.astype(float) - probabilities)
    return float(np.abs(gaps).sum() / len(probabilities))


def bootstrap_interval(
    values: Floats,
    clusters: npt.NDArray[np.generic],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean, drawing whole clusters (Efron & Tibshirani 1993).

    Parameters
    ----------
    values : (n,) one value a record, such as `hits` or the difference of two systems' hits
    clusters : (n,) the speaker of each record: records of one speaker rise and fall together
    confidence : the mass within the interval
    resamples, seed : how many draws, and where their random numbers start

    Returns
    -------
    low, high
    """
    _, cluster_of = np.unique(clusters, return_inverse=True)
    totals = np.stack([np.bincount(cluster_of, weights=values), np.bincount(cluster_of)], axis=1)
    count = len(totals)
    generator = np.random.default_rng(seed)
    draws = generator.multinomial(count, np.full(count, 1 / count), resamples).astype(float)
    sums, sizes = (draws @ totals).T
    means = sums / sizes
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
