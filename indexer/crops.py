"""Pieces of a recording that are embedded beside the whole (test-time augmentation)."""

import numpy as np

from ..store.schema import Seconds, Vector
from .audio import RATE_HZ

CROP_S: Seconds = 3.0


def crops(waveform: Vector, count: int) -> list[Vector]:
    """Return `count` crops (samples,) spread evenly over a waveform, none if it is no longer."""
    size = int(CROP_S * RATE_HZ)
    if len(waveform) <= size:
        return []
    starts = (np.arange(count) + 0.5) / max(count, 1) * (len(waveform) - size)
    return [waveform[start : start + size] for start in starts.astype(int)]


def recipe(count: int) -> str:
    """Return what decides the result."""
    return f"{count} crops of {CROP_S} s"
