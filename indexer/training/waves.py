"""Waveforms to augment with: measured sounds, coloured noise, levels.

Waveforms are float32 (samples,) at 16 kHz; every function keeps the length of its first argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sounds:
    """Background noises, and impulse responses measured or simulated; either may be empty."""

    noises: Sequence[Wave] = ()
    responses: Sequence[Wave] = ()


def add_noise(wave: Wave, noise: Wave, snr_db: float) -> Wave:
    """Add noise at a signal-to-noise ratio in decibels."""
    gain = rms(wave) / rms(noise) * 10 ** (-snr_db / 20)
    return (wave + gain * noise).astype(np.float32)


def some_noise(samples: int, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """A stretch of one of the noises, or coloured noise."""
    if not len(sounds.noises) or rng.random() < 0.25:
        return coloured_noise(samples, rng)
    noise = sounds.noises[int(rng.integers(len(sounds.noises)))]
    return fit(np.roll(noise, -int(rng.integers(len(noise)))), samples)


def coloured_noise(samples: int, rng: np.random.Generator) -> Wave:
    """Noise whose power falls as 1/f^a, a from 0 (white) to 2 (brown), at an RMS of 1."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency = np.maximum(np.fft.rfftfreq(samples), 1 / samples)
    shaped = np.fft.irfft(spectrum * frequency ** (-rng.uniform(0, 2) / 2), samples)
    return (shaped / rms(shaped)).astype(np.float32)


def fit(wave: npt.NDArray[np.floating], samples: int) -> Wave:
    """Cut a waveform, or repeat it, to a number of samples."""
    return np.resize(wave, samples).astype(np.float32)


def rms(wave: npt.NDArray[np.floating]) -> float:
    """The root of the mean square, never quite zero."""
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)) + 1e-12))
