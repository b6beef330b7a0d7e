import os
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr
from builders import voice, write_audio
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import few

from spkret.errors import AudioError
from spkret.indexer.audio import Source, is_silent, load, windows
from spkret.indexer.decode import Decoded, decode
from spkret.indexer.formats import MAX_BYTES, check_samples
from spkret.indexer.reasons import Reason


def reason_of(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return caught.value.reason


def correlation(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    return float(np.corrcoef(a, b)[0, 1])


@pytest.mark.parametrize(
    ("suffix", "least"),
    [(".wav", 0.9999999), (".flac", 0.9999999), (".mp3", 0.98), (".ogg", 0.97), (".opus", 0.9)],
)
def test_formats(tmp_path: Path, suffix: str, least: float) -> None:
    wave = voice(2.0)
    audio = load(write_audio(tmp_path / f"a{suffix}", wave))
    assert audio.waveform.dtype == np.float32
    assert audio.original_rate_hz == 16_000
    assert len(audio.waveform) == pytest.approx(len(wave), abs=1)
    assert correlation(audio.waveform[: len(wave)], wave) > least


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_any_rate_becomes_16_khz(tmp_path: Path, rate_hz: int) -> None:
    wave = voice(1.5, rate_hz=rate_hz)
    audio = load(write_audio(tmp_path / "a.wav", wave, rate_hz))
    expected = soxr.resample(
        soundfile.read(tmp_path / "a.wav", dtype="float32")[0], rate_hz, 16_000
    )
    assert audio.original_rate_hz == rate_hz
    np.testing.assert_allclose(audio.waveform, expected, atol=1e-5)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = voice(1.0, seed=1), voice(1.0, seed=2)
    write_audio(tmp_path / "a.wav", np.stack([left, right, right], axis=1))
    expected = (left + 2 * right) / 3
    np.testing.assert_allclose(load(tmp_path / "a.wav").waveform, expected, atol=1e-4)


def test_float_files_beyond_full_scale_are_scaled_down(tmp_path: Path) -> None:
    wave = voice(1.0)
    soundfile.write(tmp_path / "a.wav", wave * 20_000, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(
        load(tmp_path / "a.wav").waveform, wave / np.abs(wave).max(), atol=1e-5
    )


class Blocks:
    """A source of blocks that are there already."""

    rate_hz = 16_000

    def __init__(self, *blocks: npt.NDArray[np.float32]) -> None:
        self._blocks = blocks

    def blocks(self) -> Iterator[npt.NDArray[np.float32]]:
        return iter(self._blocks)

    def close(self) -> None:
        pass


@few(25)
@given(st.lists(st.integers(1, 900_000), min_size=1, max_size=12))
def test_windows_join_to_the_whole(sizes: list[int]) -> None:
    sizes[0] += 1_600
    wave = np.random.default_rng(0).uniform(-1, 1, sum(sizes)).astype(np.float32)
    source: Source = Blocks(*np.split(wave, np.cumsum(sizes)[:-1]))
    parts = list(windows(source))
    joined = np.concatenate(parts)
    if len(wave) <= 960_000:
        assert len(parts) == 1
    else:
        assert {len(part) for part in parts[:-1]} == {480_000}
        assert 1_600 <= len(parts[-1]) <= 480_000
    assert len(wave) - len(joined) < 1_600
    np.testing.assert_array_equal(joined, wave[: len(joined)])


def test_silence_is_what_does_not_move() -> None:
    wave = voice(0.5)
    assert is_silent(np.full(8_000, 0.3, np.float32))
    assert is_silent(wave * 1e-5)
    assert not is_silent(wave * 1e-2 + 0.3)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "empty.wav").touch()
    assert reason_of(tmp_path / "none.wav") == Reason.MISSING
    assert reason_of(tmp_path / "empty.wav" / "x.wav") == Reason.MISSING
    assert reason_of(tmp_path) == Reason.UNREADABLE
    assert reason_of(tmp_path / "pipe.wav") == Reason.UNREADABLE
    assert reason_of(tmp_path / ("x" * 300)) == Reason.UNREADABLE
    assert reason_of(tmp_path / "a\0b.wav") == Reason.UNREADABLE
    assert reason_of(tmp_path / "empty.wav") == Reason.EMPTY


def test_files_that_are_no_audio(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("hello, I am a text " * 100)
    (tmp_path / "b.raw").write_bytes(bytes(1000))
    (tmp_path / "c.flac").write_bytes(b"fLaC" + bytes(100))
    assert reason_of(tmp_path / "a.wav") == Reason.NOT_AUDIO
    assert reason_of(tmp_path / "b.raw") == Reason.NOT_AUDIO
    assert reason_of(tmp_path / "c.flac") in (Reason.NOT_AUDIO, Reason.EMPTY)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".opus"])
@pytest.mark.parametrize("part", [0.3, 0.61, 0.9])
def test_cut_files_are_truncated(tmp_path: Path, suffix: str, part: float) -> None:
    path = write_audio(tmp_path / f"a{suffix}", voice(5.0))
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    assert reason_of(path) == Reason.TRUNCATED


def test_a_damaged_flac_is_corrupt(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.flac", voice(20.0))
    content = bytearray(path.read_bytes())
    content[20_000:22_000] = bytes(2_000)
    path.write_bytes(content)
    assert reason_of(path) == Reason.CORRUPT


def test_lengths_out_of_range(tmp_path: Path) -> None:
    assert reason_of(write_audio(tmp_path / "a.wav", voice(0.09))) == Reason.TOO_SHORT
    assert reason_of(write_audio(tmp_path / "b.wav", voice(0))) == Reason.EMPTY
    assert len(load(write_audio(tmp_path / "c.wav", voice(0.1))).waveform) == 1_600
    path = tmp_path / "d.wav"
    soundfile.write(path, np.zeros(10, np.int16), 4_000)
    content = bytearray(path.read_bytes())
    frames = 4_000 * 3600 * 25
    content[40:44] = (2 * frames).to_bytes(4, "little")
    path.write_bytes(content)
    os.truncate(path, 44 + 2 * frames)
    assert reason_of(path) == Reason.TOO_LONG


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite(tmp_path: Path, value: float) -> None:
    wave = voice(1.0)
    wave[5_000] = value
    soundfile.write(tmp_path / "a.wav", wave, 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "b.wav", wave, 48_000, subtype="DOUBLE")
    assert reason_of(tmp_path / "a.wav") == Reason.NOT_FINITE
    assert reason_of(tmp_path / "b.wav") == Reason.NOT_FINITE


def test_formats_that_hold_no_speech(tmp_path: Path) -> None:
    assert reason_of(write_audio(tmp_path / "a.wav", voice(1.0), 1_000)) == Reason.UNSUPPORTED
    many = np.zeros((100, 200), np.float32)
    assert reason_of(write_audio(tmp_path / "b.wav", many)) == Reason.UNSUPPORTED


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".opus"])
def test_damaged_files_raise_only_typed_errors(tmp_path: Path, suffix: str) -> None:
    path = write_audio(tmp_path / f"a{suffix}", voice(0.5))
    content = path.read_bytes()
    generator = np.random.default_rng(3)
    for _ in range(60):
        damaged = np.frombuffer(content, np.uint8).copy()
        at = generator.integers(0, len(damaged), generator.integers(1, 30))
        damaged[at] = generator.integers(0, 256, len(at))
        path.write_bytes(damaged.tobytes()[: generator.integers(1, len(damaged) + 1)])
        with suppress(AudioError):
            assert np.isfinite(load(path).waveform).all()


@given(
    content=st.binary(max_size=300),
    magic=st.sampled_from(
        [b"", b"RIFF\x20\0\0\0WAVEfmt ", b"OggS\0", b"fLaC\0\0\0\x22", b"ID3\4", b"\xff\xfb\x90"]
    ),
)
def test_random_bytes_raise_only_typed_errors(tmp_path: Path, content: bytes, magic: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(magic + content)
    with suppress(AudioError):
        load(path)


def peak_bytes(path: Path, minutes: int) -> int:
    """Write a file of some minutes and return the most memory that decoding it took."""
    minute = np.tile(voice(3.0, rate_hz=8_000), 20)
    with soundfile.SoundFile(path, "w", 8_000, 1) as file:
        for _ in range(minutes):
            file.write(minute)
    tracemalloc.start()
    windows = sum(isinstance(step, Decoded) for step in decode(path, lambda _: True))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert windows == 2 * minutes
    return peak


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peak_bytes(tmp_path / "first.flac", 2)  # loads what is loaded once
    longer = peak_bytes(tmp_path / "b.flac", 8) - peak_bytes(tmp_path / "a.flac", 4)
    assert longer < 0.2 * 4 * 16_000 * 4 * 60


def test_a_file_of_too_many_bytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.wav"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert reason_of(path) == Reason.TOO_LARGE


def test_days_of_many_channels_are_refused() -> None:
    check_samples(24 * 3_600 * 96_000, 2)
    with pytest.raises(AudioError, match="too_long") as caught:
        check_samples(24 * 3_600 * 48_000, 8)
    assert caught.value.reason == Reason.TOO_LONG


def test_a_sample_that_grows_beyond_bounds_when_resampled_is_not_finite(tmp_path: Path) -> None:
    swings = np.resize(np.array([3.4e38, -3.4e38], np.float32), 88_200)
    soundfile.write(tmp_path / "a.wav", swings, 44_100, subtype="FLOAT")
    assert reason_of(tmp_path / "a.wav") == Reason.NOT_FINITE


def test_what_cannot_be_sought_in_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to("/proc/self/mem")
    assert reason_of(tmp_path / "a.wav") == Reason.UNREADABLE
