"""Synthetic speakers whose embeddings spread as those of the shipped encoder do on real speech.

Measured there, centred: cosine 0.31 ± 0.17 between recordings of one speaker, 0.00 ± 0.13 between
speakers; variance falls steeply from one principal axis to the next, faster between speakers than
within them. Recordings differ in how far they lie from their speaker (length, noise): without that
the cosines of one speaker would spread by 0.10 only.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

RECORDINGS_A_SPEAKER = 25
ROWS_A_BLOCK = 65_536

_BETWEEN_SHARE = 0.335
_SCATTER = 0.5
_AXES = (0, 1, 3, 7, 15, 31, 63, 127, 191, 255, 383)
_BETWEEN = (9e-2, 7.5e-2, 5.1e-2, 2.6e-2, 1.5e-2, 7.5e-3, 2.8e-3, 6.7e-4, 2.5e-4, 1.1e-4, 1e-5)
_WITHIN = (286e-4, 253e-4, 184e-4, 152e-4, 118e-4, 87e-4, 5e-3, 18e-4, 85e-5, 53e-5, 16e-5)
_SPEAKERS, _ROTATION, _STORED, _ASKED = range(4)


@dataclass(frozen=True)
class Speakers:
    """Recordings in random order, about 25 a speaker; the same seed gives the same.

    Parameters
    ----------
    rows : recordings that are stored
    dimension : of an embedding
    """

    rows: int
    dimension: int
    seed: int

    def write(self, path: Path) -> None:
        """Write the stored vectors as raw float32 (rows, dimension), a block at a time."""
        with path.open("wb") as file:
            for number, start in enumerate(range(0, self.rows, ROWS_A_BLOCK)):
                count = min(ROWS_A_BLOCK, self.rows - start)
                file.write(self.draw(count, _STORED, number)[0].tobytes())

    def queries(self, count: int) -> Floats:
        """Draw other recordings of the stored speakers: (count, dimension)."""
        return self.draw(count, _ASKED)[0]

    def draw(self, count: int, *stream: int) -> tuple[Floats, Ids]:
        """Draw recordings: unit vectors (count, dimension) and their speakers (count,)."""
        rng = self._rng(*stream)
        speakers = rng.integers(0, len(self._voices), count)
        scatter = np.exp(_SCATTER * rng.standard_normal((count, 1), np.float32))
        within = _deviations(_WITHIN, self.dimension, 1 - _BETWEEN_SHARE)
        vectors = self._voices[speakers]
        vectors += rng.standard_normal(vectors.shape, np.float32) * within * scatter
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors @ self._rotation, speakers

    @cached_property
    def _voices(self) -> Floats:
        count = max(1, self.rows // RECORDINGS_A_SPEAKER)
        between = _deviations(_BETWEEN, self.dimension, _BETWEEN_SHARE)
        drawn = self._rng(_SPEAKERS).standard_normal((count, self.dimension), np.float32)
        return drawn * between

    @cached_property
    def _rotation(self) -> Floats:
        """Turn the principal axes, since the axes of an encoder are not its principal ones."""
        drawn = self._rng(_ROTATION).standard_normal((self.dimension, self.dimension))
        return np.linalg.qr(drawn)[0].astype(np.float32)

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *stream])


def _deviations(measured: tuple[float, ...], dimension: int, share: float) -> Floats:
    """Standard deviation along each axis, the variances summing to a share of one."""
    variances = np.exp(np.interp(np.arange(dimension), _AXES, np.log(measured)))
    deviations: Floats = np.sqrt(share * variances / variances.sum()).astype(np.float32)
    return deviations
