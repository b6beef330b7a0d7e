"""Many values in a few numbers: quartiles and bins."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Quartiles:
    """How values are spread: quartiles, and the 5th and 95th percentile; `count` of them."""

    count: int
    low: float
    q1: float
    median: float
    q3: float
    high: float

    @classmethod
    def of(cls, values: Floats) -> Self | None:
        """Sum up the known ones of values (n,); None where none is known."""
        known = values[np.isfinite(values)]
        if not len(known):
            return None
        low, q1, median, q3, high = np.quantile(known, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
        return cls(len(known), low, q1, median, q3, high)


@dataclass(frozen=True, slots=True)
class Bins:
    """Counts (bins,) in equally wide bins, `edges` (bins + 1,).

    The first and the last bin hold what lies beyond them, too.
    """

    edges: list[float]
    counts: list[int]

    @classmethod
    def of(cls, values: Floats, edges: npt.NDArray[np.float64]) -> Self:
        """Count the known ones of values (n,)."""
        known = values[np.isfinite(values)]
        counts = np.histogram(np.clip(known, edges[0], edges[-1]), edges)[0]
        return cls(edges.tolist(), counts.tolist())


def usual_edges(values: Floats, bins: int = 40) -> npt.NDArray[np.float64]:
    """Lay edges (bins + 1,) from zero to the 99th percentile, so that a few long ones hide none."""
    known = values[np.isfinite(values)]
    top = float(np.quantile(known, 0.99)) if len(known) else 0.0
    return np.linspace(0.0, top or 1.0, bins + 1)
