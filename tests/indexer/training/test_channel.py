"""Microphones and channels do to a waveform what they say."""

import numpy as np
import pytest
from builders import voice
from scipy import signal

from spkret.indexer.training import channel
from spkret.indexer.training.waves import Wave

RATE = 16_000


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(hertz: float, seconds: float = 1.0) -> Wave:
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def level_db(wave: Wave) -> float:
    return float(10 * np.log10(np.mean(np.square(wave, dtype=np.float64)) + 1e-20))


def block_levels_db(wave: Wave) -> np.ndarray:
    blocks = wave[: len(wave) // 800 * 800].reshape(-1, 800)
    return np.array([level_db(block) for block in blocks])


@pytest.mark.parametrize("hertz", [50, 100, 150, 300, 1_000, 3_000, 6_000, 7_500])
def test_a_band_passes_what_butterworths_formula_says(hertz: float) -> None:
    """The squared gain of order 4, prewarped: 1 / (1 + ((f² - f₀²) / (f · width))⁸)."""
    low, high, centre = (np.tan(np.pi * f / RATE) for f in (300, 3_000, hertz))
    bent = (centre**2 - low * high) / (centre * (high - low))
    expected = -10 * np.log10(1 + bent**8)
    wave = tone(hertz, 3.0)
    got = level_db(channel.band(wave, 300, 3_000)[RATE:-RATE]) - level_db(wave[RATE:-RATE])
    if expected > -100:
        assert got == pytest.approx(expected, abs=0.5)
    else:
        assert got < -90


def test_a_microphone_is_a_smooth_filter() -> None:
    wave = rng().standard_normal(RATE).astype(np.float32)
    heard = channel.microphone(wave, rng(5))
    knots = 5 * rng(5).standard_normal(8)
    frequency, density = signal.welch(wave, RATE, nperseg=512)
    _, after = signal.welch(heard, RATE, nperseg=512)
    gain = 10 * np.log10(after / density)
    for octave in range(1, 7):
        place = int(np.argmin(np.abs(frequency - 62.5 * 2**octave)))
        assert gain[place] == pytest.approx(knots[octave], abs=1.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_compressor_narrows_the_range_of_levels(seed: int) -> None:
    wave = np.concatenate([tone(500) * gain for gain in (1.0, 0.1, 0.03)])
    squeezed = channel.compress(wave, rng(seed))
    levels, before = (block_levels_db(w)[[10, 50]] for w in (squeezed, wave))
    power = rng(seed).uniform(0.3, 0.8)
    assert levels[0] - levels[1] == pytest.approx(power * (before[0] - before[1]), abs=1.5)
    assert level_db(squeezed) == pytest.approx(level_db(wave), abs=0.01)


def test_saturation_makes_odd_harmonics() -> None:
    before, after = (
        np.abs(np.fft.rfft(w)) for w in (tone(500), channel.saturate(tone(500), rng()))
    )
    assert before[1_500] < 1e-3 * before[500]
    assert after[1_500] > 0.01 * after[500]
    assert after[1_000] < 1e-3 * after[500]


def test_clipping_stops_at_a_limit() -> None:
    wave = voice(1.0)
    clipped = channel.clip(wave, rng())
    limit = rng().uniform(1, 3) * np.sqrt(np.mean(wave**2))
    assert np.abs(clipped).max() == pytest.approx(limit, rel=1e-3)
    quiet = np.abs(wave) < 0.99 * limit
    np.testing.assert_array_equal(clipped[quiet], wave[quiet])


@pytest.mark.parametrize("seed", range(4))
def test_static_lies_below_the_speech(seed: int) -> None:
    wave = tone(1_000)
    added = channel.static(wave, rng(seed)) - wave
    typical = np.median(np.abs(added)) / 0.6745  # of what is not crackle
    assert -26 < 20 * np.log10(typical) - level_db(wave) < -4


def test_squelch_mutes_the_quiet_and_opens_with_a_burst() -> None:
    wave = np.concatenate([tone(500), 0.001 * tone(500), tone(500)])
    heard = channel.squelch(wave, rng())
    assert not heard[int(1.4 * RATE) : int(1.9 * RATE)].any()
    np.testing.assert_allclose(heard[int(2.1 * RATE) :], wave[int(2.1 * RATE) :])
    assert level_db(heard[:300] - wave[:300]) == pytest.approx(level_db(wave), abs=3)


@pytest.mark.parametrize(("container", "name"), channel.CODECS)
def test_a_codec_keeps_speech_and_its_length(container: str, name: str) -> None:
    wave = channel.band(voice(1.5, seed=3), 300, 3_000)
    decoded = channel.code(wave, container, name)
    assert decoded.shape == wave.shape
    spectra = [signal.spectrogram(w, RATE, nperseg=512)[2][10:100] for w in (wave, decoded)]
    logs = [np.log(s.ravel() + 1e-3 * s.max()) for s in spectra]
    assert np.corrcoef(*logs)[0, 1] > 0.8
    assert np.abs(decoded - wave).max() > 1e-4


@pytest.mark.parametrize("seed", range(12))
def test_a_channel_keeps_speech_and_cuts_the_rest(seed: int) -> None:
    wave = channel.communicate(tone(1_000) + tone(7_000), rng(seed))
    power = np.abs(np.fft.rfft(wave)) ** 2
    assert len(wave) == RATE
    assert power[990:1_010].sum() > 20 * power[6_990:7_010].sum()
