"""Recording conditions for training: noise, rooms, and communication channels.

Waveforms are float32 (samples,) at 16 kHz; every function returns the same length.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy import signal

from ..encoders.base import SAMPLE_RATE_HZ

Wave = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sounds:
    """Background noises and impulse responses that were measured; either may be empty."""

    noises: Sequence[Wave] = ()
    responses: Sequence[Wave] = ()


def augment(wave: Wave, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """Put a recording into a random condition: a room, noise and a channel, each by chance."""
    if rng.random() < 0.5:
        wave = room(wave, sounds, rng)
    if rng.random() < 0.6:
        wave = add_noise(wave, some_noise(len(wave), sounds, rng), snr_db=rng.uniform(0, 20))
    if rng.random() < 0.5:
        wave = communicate(wave, rng)
    return wave


def add_noise(wave: Wave, noise: Wave, snr_db: float) -> Wave:
    """Add noise at a signal-to-noise ratio in decibels."""
    gain = _rms(wave) / _rms(noise) * 10 ** (-snr_db / 20)
    return (wave + gain * noise).astype(np.float32)


def reverberate(wave: Wave, response: Wave) -> Wave:
    """Convolve with an impulse response, aligned to its strongest tap, at the level it had."""
    start = int(np.argmax(np.abs(response)))
    wet = signal.fftconvolve(wave, response)[start : start + len(wave)]
    return np.asarray(wet * (_rms(wave) / _rms(wet)), np.float32)


def communicate(wave: Wave, rng: np.random.Generator) -> Wave:
    """A radio or telephone: band-pass, a codec at 8 kHz, and by chance distortion and static."""
    band = (rng.uniform(150, 400), rng.uniform(2800, 3700))
    wave = signal.sosfilt(
        signal.butter(4, band, "bandpass", fs=SAMPLE_RATE_HZ, output="sos"), wave
    ).astype(np.float32)
    if rng.random() < 0.3:
        wave = _saturate(wave, rng.uniform(1, 6))
    if rng.random() < 0.3:
        wave = add_noise(wave, _coloured(len(wave), rng), rng.uniform(5, 25))
    return _codec(wave, rng)


def _codec(wave: Wave, rng: np.random.Generator) -> Wave:
    name = rng.choice(["ULAW", "ALAW", "GSM610", "IMA_ADPCM", "none"])
    if name == "none":
        return wave
    narrow = soxr.resample(wave / (np.abs(wave).max() + 1e-9) * 0.7, SAMPLE_RATE_HZ, 8_000)
    buffer = io.BytesIO()
    soundfile.write(buffer, narrow, 8_000, format="WAV", subtype=name)
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32")
    return _fit(soxr.resample(decoded, 8_000, SAMPLE_RATE_HZ), len(wave))


def _saturate(wave: Wave, drive: float) -> Wave:
    peak = np.abs(wave).max() + 1e-9
    return np.asarray(np.tanh(drive * wave / peak) * peak, np.float32)


def room(wave: Wave, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """Reverberate by one of the impulse responses, or by a simulated room."""
    if len(sounds.responses) and rng.random() < 0.4:
        return reverberate(wave, sounds.responses[int(rng.integers(len(sounds.responses)))])
    return reverberate(wave, _tail(rng))


def _tail(rng: np.random.Generator) -> Wave:
    """A room as a direct sound and a tail of noise that decays by 60 dB in 0.1 to 0.9 s."""
    decay_s = rng.uniform(0.1, 0.9)
    time = np.arange(int(decay_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / decay_s)
    tail *= 10 ** (rng.uniform(-12, 3) / 20) / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    return tail.astype(np.float32)


def some_noise(samples: int, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """A stretch of one of the noises, or coloured noise."""
    if not len(sounds.noises) or rng.random() < 0.25:
        return _coloured(samples, rng)
    noise = sounds.noises[int(rng.integers(len(sounds.noises)))]
    return _fit(np.roll(noise, -int(rng.integers(len(noise)))), samples)


def _coloured(samples: int, rng: np.random.Generator) -> Wave:
    """Noise whose power falls as 1/f^a, a from 0 (white) to 2 (brown)."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency = np.maximum(np.fft.rfftfreq(samples), 1 / samples)
    shaped = np.fft.irfft(spectrum * frequency ** (-rng.uniform(0, 2) / 2), samples)
    return (shaped / _rms(shaped)).astype(np.float32)


def _fit(wave: Wave, samples: int) -> Wave:
    return np.resize(wave, samples).astype(np.float32)


def _rms(wave: npt.NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)) + 1e-12))
