"""Augmentation does to a waveform what it says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import signal

from spkret.indexer.training.augment import augment
from spkret.indexer.training.waves import (
    Sounds,
    Wave,
    add_noise,
    coloured_noise,
    fit,
    rms,
    some_noise,
)

RATE = 16_000


def tone(hertz: float, seconds: float = 1.0) -> Wave:
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 20.0])
def test_noise_is_added_at_its_ratio(snr_db: float) -> None:
    wave = tone(440)
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    added = add_noise(wave, noise, snr_db) - wave
    ratio = 10 * np.log10(np.mean(wave**2) / np.mean(added**2))
    assert ratio == pytest.approx(snr_db, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_coloured_noise_falls_as_its_slope_says(seed: int) -> None:
    noise = coloured_noise(8 * RATE, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    rng.standard_normal(8 * RATE)
    frequency, density = signal.welch(noise, RATE, nperseg=2_048)
    heard = (frequency > 60) & (frequency < 7_000)
    slope = np.polyfit(np.log(frequency[heard]), np.log(density[heard]), 1)[0]
    assert slope == pytest.approx(-rng.uniform(0, 2), abs=0.1)
    assert rms(noise) == pytest.approx(1.0, rel=1e-3)


def test_a_waveform_is_fitted_by_cutting_or_repeating() -> None:
    wave = np.arange(5, dtype=np.float32)
    assert fit(wave, 3).tolist() == [0, 1, 2]
    assert fit(wave, 7).tolist() == [0, 1, 2, 3, 4, 0, 1]


def test_noise_is_a_stretch_of_one_of_those_given() -> None:
    ramp = np.arange(1_000, dtype=np.float32)
    rng = np.random.default_rng(0)
    drawn = [some_noise(300, Sounds([ramp]), rng) for _ in range(40)]
    stretches = [n for n in drawn if (np.diff(n) % 1_000 == 1).all()]
    assert 22 <= len(stretches) <= 38
    assert rms(np.zeros(4, np.float32)) > 0


def test_the_same_seed_gives_the_same_waveform() -> None:
    sounds = Sounds([tone(50)], [tone(2, 0.1) + 1])
    first, second = (augment(tone(500), sounds, np.random.default_rng(5)) for _ in range(2))
    assert_allclose(first, second)
