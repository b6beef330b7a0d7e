"""Augmentation of log-mel crops as they are drawn: what is cheap there, and new in every step."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from scipy.signal import lfilter

from ..encoders.base import SAMPLE_RATE_HZ
from ..encoders.trainable.base import FrontEnd
from .waves import Wave

Crop = npt.NDArray[np.float32]
"""Log-mel energies (frames, mels), in nepers."""

NEPERS_PER_DECIBEL = np.log(10) / 10
SPARED = 0.35


def noise_bank(noises: Sequence[Wave], frontend: FrontEnd) -> list[Crop]:
    """The log-mel features (frames, mels) of each background noise."""
    log_mel = frontend.module()
    with torch.no_grad():
        return [log_mel(torch.from_numpy(noise)[None])[0].numpy() for noise in noises]


class Distortion:
    """Puts crops through a room, noise, a microphone and a channel, each by chance.

    A crop is left as it is with probability `SPARED`, but for hidden bands and frames.
    """

    def __init__(self, frontend: FrontEnd, noises: Sequence[Crop]) -> None:
        self._floor = np.float32(frontend.floor_nepers)
        self._frames_per_s = SAMPLE_RATE_HZ / frontend.hop
        self._centres_hz = frontend.centres_hz()
        self._noises = noises
        self._chances: list[tuple[float, Callable[[Crop, np.random.Generator], Crop]]] = [
            (0.25, self._reverberate),
            (0.35, self._add_noise),
            (0.55, self._colour),
            (0.25, self._narrow),
            (0.15, self._coarsen),
            (0.15, self._fade),
        ]

    def __call__(self, crops: Crop, rng: np.random.Generator) -> Crop:
        """Distort crops (batch, frames, mels) float32, in place."""
        for row, crop in enumerate(crops):
            if rng.random() >= SPARED:
                for chance, change in self._chances:
                    if rng.random() < chance:
                        crop = change(crop, rng)
            crops[row] = np.maximum(crop, self._floor)
            if rng.random() < 0.4:
                hide(crops[row], rng)
        return crops

    def _reverberate(self, crop: Crop, rng: np.random.Generator) -> Crop:
        """A tail whose energy falls by 60 dB in 0.15 to 1 s, 15 dB below to 3 above the direct."""
        decay = 10 ** (-6 / (rng.uniform(0.15, 1.0) * self._frames_per_s))
        energies = np.exp(crop)
        late = lfilter([0, 1 - decay], [1, -decay], energies, axis=0)
        level = np.exp(NEPERS_PER_DECIBEL * rng.uniform(-15, 3))
        return np.asarray(np.log(energies + level * late), np.float32)

    def _add_noise(self, crop: Crop, rng: np.random.Generator) -> Crop:
        """Background noise, or steady coloured noise, 0 to 25 dB below the speech."""
        if self._noises and rng.random() < 0.7:
            noise = cut(self._noises[int(rng.integers(len(self._noises)))], len(crop), rng)
        else:
            slope = -rng.uniform(0, 2) * np.log(np.maximum(self._centres_hz, 100) / 1000)
            noise = np.asarray(slope + 0.5 * rng.standard_normal(crop.shape), np.float32)
        level = _mean_level(crop) - _mean_level(noise) - NEPERS_PER_DECIBEL * rng.uniform(0, 25)
        return np.asarray(np.logaddexp(crop, (noise + level).astype(np.float32)), np.float32)

    def _colour(self, crop: Crop, rng: np.random.Generator) -> Crop:
        """A smooth frequency response, 3 to 8 dB up and down, as of another microphone."""
        knots = rng.uniform(3, 8) * NEPERS_PER_DECIBEL * rng.standard_normal(7)
        points = np.linspace(0, len(knots) - 1, crop.shape[1])
        return np.asarray((crop + np.interp(points, np.arange(len(knots)), knots)), np.float32)

    def _narrow(self, crop: Crop, rng: np.random.Generator) -> Crop:
        """A telephone's or radio's band, falling by 12 to 60 dB an octave, over a faint hiss."""
        low, high = rng.uniform(100, 400), rng.uniform(2500, 4000)
        octaves = np.maximum(np.log2(low / self._centres_hz), np.log2(self._centres_hz / high))
        loss = np.maximum(octaves, 0) * rng.uniform(12, 60) * NEPERS_PER_DECIBEL
        hiss = _mean_level(crop) - NEPERS_PER_DECIBEL * rng.uniform(25, 60)
        return np.asarray(np.logaddexp(crop - loss, hiss), np.float32)

    def _coarsen(self, crop: Crop, rng: np.random.Generator) -> Crop:
        """The errors of a low-rate codec: noise that follows the speech, 1 to 4 dB of it."""
        errors = rng.uniform(1, 4) * NEPERS_PER_DECIBEL * rng.standard_normal(crop.shape)
        return np.asarray((crop + errors), np.float32)

    def _fade(self, crop: Crop, rng: np.random.Generator) -> Crop:
        """A level that drifts by some 6 dB, as gain control and fading do."""
        knots = 6 * NEPERS_PER_DECIBEL * rng.standard_normal(4)
        drift = np.interp(np.linspace(0, 3, len(crop)), np.arange(4), knots)
        return np.asarray((crop + drift[:, None]), np.float32)


def hide(crop: Crop, rng: np.random.Generator) -> None:
    """Make neighbouring bands, or frames, constant (Park et al. 2019, "SpecAugment"), in place."""
    frames, mels = crop.shape
    if rng.random() < 0.6:
        first, width = rng.integers(0, mels * 7 // 8), rng.integers(1, mels // 8 + 1)
        crop[:, first : first + width] = crop.mean()
    if rng.random() < 0.6:
        first, width = rng.integers(0, frames * 7 // 8), rng.integers(1, frames // 8 + 1)
        crop[first : first + width] = crop.mean(axis=0)


def cut(block: npt.NDArray[np.floating], frames: int, rng: np.random.Generator) -> Crop:
    """A random stretch of `frames` frames; a shorter block is repeated from a random start."""
    if len(block) >= frames:
        start = rng.integers(len(block) - frames + 1)
        return np.asarray(block[start : start + frames], np.float32)
    return np.asarray(
        block[(rng.integers(len(block)) + np.arange(frames)) % len(block)], np.float32
    )


def _mean_level(crop: npt.NDArray[np.floating]) -> float:
    """The level of the mean energy, in nepers."""
    return float(np.log(np.exp(crop).mean() + 1e-12))
