"""Microphones, and the channels of radio and telephone.

Waveforms are float32 (samples,) at 16 kHz; every function returns the same length.
"""

import io
from collections.abc import Callable

import numpy as np
import soundfile
import soxr
from scipy import signal

from ..encoders.base import SAMPLE_RATE_HZ
from .waves import Wave, add_noise, coloured_noise, fit, rms

NARROW_HZ = 8_000
BLOCK = 160
"""10 ms, in samples."""

CODECS = (
    ("WAV", "ULAW"),
    ("WAV", "ALAW"),
    ("WAV", "GSM610"),
    ("WAV", "IMA_ADPCM"),
    ("OGG", "OPUS"),
)


def microphone(wave: Wave, rng: np.random.Generator) -> Wave:
    """Another microphone: a smooth frequency response, some 5 dB up and down."""
    knots_db = 5 * rng.standard_normal(8)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE_HZ), 62.5) / 62.5)
    gain = 10 ** (np.interp(octaves, np.arange(8), knots_db) / 20)
    return np.fft.irfft(np.fft.rfft(wave) * gain, len(wave)).astype(np.float32)


def communicate(wave: Wave, rng: np.random.Generator) -> Wave:
    """A radio or telephone: a band, by chance distortions and static, and a codec."""
    wave = band(wave, rng.uniform(150, 400), rng.uniform(2800, 3700))
    distortions: list[tuple[float, Callable[[Wave, np.random.Generator], Wave]]] = [
        (0.25, compress),
        (0.2, saturate),
        (0.15, clip),
        (0.3, static),
        (0.1, squelch),
    ]
    for chance, distort in distortions:
        if rng.random() < chance:
            wave = distort(wave, rng)
    if rng.random() < 0.8:
        container, name = CODECS[int(rng.integers(len(CODECS)))]
        wave = code(wave, container, name)
    return wave


def band(wave: Wave, low_hz: float, high_hz: float) -> Wave:
    """A Butterworth band-pass of fourth order."""
    filters = signal.butter(4, (low_hz, high_hz), "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(signal.sosfilt(filters, wave), np.float32)


def compress(wave: Wave, rng: np.random.Generator) -> Wave:
    """A compressor: the level in blocks of 10 ms, smoothed, to a power of 0.3 to 0.8."""
    level = np.sqrt(_block_power(wave) + 1e-9 + 1e-3 * rms(wave) ** 2)
    smooth = signal.lfilter([0.2], [1, -0.8], level, zi=[0.8 * level[0]])[0]
    gain = np.repeat(smooth ** (rng.uniform(0.3, 0.8) - 1), BLOCK)[: len(wave)]
    squeezed = wave * gain
    return np.asarray(squeezed * rms(wave) / rms(squeezed), np.float32)


def saturate(wave: Wave, rng: np.random.Generator) -> Wave:
    """Soft distortion, tanh, driven by 1 to 6."""
    peak = np.abs(wave).max() + 1e-9
    return np.asarray(np.tanh(rng.uniform(1, 6) * wave / peak) * peak, np.float32)


def clip(wave: Wave, rng: np.random.Generator) -> Wave:
    """Cut the waveform off at 1 to 3 times its RMS."""
    limit = rng.uniform(1, 3) * rms(wave)
    return np.asarray(np.clip(wave, -limit, limit), np.float32)


def static(wave: Wave, rng: np.random.Generator) -> Wave:
    """Steady noise 5 to 25 dB below the speech, half of the time with crackle."""
    wave = add_noise(wave, coloured_noise(len(wave), rng), rng.uniform(5, 25))
    if rng.random() < 0.5:
        clicks = rng.random(len(wave)) < rng.uniform(2, 40) / SAMPLE_RATE_HZ
        wave = wave + clicks * rng.normal(0, 4 * rms(wave), len(wave)).astype(np.float32)
    return wave


def squelch(wave: Wave, rng: np.random.Generator) -> Wave:
    """Mute what is 15 to 30 dB below the mean level, and open with a burst of noise."""
    power = signal.lfilter([0.3], [1, -0.7], _block_power(wave))
    opened = np.repeat(power > rms(wave) ** 2 * 10 ** (-rng.uniform(15, 30) / 10), BLOCK)
    muted: Wave = wave * opened[: len(wave)]
    burst = min(len(wave), int(rng.uniform(0.02, 0.1) * SAMPLE_RATE_HZ))
    muted[:burst] += rms(wave) * rng.standard_normal(burst).astype(np.float32)
    return muted


def code(wave: Wave, container: str, name: str) -> Wave:
    """Through a codec of libsndfile at 8 kHz; Opus at its lowest rate, about 6 kbit/s."""
    narrow = soxr.resample(wave / (np.abs(wave).max() + 1e-9) * 0.7, SAMPLE_RATE_HZ, NARROW_HZ)
    buffer = io.BytesIO()
    strongest = 1.0 if name == "OPUS" else None
    soundfile.write(
        buffer, narrow, NARROW_HZ, format=container, subtype=name, compression_level=strongest
    )
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32")
    return fit(soxr.resample(decoded, NARROW_HZ, SAMPLE_RATE_HZ), len(wave))


def _block_power(wave: Wave) -> Wave:
    """The mean square of each block of 10 ms, the last one filled up with zeros."""
    blocks = np.pad(wave, (0, -len(wave) % BLOCK)).reshape(-1, BLOCK)
    return np.asarray(np.square(blocks).mean(axis=1), np.float32)
