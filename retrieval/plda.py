"""Probabilistic linear discriminant analysis: how speakers differ, and how takes of one do.

The two-covariance model (Ioffe 2006, "Probabilistic linear discriminant analysis"; Brümmer and de
Villiers 2010, "The speaker partitioning problem"). An embedding is its speaker's mean, drawn with
covariance B around a common mean, plus a deviation drawn with covariance W. On axes where W is one
and B is diagonal, the log-likelihood ratio of one speaker against two is, with t = b + 1::

    llr(x, y) = Σ  p x y + ½ q (x² + y²) + log t - ½ log(t² - b²)
    p = b / (t² - b²),  q = 1 / t - t / (t² - b²)
"""

import io
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from .groups import Groups
from .search import group_cosines

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

FEWEST_SPEAKERS = 20
_SHRINKAGE = 0.05


@dataclass(frozen=True, slots=True)
class Plda:
    """A fitted model.

    Parameters
    ----------
    mean : float32 (dimension,), of the speakers
    axes : float32 (dimension, axes), to where W is one and B diagonal
    between : float32 (axes,), B there, largest first, all positive
    """

    mean: Floats
    axes: Floats
    between: Floats

    @classmethod
    def fit(cls, embeddings: Floats, speakers: npt.NDArray[np.object_]) -> Self | None:
        """Fit by moments to centred embeddings (n, dimension) and their speakers, None if unknown.

        W is shrunk towards a multiple of one by 5 %; from B, what W adds to the means of finitely
        many takes is subtracted. None where fewer than `FEWEST_SPEAKERS` speakers, or none twice.
        """
        from scipy.linalg import eigh

        known = speakers != None  # noqa: E711 - elementwise
        names, speaker = np.unique(speakers[known].astype(np.str_), return_inverse=True)
        if len(names) < FEWEST_SPEAKERS or len(names) == len(speaker):
            return None
        mean, within, between = _covariances(embeddings[known].astype(np.float64), speaker)
        values, axes = eigh(between, within)
        order = [i for i in np.argsort(-values) if values[i] > 0]
        return cls(
            mean.astype(np.float32),
            axes[:, order].astype(np.float32),
            values[order].astype(np.float32),
        )

    def to_bytes(self) -> bytes:
        """Write the model as NumPy's npz."""
        buffer = io.BytesIO()
        np.savez(buffer, **{field.name: getattr(self, field.name) for field in fields(self)})
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; a ValueError or KeyError if it is something else."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(*(arrays[field.name] for field in fields(cls)))

    def group_scores(self, embeddings: Floats, groups: Groups) -> Doubles:
        """The log-likelihood ratio of every candidate and its anchor: float64 (total,), nats.

        Parameters
        ----------
        embeddings : float32 (n, dimension), centred, of unit length, the rows `groups` counts
        groups : anchors and candidates
        """
        b = self.between.astype(np.float64)
        t = b + 1
        product, square = b / (t**2 - b**2), 1 / t - t / (t**2 - b**2)
        x = ((embeddings - self.mean) @ self.axes).astype(np.float64)
        own = 0.5 * x**2 @ square
        crossed = group_cosines((x * np.sqrt(product)).astype(np.float32), groups)
        constant = float(np.sum(np.log(t) - 0.5 * np.log(t**2 - b**2)))
        return crossed + own[groups.anchor_rows] + own[groups.candidates] + constant


def _covariances(
    embeddings: Doubles, speaker: npt.NDArray[np.intp]
) -> tuple[Doubles, Doubles, Doubles]:
    """The mean of the speakers' means, W and B."""
    counts = np.bincount(speaker)
    means = np.zeros((len(counts), embeddings.shape[1]))
    np.add.at(means, speaker, embeddings)
    means /= counts[:, None]
    away = embeddings - means[speaker]
    within = away.T @ away / (len(embeddings) - len(counts))
    between = np.cov(means.T) - within * np.mean(1 / counts)
    level = np.trace(within) / len(within) * np.eye(len(within))
    return means.mean(axis=0), (1 - _SHRINKAGE) * within + _SHRINKAGE * level, between
