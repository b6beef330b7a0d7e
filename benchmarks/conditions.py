"""The recording conditions of the benchmark: every file gets its own, drawn from its name.

Nothing here is shared with the augmentation of training: other noises and rooms (the rows
`benchmark` of the noise table), other codecs, other distortions, other parameters.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy import signal

RATE = 16_000
OCTAVES_HZ = (0, 125, 250, 500, 1_000, 2_000, 4_000, 8_000)
CONDITIONS = ("clean", "background", "communication")
CODEC_BLOCK = 960  # a multiple of every codec's block
NARROW_CODECS = ("G721_32", "G723_24", "NMS_ADPCM_16", "VOX_ADPCM", "opus", "mp3")

Wave = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sounds:
    """Noises, rooms and loudspeaker cabinets kept for the benchmark."""

    noises: Sequence[Wave]
    rooms: Sequence[Wave]
    cabinets: Sequence[Wave]


def read_sounds(table: Path) -> Sounds:
    """The `benchmark` rows of a noise table (path, kind, split)."""
    with table.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "benchmark"]
    kinds = {
        kind: [read_wave(table.parent / row["path"]) for row in rows if row["kind"] == kind]
        for kind in ("background", "room", "cabinet")
    }
    return Sounds(kinds["background"], kinds["room"], kinds["cabinet"])


def read_wave(path: Path) -> Wave:
    """A file as mono float32 at 16 kHz."""
    wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(wave.mean(axis=1), rate, RATE), np.float32)


def generator(name: str, seed: int) -> np.random.Generator:
    """The random numbers of one file: the same for every run with the same seed."""
    digest = hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def render(wave: Wave, condition: str, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """One file in its condition: microphone and gain always, then room, noise and channel."""
    wave = _microphone(wave, sounds, rng)
    if rng.random() < {"clean": 0.3, "background": 0.6, "communication": 0.2}[condition]:
        wave = _room(wave, sounds, rng)
    if condition == "background":
        wave = _mix(wave, _noise(len(wave), sounds, rng), rng.uniform(2, 18))
    if condition == "communication":
        wave = _telephone(wave, rng) if rng.random() < 0.5 else _radio(wave, sounds, rng)
    peak = 10 ** (rng.uniform(-25, -1) / 20)
    return np.asarray(wave * (peak / (np.abs(wave).max() + 1e-9)), np.float32)


def _microphone(wave: Wave, sounds: Sounds, rng: np.random.Generator) -> Wave:
    gains = 10 ** (rng.uniform(-8, 8, len(OCTAVES_HZ)) / 20)
    wave = signal.fftconvolve(wave, signal.firwin2(255, OCTAVES_HZ, gains, fs=RATE), "same")
    if rng.random() < 0.15:
        cabinet = sounds.cabinets[int(rng.integers(len(sounds.cabinets)))]
        wave = signal.fftconvolve(wave, cabinet)[: len(wave)]
    return np.asarray(wave, np.float32)


def _room(wave: Wave, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """A measured room, or early reflections and a tail; the share of the direct sound varies."""
    if rng.random() < 0.4:
        response = sounds.rooms[int(rng.integers(len(sounds.rooms)))]
    else:
        response = _reflections(rng)
    wet = signal.fftconvolve(wave, response)[: len(wave)]
    wet *= _rms(wave) / _rms(wet)
    share = rng.uniform(0.2, 0.7)
    return np.asarray((1 - share) * wave + share * wet, np.float32)


def _reflections(rng: np.random.Generator) -> Wave:
    """Forty sparse echoes within 60 ms, then noise that falls by 60 dB in 0.2 to 1.2 s."""
    decay_s = rng.uniform(0.2, 1.2)
    time = np.arange(int(decay_s * RATE)) / RATE
    response = 0.1 * rng.standard_normal(len(time)) * (time > 0.05)
    taps = rng.integers(1, int(0.06 * RATE), 40)
    response[taps] += rng.choice([-1.0, 1.0], 40) * rng.uniform(0.2, 1, 40)
    return np.asarray(response * 10 ** (-3 * time / decay_s), np.float32)


def _telephone(wave: Wave, rng: np.random.Generator) -> Wave:
    wave = _band(wave, 300, 3_400)
    if rng.random() < 0.3:
        wave = np.clip(wave, *(np.array([-1, 1]) * np.abs(wave).max() * rng.uniform(0.2, 0.6)))
    return _codec(wave, rng)


def _radio(wave: Wave, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """Levelled, mistuned by some hertz, in static, with drop-outs where the squelch shuts."""
    envelope = signal.sosfilt(signal.butter(1, 8, fs=RATE, output="sos"), np.abs(wave))
    wave = wave / (np.maximum(envelope, 0) + 0.05 * np.abs(wave).max()) ** rng.uniform(0.2, 0.6)
    shift = np.exp(2j * np.pi * rng.uniform(-35, 35) * np.arange(len(wave)) / RATE)
    wave = np.real(signal.hilbert(wave) * shift)
    wave = _band(wave, rng.uniform(250, 500), rng.uniform(2_400, 3_200))
    static = _band(rng.standard_normal(len(wave)), 300, 3_000)
    if rng.random() < 0.3:
        static = static + _noise(len(wave), sounds, rng) * _rms(static)
    wave = _mix(wave, static, rng.uniform(6, 24))
    for _ in range(rng.integers(0, 3)):
        start = rng.integers(len(wave))
        wave[start : start + int(rng.uniform(0.02, 0.1) * RATE)] *= 0.02
    return wave


def _codec(wave: Wave, rng: np.random.Generator) -> Wave:
    name = rng.choice(NARROW_CODECS)
    narrow = soxr.resample(wave / (np.abs(wave).max() + 1e-9) * 0.6, RATE, 8_000)
    narrow = np.pad(narrow, (0, -len(narrow) % CODEC_BLOCK))
    forms = {
        "opus": {"format": "OGG", "subtype": "OPUS", "compression_level": 0.98},
        "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III", "compression_level": 0.95},
    }
    form = forms.get(name, {"format": "RAW" if name == "VOX_ADPCM" else "AU", "subtype": name})
    if name == "NMS_ADPCM_16":
        form["format"] = "WAV"
    return _fit(soxr.resample(_through(narrow, form), 8_000, RATE), len(wave))


def _through(wave: Wave, form: dict[str, object]) -> Wave:
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, 8_000, **form)
    buffer.seek(0)
    raw = {"samplerate": 8_000, "channels": 1, **form} if form["format"] == "RAW" else {}
    decoded, _ = soundfile.read(buffer, dtype="float32", **raw)
    return np.asarray(decoded)


def _noise(samples: int, sounds: Sounds, rng: np.random.Generator) -> Wave:
    """One or two of the noises, laid over each other, at unit RMS."""
    total = np.zeros(samples)
    for _ in range(rng.integers(1, 3)):
        noise = sounds.noises[int(rng.integers(len(sounds.noises)))]
        noise = np.resize(np.roll(noise, -int(rng.integers(len(noise)))), samples)
        total += noise / _rms(noise)
    return np.asarray(total / _rms(total), np.float32)


def _mix(wave: Wave, noise: Wave, snr_db: float) -> Wave:
    return np.asarray(wave + noise * (_rms(wave) / _rms(noise) * 10 ** (-snr_db / 20)), np.float32)


def _band(wave: npt.NDArray[np.floating], low_hz: float, high_hz: float) -> Wave:
    taps = signal.firwin(511, [low_hz, high_hz], pass_zero=False, fs=RATE)
    return np.asarray(signal.fftconvolve(wave, taps, "same"), np.float32)


def _fit(wave: Wave, samples: int) -> Wave:
    return np.pad(wave[:samples], (0, max(0, samples - len(wave))))


def _rms(wave: npt.NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)) + 1e-12))
