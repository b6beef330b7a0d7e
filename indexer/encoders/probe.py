"""Waveforms to try an encoder on, and how alike two encoders' embeddings are."""

import numpy as np

from ...store.schema import Seconds
from .base import SAMPLE_RATE_HZ, Embeddings, Waveforms


def tones(seconds: Seconds) -> Waveforms:
    """Two waveforms float32 (2, samples): harmonics of 110 Hz and of 190 Hz in noise."""
    time = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    noise = 0.01 * np.random.default_rng(0).standard_normal((2, len(time)))
    phases = 2 * np.pi * np.outer([110, 190], time)
    harmonics = sum(np.sin(k * phases) / k for k in range(1, 20))
    return np.asarray(0.1 * harmonics + noise, np.float32)


def least_cosine(a: Embeddings, b: Embeddings) -> float:
    """The lowest cosine between rows of two (batch, dimension); not a number if one has none."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(axis=1) / norms).min())
