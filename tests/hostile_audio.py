"""Audio that means harm: real files of every container, mutated, and headers that lie."""

import io
import struct
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile

from spkret.commands.demo import CORPUS

Waveform = npt.NDArray[np.float32]

_SOUNDFILE = {
    "pcm16.wav": ("WAV", "PCM_16"),
    "pcm24.wav": ("WAV", "PCM_24"),
    "float.wav": ("WAV", "FLOAT"),
    "ulaw.wav": ("WAV", "ULAW"),
    "ima.wav": ("WAV", "IMA_ADPCM"),
    "ms.wav": ("WAV", "MS_ADPCM"),
    "gsm.wav": ("WAV", "GSM610"),
    "extensible.wav": ("WAVEX", "PCM_16"),
    "rf64.wav": ("RF64", "PCM_16"),
    "aiff.wav": ("AIFF", "PCM_16"),
    "a.flac": ("FLAC", "PCM_16"),
    "a.mp3": ("MP3", "MPEG_LAYER_III"),
    "a.ogg": ("OGG", "VORBIS"),
    "a.opus": ("OGG", "OPUS"),
}
_PYAV = {
    "a.m4a": ("ipod", "aac"),
    "a.aac": ("adts", "aac"),
    "a.mp4": ("mp4", "aac"),
    "a.wma": ("asf", "wmav2"),
    "a.webm": ("webm", "libopus"),
}
KINDS = (*_SOUNDFILE, *_PYAV)
_NUMBERS = (0, 1, 2, 64, 0xFFFF, 192_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)


@cache
def real(kind: str) -> bytes:
    """Transcode a recording of the example corpus."""
    file = sorted(CORPUS.rglob("*.opus"))[KINDS.index(kind)]
    waveform, rate_hz = soundfile.read(file, dtype="float32", frames=48_000)
    if kind in _PYAV:
        return _transcoded(waveform, rate_hz, *_PYAV[kind])
    container, subtype = _SOUNDFILE[kind]
    rate_hz, waveform = (
        (8_000, waveform[:: rate_hz // 8_000]) if subtype == "GSM610" else (rate_hz, waveform)
    )
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, rate_hz, format=container, subtype=subtype)
    return buffer.getvalue()


def _transcoded(waveform: Waveform, rate_hz: int, container: str, codec: str) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=48_000 if codec == "libopus" else rate_hz)
        stream.layout, stream.bit_rate = "mono", 64_000
        frame = av.AudioFrame.from_ndarray(waveform[None], format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return buffer.getvalue()


def _truncated(data: bytearray, random: Random) -> bytearray:
    return data[: random.randrange(len(data) + 1)]


def _flipped(data: bytearray, random: Random) -> bytearray:
    for _ in range(random.choice((1, 3, 30, 300))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def _lying_header(data: bytearray, random: Random) -> bytearray:
    at = random.randrange(min(len(data) - 4, random.choice((120, 2_000))))
    at = random.choice((at, len(data) - 4 - at))  # MP4 and others describe themselves at the end
    data[at : at + 4] = random.choice(_NUMBERS).to_bytes(4, random.choice(("little", "big")))
    return data


def _garbage(data: bytearray, random: Random) -> bytearray:
    at, size = random.randrange(len(data)), random.choice((1, 7, 500))
    data[at : at + random.choice((0, size))] = random.randbytes(size)
    return data


def _cut_out(data: bytearray, random: Random) -> bytearray:
    at = random.randrange(len(data))
    del data[at : at + random.randrange(1, 2_000)]
    return data


def _repeated(data: bytearray, random: Random) -> bytearray:
    at = random.randrange(len(data))
    part = data[at : at + random.randrange(1, 5_000)]
    return data[:at] + part * random.randrange(2, 20) + data[at:]


def _zeroed(data: bytearray, random: Random) -> bytearray:
    at = random.randrange(len(data))
    size = min(len(data) - at, random.randrange(1, 5_000))
    data[at : at + size] = bytes(size)
    return data


def _id3(data: bytearray, random: Random) -> bytearray:
    size = random.randrange(1, 300)
    announced = random.choice((bytes(4), b"\x7f\x7f\x7f\x7f", b"\xff" * 4, bytes((0, 0, 1, 1))))
    tag = b"ID3" + random.choice((b"\x03\0", b"\xff\xff")) + b"\0" + announced
    return bytearray(tag + random.randbytes(size) + data)


def _spliced(data: bytearray, random: Random) -> bytearray:
    other = real(random.choice(KINDS))
    return data[: random.randrange(len(data))] + other[random.randrange(len(other)) :]


MUTATIONS: dict[str, Callable[[bytearray, Random], bytearray]] = {
    "truncated": _truncated,
    "flipped": _flipped,
    "lying header": _lying_header,
    "garbage": _garbage,
    "cut out": _cut_out,
    "repeated": _repeated,
    "zeroed": _zeroed,
    "ID3": _id3,
    "spliced": _spliced,
}


def mutated(data: bytes, random: Random) -> bytes:
    """Damage a file in one to three ways."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        if len(changed) > 8:
            changed = random.choice(list(MUTATIONS.values()))(changed, random)
    return bytes(changed)


def mutated_files(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents: every kind in turn, now and then under the name of another."""
    random = Random(seed)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        name = random.choice(KINDS) if random.random() < 0.1 else kind
        yield f"{number:05}-{name}", mutated(real(kind), random)


def wav(
    payload: bytes,
    rate_hz: int = 16_000,
    channels: int = 1,
    bits: int = 16,
    code: int = 1,
    announced: int | None = None,
) -> bytes:
    """Write a WAV whose header says what it likes."""
    align = channels * bits // 8
    form = struct.pack(
        "<HHIIHH", code, channels & 0xFFFF, rate_hz & 0xFFFFFFFF, 0, align & 0xFFFF, bits
    )
    size = len(payload) if announced is None else announced
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", (size + 36) & 0xFFFFFFFF) + head + payload


def _floats(*values: float) -> bytes:
    return wav(np.resize(np.array(values, "<f4"), 32_000).tobytes(), bits=32, code=3)


def _encoded(waveform: Waveform, rate_hz: int, container: str, subtype: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, rate_hz, format=container, subtype=subtype)
    return buffer.getvalue()


def crafted() -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of files made to fool or to exhaust a reader."""
    noise = np.random.default_rng(7).integers(-9_000, 9_000, 32_000).astype("<i2").tobytes()
    for rate_hz in (0, 1, 3_999, 192_000, 384_000, 384_001, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"rate-{rate_hz}.wav", wav(noise, rate_hz)
    for channels in (0, 2, 64, 65, 1_024, 65_535):
        yield f"channels-{channels}.wav", wav(noise * 4, channels=channels)
    for bits in (0, 1, 7, 12, 64, 65_535):
        yield f"bits-{bits}.wav", wav(noise, bits=bits)
    for code in (0, 2, 3, 6, 0x11, 0x55, 0xFFFE, 0xFFFF):
        yield f"code-{code}.wav", wav(noise, code=code)
    for announced in (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 5_000):
        yield f"size-{announced}.wav", wav(noise, announced=announced)
    numbers = {"nan": np.nan, "infinite": np.inf, "minus": -np.inf, "huge": 3e38, "tiny": 1e-45}
    for name, value in numbers.items():
        yield f"{name}.wav", _floats(value, 0.1, -0.1)
        yield f"{name}-alone.wav", _floats(*[0.1, -0.1] * 9_999, value)
        yield f"{name}-dc.wav", _floats(value)
    yield "huge-swings.wav", _floats(3e38, -3e38, 0.0)
    huge = np.resize(np.array([3.4e38, -3.4e38], "<f4"), 88_200).tobytes()
    yield "huge-44100.wav", wav(huge, 44_100, bits=32, code=3)
    yield "huge-stereo.wav", wav(huge, channels=2, bits=32, code=3)
    doubles = np.resize(np.array([1e300, -1e300]), 32_000).astype("<f8").tobytes()
    yield "huge-double.wav", wav(doubles, bits=64, code=3)
    for samples in (0, 1, 2, 1_599, 1_600, 1_601):
        yield f"samples-{samples}.wav", wav(noise[: 2 * samples])
    yield "dc.wav", wav(b"\0\x40" * 32_000)
    yield "one-click.wav", wav(bytes(40_000) + b"\xff\x7f" + bytes(40_000))
    yield "silence.wav", wav(bytes(64_000))
    yield "zeros.wav", bytes(100_000)
    yield "text.mp3", b"this is no audio\n" * 5_000
    yield "mp3-named.wav", real("a.mp3")
    yield "wav-named.mp3", real("pcm16.wav")
    yield "wav-named.m4a", real("pcm16.wav")
    yield "endless-id3.mp3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + real("a.mp3")
    yield "many-chunks.wav", b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 200_000
    yield "many-pages.ogg", (b"OggS" + bytes(22) + b"\xff" + bytes(255)) * 5_000
    yield "playlist.m4a", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    yield "concat.mp4", b"ffconcat version 1.0\nfile 'rate-192000.wav'\n" * 9
    yield (
        "long-silence.flac",
        _encoded(np.zeros(16_000 * 300, np.float32), 16_000, "FLAC", "PCM_16"),
    )
    yield "long-silence.opus", _encoded(np.zeros(16_000 * 90, np.float32), 16_000, "OGG", "OPUS")
