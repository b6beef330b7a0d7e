"""Where the match stands in its group: top-1 and mean reciprocal rank."""

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
