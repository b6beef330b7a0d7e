"""How well probabilities hold: expected calibration error, its bins, and the Brier score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Outcomes = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Events that were given about the same probability.

    Parameters
    ----------
    count : how many
    probability : the mean of what they were given
    outcome : the share that happened
    """

    count: int
    probability: float
    outcome: float


def reliability(
    probabilities: Floats, outcomes: Outcomes, bins: int = 15
) -> tuple[ReliabilityBin, ...]:
    """Sort events into bins of equal mass by their probability, the least likely first.

    Equal probabilities always share a bin.

    Parameters
    ----------
    probabilities : (n,) in [0, 1]
    outcomes : (n,), whether each event happened: booleans or shares in [0, 1]
    bins : how many bins, fewer where probabilities tie
    """
    edges = np.unique(np.quantile(probabilities, np.linspace(0, 1, bins + 1)[1:-1]))
    bin_of = np.searchsorted(edges, probabilities, side="left")
    counts = np.bincount(bin_of)
    sums = [np.bincount(bin_of, weights=v.astype(float)) for v in (probabilities, outcomes)]
    return tuple(
        ReliabilityBin(int(n), float(given / n), float(happened / n))
        for n, given, happened in zip(counts, *sums, strict=True)
        if n
    )


def ece(probabilities: Floats, outcomes: Outcomes, bins: int = 15) -> float:
    """Measure the expected calibration error in bins of equal mass (Nixon et al. 2019).

    Σ over bins of (share of the bin) · |mean outcome - mean probability|; arguments as in
    `reliability`.
    """
    table = reliability(probabilities, outcomes, bins)
    gaps = [one.count * abs(one.outcome - one.probability) for one in table]
    return sum(gaps) / len(probabilities)


def brier(probabilities: Floats, outcomes: Outcomes) -> float:
    """Brier score of probabilities (n,): the mean of (probability - outcome)² (Brier 1950).

    0 is perfect; always saying one half costs ¼.
    """
    return float(np.square(probabilities - outcomes.astype(float)).mean())
