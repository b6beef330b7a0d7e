"""Rooms decay as long as they should, by Schroeder's integration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spkret.indexer.training import rooms
from spkret.indexer.training.waves import Sounds, Wave

RATE = 16_000


def decay_s(response: Wave) -> float:
    """RT60 by a line through Schroeder's energy decay curve between -5 and -20 dB."""
    energy = np.cumsum(np.square(response[::-1], dtype=np.float64))[::-1]
    level = 10 * np.log10(energy / energy[0] + 1e-12)
    start, end = (int(np.argmax(level < db)) for db in (-5, -20))
    time = np.arange(start, end) / RATE
    return float(-60 / np.polyfit(time, level[start:end], 1)[0])


def test_a_response_of_one_tap_changes_nothing() -> None:
    wave = np.sin(np.arange(RATE) * 0.1).astype(np.float32)
    response = np.zeros(50, np.float32)
    response[7] = -0.5
    assert_allclose(rooms.reverberate(wave, response), -wave, atol=1e-5)


def test_an_impulse_becomes_the_response() -> None:
    response = np.random.default_rng(0).standard_normal(400).astype(np.float32)
    response[0] = 10
    impulse = np.zeros(2_000, np.float32)
    impulse[100] = 1
    wet = rooms.reverberate(impulse, response)
    assert_allclose(wet[100:500] / wet[100], response / 10, atol=1e-4)
    assert np.sqrt(np.mean(wet**2)) == pytest.approx(np.sqrt(1 / 2_000), rel=1e-3)


def test_simulated_rooms_decay_within_bounds() -> None:
    responses = rooms.simulate(6, np.random.default_rng(3))
    decays = [decay_s(response) for response in responses]
    assert 0.08 < min(decays) < max(decays) < 1.2
    assert max(decays) > 1.5 * min(decays)
    assert all(np.isfinite(response).all() and response.any() for response in responses)


def test_a_room_is_one_of_those_measured_or_a_tail() -> None:
    echo = np.zeros(4_000, np.float32)
    echo[0], echo[3_999] = 1.0, 0.9
    wave = np.zeros(RATE, np.float32)
    wave[0] = 1.0
    rng = np.random.default_rng(0)
    heard = [rooms.room(wave, Sounds((), [echo]), rng) for _ in range(40)]
    echoes = [w for w in heard if np.count_nonzero(np.abs(w) > 1e-4) == 2]
    assert 20 <= len(echoes) <= 36
    tails = [w for w in heard if np.count_nonzero(np.abs(w) > 1e-4) > 100]
    assert len(echoes) + len(tails) == 40
    assert all(len(w) == RATE for w in heard)
