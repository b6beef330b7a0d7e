"""Expected calibration error."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


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
