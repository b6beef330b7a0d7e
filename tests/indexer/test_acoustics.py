import time

import numpy as np
import numpy.typing as npt
import pytest
import scipy.signal
from builders import voice

from spkret.indexer.acoustics import measure, merge

Wave = npt.NDArray[np.float32]


def noise_at(wave: Wave, snr_db: float, seed: int = 0) -> Wave:
    """White noise at a ratio to the mean power of the syllables."""
    loud = np.convolve(wave**2, np.ones(400) / 400, "same")
    power = loud[loud > 0.01 * loud.max()].mean() / 10 ** (snr_db / 10)
    scatter = np.random.default_rng(seed).normal(size=len(wave))
    return np.array(scatter * np.sqrt(power), np.float32)


def low_pass(wave: Wave, cutoff_hz: float) -> Wave:
    filtered = scipy.signal.sosfilt(
        scipy.signal.cheby2(12, 60, 1.15 * cutoff_hz, fs=16_000, output="sos"), wave
    )
    return np.array(filtered, np.float32)


@pytest.mark.parametrize("f0_hz", [70, 85.5, 110, 150, 221, 300, 410])
@pytest.mark.parametrize("snr_db", [60, 10])
def test_pitch(f0_hz: float, snr_db: float) -> None:
    wave = voice(2.0, f0_hz=f0_hz)
    found = measure(wave + noise_at(wave, snr_db), 16_000).f0_hz
    assert found == pytest.approx(f0_hz, rel=0.015)


def test_pitch_under_mains_hum() -> None:
    wave = voice(2.0, f0_hz=130)
    hum = np.sin(2 * np.pi * 60 * np.arange(32_000) / 16_000).astype(np.float32)
    assert measure(wave + 0.1 * hum, 16_000).f0_hz == pytest.approx(130, rel=0.015)


def test_noise_has_no_pitch() -> None:
    scatter = np.random.default_rng(0).normal(size=32_000).astype(np.float32) * 0.1
    assert np.isnan(measure(scatter, 16_000).f0_hz)


def test_pitch_of_a_telephone_band_without_its_fundamental() -> None:
    band = scipy.signal.butter(8, [300, 3_400], "bandpass", fs=16_000, output="sos")
    wave = scipy.signal.sosfilt(band, voice(2.0, f0_hz=120)).astype(np.float32)
    assert measure(wave, 8_000).f0_hz == pytest.approx(120, rel=0.02)


@pytest.mark.parametrize("snr_db", [0, 5, 10, 20, 30])
def test_snr(snr_db: float) -> None:
    wave = voice(4.0)
    assert measure(wave + noise_at(wave, snr_db), 16_000).snr_db == pytest.approx(snr_db, abs=3)


@pytest.mark.parametrize("cutoff_hz", [2_000, 3_400, 5_500])
@pytest.mark.parametrize("static_db", [70, 25])
def test_bandwidth_even_under_static_of_full_width(cutoff_hz: float, static_db: float) -> None:
    generator = np.random.default_rng(0)
    syllables = np.clip(np.sin(2 * np.pi * 3 * np.arange(48_000) / 16_000), 0, None)
    wide = (generator.normal(size=48_000) * syllables * 0.1).astype(np.float32)
    wave = low_pass(wide, cutoff_hz)
    found = measure(wave + noise_at(wave, static_db), 16_000).bandwidth_hz
    assert found == pytest.approx(cutoff_hz, rel=0.2)


def test_speech_is_counted_without_the_pauses() -> None:
    wave = np.concatenate([np.zeros(16_000, np.float32), voice(2.0), np.zeros(16_000, np.float32)])
    measured = measure(wave, 16_000)
    assert measured.duration_s == 4.0
    assert 0.7 < measured.speech_s < 1.6


def test_gain_changes_nothing_but_the_level() -> None:
    wave = voice(2.0)
    loud, soft = measure(wave, 16_000), measure(wave * np.float32(0.1), 16_000)
    np.testing.assert_allclose(loud.spectrum_mean, soft.spectrum_mean, atol=0.05)
    np.testing.assert_allclose(loud.spectrum_std, soft.spectrum_std, atol=0.05)
    assert loud.snr_db == pytest.approx(soft.snr_db, abs=0.1)
    assert loud.f0_hz == pytest.approx(soft.f0_hz)


def test_spectrum_shapes_and_mean() -> None:
    measured = measure(voice(1.0), 16_000)
    assert measured.spectrum_mean.shape == measured.spectrum_std.shape == (40,)
    assert measured.spectrum_mean.dtype == measured.spectrum_std.dtype == np.float32
    assert measured.spectrum_mean.mean() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("samples", [1_600, 639, 640, 641, 1_601])
def test_short_waveforms(samples: int) -> None:
    measured = measure(voice(0.2)[:samples], 16_000)
    assert np.isfinite(measured.spectrum_mean).all()
    assert 0 < measured.speech_s <= measured.duration_s


@pytest.mark.parametrize("wave", [np.zeros(8_000), np.full(8_000, 0.5), np.eye(1, 8_000)[0]])
def test_degenerate_waveforms_measure_without_warnings(wave: Wave) -> None:
    measured = measure(wave.astype(np.float32), 16_000)
    assert np.isfinite(measured.spectrum_mean).all()
    assert measured.duration_s == 0.5


def test_merged_windows_measure_like_the_whole() -> None:
    windows = [voice(10.0, f0_hz=f0, seed=seed) for seed, f0 in enumerate((118, 120, 122))]
    whole = measure(np.concatenate(windows), 44_100)
    merged = merge([measure(window, 44_100) for window in windows])
    assert merged.duration_s == whole.duration_s == 30
    assert merged.sample_rate_hz == 44_100
    assert merged.speech_s == pytest.approx(whole.speech_s, rel=0.05)
    assert merged.f0_hz == pytest.approx(whole.f0_hz, rel=0.02)
    np.testing.assert_allclose(merged.spectrum_mean, whole.spectrum_mean, atol=1)
    np.testing.assert_allclose(merged.spectrum_std, whole.spectrum_std, atol=1)


def test_windows_without_pitch_do_not_spoil_the_others() -> None:
    silent = measure(np.zeros(16_000, np.float32), 16_000)
    spoken = measure(voice(2.0, f0_hz=150), 16_000)
    assert merge([silent, spoken]).f0_hz == pytest.approx(spoken.f0_hz)
    assert np.isnan(merge([silent, silent]).f0_hz)


@pytest.mark.slow
def test_measuring_takes_less_than_3_ms_a_second() -> None:
    wave = voice(3.0)
    measure(wave, 16_000)
    started = time.process_time()
    for _ in range(50):
        measure(wave, 16_000)
    assert (time.process_time() - started) / 150 < 0.003
