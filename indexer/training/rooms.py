"""Rooms: measured impulse responses, simulated shoe boxes, and tails of noise."""

import numpy as np
from scipy import signal

from ..encoders.base import SAMPLE_RATE_HZ
from .waves import Sounds, Wave, rms

SIMULATED = 300


def room(wave: Wave, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """Reverberate by one of the impulse responses, or by a tail of noise."""
    if len(sounds.responses) and rng.random() < 0.7:
        return reverberate(wave, sounds.responses[int(rng.integers(len(sounds.responses)))])
    return reverberate(wave, _tail(rng))


def reverberate(wave: Wave, response: Wave) -> Wave:
    """Convolve with an impulse response, aligned to its strongest tap, at the level it had."""
    start = int(np.argmax(np.abs(response)))
    wet = signal.fftconvolve(wave, response)[start : start + len(wave)]
    return np.asarray(wet * (rms(wave) / rms(wet)), np.float32)


def simulate(count: int, rng: np.random.Generator) -> list[Wave]:
    """Impulse responses of shoe-box rooms of 2.5 to 9 m that decay by 60 dB in 0.15 to 0.9 s.

    By the image sources of pyroomacoustics (Scheibler et al. 2018, "Pyroomacoustics").
    """
    responses: list[Wave] = []
    while len(responses) < count:
        response = _shoe_box(rng)
        if response is not None:
            responses.append(response)
    return responses


def _shoe_box(rng: np.random.Generator) -> Wave | None:
    """One room, or None where no wall is absorbent enough for the decay that was drawn."""
    import pyroomacoustics

    size = rng.uniform([2.5, 2.5, 2.2], [9.0, 8.0, 3.5])
    try:
        absorption, order = pyroomacoustics.inverse_sabine(rng.uniform(0.15, 0.9), size)
    except ValueError:
        return None
    walls = pyroomacoustics.Material(absorption)
    box = pyroomacoustics.ShoeBox(size, SAMPLE_RATE_HZ, materials=walls, max_order=min(order, 17))
    box.add_source(rng.uniform(0.4, size - 0.4))
    box.add_microphone(rng.uniform(0.4, size - 0.4))
    box.compute_rir()
    return np.asarray(box.rir[0][0], np.float32)


def _tail(rng: np.random.Generator) -> Wave:
    """A room as a direct sound and a tail of noise that decays by 60 dB in 0.1 to 0.9 s."""
    decay_s = rng.uniform(0.1, 0.9)
    time = np.arange(int(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / decay_s)
    tail *= 10 ** (rng.uniform(-12, 3) / 20) / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    return tail.astype(np.float32)
