"""A random recording condition for training: a room, noise, a microphone, a channel."""

import numpy as np

from .channel import communicate, microphone
from .rooms import room
from .waves import Sounds, Wave, add_noise, some_noise


def augment(wave: Wave, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """Put a recording (samples,) at 16 kHz into a random condition, each part by chance."""
    if rng.random() < 0.5:
        wave = room(wave, sounds, rng)
    if rng.random() < 0.6:
        wave = add_noise(wave, some_noise(len(wave), sounds, rng), snr_db=rng.uniform(0, 20))
    if rng.random() < 0.4:
        wave = microphone(wave, rng)
    if rng.random() < 0.5:
        wave = communicate(wave, rng)
    return wave
