"""What the shipped taggers see of a recording: its acoustics as numbers, all of them finite."""

from collections.abc import Sequence

import numpy as np

from ...store.schema import Acoustics, Hertz
from .base import Evidence
from .network import Floats

TYPICAL_F0_HZ: Hertz = 160.0
"""Stands in where no pitch was found, which is an input of its own."""
_SHORTEST_S = 0.05


def sound(acoustics: Sequence[Acoustics]) -> Floats:
    """Return noise, band, colour and length (n, 85): no pitch but whether there is one.

    Columns: SNR in dB and bandwidth in kHz (0 where they cannot be measured), 1 where no pitch was
    found, the 40 means and 40 deviations of the spectrum in dB, and the natural logarithms of the
    seconds of speech and of the whole.
    """
    facts = np.array(
        [
            (a.snr_db, a.bandwidth_hz / 1_000, np.isnan(a.f0_hz), a.speech_s, a.duration_s)
            for a in acoustics
        ],
        np.float32,
    )
    lengths = np.log(np.maximum(facts[:, 3:], _SHORTEST_S))
    means = np.stack([one.spectrum_mean for one in acoustics])
    deviations = np.stack([one.spectrum_std for one in acoustics])
    columns: Floats = np.nan_to_num(np.hstack([facts[:, :3], means, deviations, lengths]))
    return columns


def pitch(acoustics: Sequence[Acoustics]) -> Floats:
    """Return the octaves of the median pitch above 160 Hz, and 1 where there is none (n, 2)."""
    f0 = np.array([one.f0_hz for one in acoustics], np.float32)
    known = np.isfinite(f0) & (f0 > 0)
    octaves = np.log2(np.where(known, f0, TYPICAL_F0_HZ) / TYPICAL_F0_HZ)
    return np.stack([octaves, ~known], axis=1).astype(np.float32)


def noise_inputs(evidence: Evidence) -> Floats:
    """Return what the noise tagger reads (n, 85)."""
    return sound(evidence.acoustics)


def acoustic_gender_inputs(evidence: Evidence) -> Floats:
    """Return what the gender tagger for any encoder reads (n, 87)."""
    return np.hstack([pitch(evidence.acoustics), sound(evidence.acoustics)])


def embedded_gender_inputs(evidence: Evidence) -> Floats:
    """Return what the gender tagger for one encoder reads (n, 2 + dimension)."""
    return np.hstack([pitch(evidence.acoustics), evidence.embeddings]).astype(np.float32)
