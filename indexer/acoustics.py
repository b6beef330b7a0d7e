"""What the signal itself says of a recording: speech, noise, band, pitch, colour."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from ..store.schema import Acoustics, Decibels, Hertz, Seconds, Vector
from .audio import RATE_HZ
from .pitch import median_f0

FRAME_SAMPLES, HOP_SAMPLES, FFT_SAMPLES = 640, 160, 1_024
"""Frames of 40 ms, a Hann window, every 10 ms: long enough for a pitch of 60 Hz."""
HOP_S: Seconds = HOP_SAMPLES / RATE_HZ
MEL_BANDS = 40
FLOOR = 1e-10
MAX_SNR_DB: Decibels = 80.0
_BAND_BINS = 8
_SPEECH_BELOW_PEAK_DB: Decibels = 30.0
_SPEECH_ABOVE_FLOOR_DB: Decibels = 6.0
_BAND_BELOW_PEAK_DB: Decibels = 45.0
_BAND_DYNAMICS_DB: Decibels = 10.0

Power = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def measure(waveform: Vector, original_rate_hz: int) -> Acoustics:
    """Measure a waveform (samples,), float32 mono at 16 kHz.

    - `speech_s`: frames within 30 dB of the loud ones (95th percentile) and 6 dB above the quiet
      ones (10th); all frames louder than the median where the level hardly varies.
    - `snr_db`: the mean power of speech frames less that of the quietest tenth, over the latter
      (after NIST's STNR); at most 80 dB, NaN without speech.
    - `bandwidth_hz`: the upper edge of the highest band of 125 Hz that carries modulated sound:
      loud frames 10 dB above quiet ones there and within 45 dB of the loudest band. It tells a
      telephone band from a wide one even under noise of full width.
    - `f0_hz`: see `pitch.median_f0`.
    - `spectrum_mean`, `spectrum_std`: see `store.schema.Acoustics`; 40 mel bands up to 8 kHz.
    """
    power = _power(waveform)
    energy = power[:, 4:].sum(axis=1)
    speech = _speech(energy)
    spoken = power[speech]
    log_mel = _decibels(spoken @ _mel_filters())
    mean = log_mel.mean(axis=0)
    return Acoustics(
        duration_s=len(waveform) / RATE_HZ,
        speech_s=min(float(speech.sum()) * HOP_S, len(waveform) / RATE_HZ),
        sample_rate_hz=original_rate_hz,
        snr_db=_snr(energy, speech),
        bandwidth_hz=_bandwidth(power, speech),
        f0_hz=median_f0(spoken, _window(), RATE_HZ),
        spectrum_mean=(mean - mean.mean()).astype(np.float32),
        spectrum_std=log_mel.std(axis=0).astype(np.float32),
    )


def merge(parts: Sequence[Acoustics]) -> Acoustics:
    """Join the measurements of the windows of one file, weighted by the speech in them."""
    if len(parts) == 1:
        return parts[0]
    weights = np.array([part.speech_s for part in parts]) + 1e-9
    means = np.stack([part.spectrum_mean for part in parts])
    mean = np.average(means, axis=0, weights=weights)
    squares = np.stack([part.spectrum_std for part in parts]) ** 2 + (means - mean) ** 2
    return Acoustics(
        duration_s=sum(part.duration_s for part in parts),
        speech_s=sum(part.speech_s for part in parts),
        sample_rate_hz=parts[0].sample_rate_hz,
        snr_db=_average([part.snr_db for part in parts], weights),
        bandwidth_hz=_average([part.bandwidth_hz for part in parts], weights),
        f0_hz=_average([part.f0_hz for part in parts], weights),
        spectrum_mean=mean.astype(np.float32),
        spectrum_std=np.sqrt(np.average(squares, axis=0, weights=weights)).astype(np.float32),
    )


def _average(values: Sequence[float], weights: npt.NDArray[np.float64]) -> float:
    """Average the values that are there, NaN if none is."""
    known = np.isfinite(values)
    if not known.any():
        return float("nan")
    return float(np.average(np.array(values)[known], weights=weights[known]))


def _power(waveform: Vector) -> Power:
    """Return the power spectra (frames, 513); the last frame ends with the waveform, padded.

    SciPy transforms several frames at once, five times as fast as NumPy.
    """
    from scipy.fft import rfft

    frames = max(1, -(-(len(waveform) - FRAME_SAMPLES) // HOP_SAMPLES) + 1)
    padded = np.zeros(FRAME_SAMPLES + (frames - 1) * HOP_SAMPLES, np.float32)
    padded[: len(waveform)] = waveform
    view = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES)[::HOP_SAMPLES]
    spectrum = rfft(view * _window(), FFT_SAMPLES, axis=1)
    power: Power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    return power


def _speech(energy: Vector) -> Mask:
    """Return which frames are speech; there is always one at least."""
    level = _decibels(energy)
    floor, middle, peak = np.percentile(level, [10, 50, 95])
    threshold = max(peak - _SPEECH_BELOW_PEAK_DB, floor + _SPEECH_ABOVE_FLOOR_DB)
    speech: Mask = level >= min(threshold, max(middle, peak - _SPEECH_ABOVE_FLOOR_DB))
    return speech


def _snr(energy: Vector, speech: Mask) -> Decibels:
    quiet = np.sort(energy)[: max(1, len(energy) // 10)].mean() + FLOOR
    loud = energy[speech].mean()
    return float(np.clip(_decibels((loud - quiet) / quiet), -10, MAX_SNR_DB))


def _bandwidth(power: Power, speech: Mask) -> Hertz:
    bins = power[:, :-1].reshape(len(power), -1, _BAND_BINS)
    bands = _decibels(np.einsum("fbk->fb", bins) / _BAND_BINS)
    loud = np.percentile(bands[speech], 95, axis=0)
    quiet = np.percentile(bands, 10, axis=0)
    carries = (loud - quiet >= _BAND_DYNAMICS_DB) & (loud >= loud.max() - _BAND_BELOW_PEAK_DB)
    width = _BAND_BINS * RATE_HZ / FFT_SAMPLES
    return float((np.flatnonzero(carries)[-1] + 1) * width) if carries.any() else float("nan")


def _decibels(power: npt.ArrayLike) -> Vector:
    floored = np.maximum(np.asarray(power, np.float32), np.float32(FLOOR))
    return 10 * np.log10(floored)


@cache
def _window() -> Vector:
    return np.hanning(FRAME_SAMPLES + 1)[:-1].astype(np.float32)


@cache
def _mel_filters() -> Vector:
    """Return triangular filters (513, 40), O'Shaughnessy's mel scale, 60 Hz to 8 kHz."""
    low, high = (1127 * np.log1p(hertz / 700) for hertz in (60.0, RATE_HZ / 2))
    edges = 700 * np.expm1(np.linspace(low, high, MEL_BANDS + 2) / 1127)
    frequencies = np.arange(FFT_SAMPLES // 2 + 1)[:, None] * RATE_HZ / FFT_SAMPLES
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    filters: Vector = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters
