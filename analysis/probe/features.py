"""What a tag is predicted from: a vector a recording, and for MFCC the frames behind it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Picked = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Features:
    """Features of recordings.

    Attributes
    ----------
    names : of the columns (d,)
    values : float32 (n, d), NaN where unknown
    sequences : a float32 (frames, coefficients) a recording, or None
    """

    names: tuple[str, ...]
    values: Matrix
    sequences: Sequence[Matrix] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Picked) -> Self:
        """Pick the recordings at these rows (positions or a mask), in this order."""
        positions = np.arange(len(self))[rows]
        sequences = None if self.sequences is None else [self.sequences[i] for i in positions]
        return type(self)(self.names, self.values[rows], sequences)


@dataclass(frozen=True, slots=True)
class Read:
    """Features of those recordings that could be read.

    Attributes
    ----------
    features : of the recordings at `rows`
    rows : int64 (m,), positions among those asked for
    failures : why the others could not, a line each
    """

    features: Features
    rows: npt.NDArray[np.int64]
    failures: tuple[str, ...] = ()


Progress = Callable[[int, int], None]
"""Called with how many of how many recordings are read."""
