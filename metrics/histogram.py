"""Histogram of scores."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many scores of either kind lie in each of equally wide bins.

    Parameters
    ----------
    edges : (bins + 1,), a bin holds its lower edge, the last one its upper edge too
    targets, nontargets : (bins,), counts
    """

    edges: list[float]
    targets: list[int]
    nontargets: list[int]


def histogram(targets: Floats, nontargets: Floats, bins: int = 20) -> Histogram:
    """Count scores in bins that span all of them; arguments as in `error_rates`."""
    edges = np.histogram_bin_edges(np.concatenate([targets, nontargets]), bins)
    counts = [np.histogram(scores, edges)[0].tolist() for scores in (targets, nontargets)]
    return Histogram(edges.tolist(), counts[0], counts[1])
