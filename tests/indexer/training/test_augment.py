"""Augmentation does to a waveform what it says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spkret.indexer.training.augment import augment
from spkret.indexer.training.channel import communicate
from spkret.indexer.training.rooms import reverberate
from spkret.indexer.training.waves import Sounds, Wave, add_noise

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


def test_a_response_of_one_tap_changes_nothing() -> None:
    wave = tone(300)
    response = np.zeros(50, np.float32)
    response[7] = -0.5
    assert_allclose(reverberate(wave, response), -wave, atol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_a_channel_keeps_speech_and_cuts_the_rest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wave = communicate(tone(1_000) + tone(7_000), rng)
    power = np.abs(np.fft.rfft(wave)) ** 2
    assert len(wave) == RATE
    assert power[990:1_010].sum() > 20 * power[6_990:7_010].sum()


def test_the_same_seed_gives_the_same_waveform() -> None:
    sounds = Sounds([tone(50)], [tone(2, 0.1) + 1])
    first, second = (augment(tone(500), sounds, np.random.default_rng(5)) for _ in range(2))
    assert_allclose(first, second)
