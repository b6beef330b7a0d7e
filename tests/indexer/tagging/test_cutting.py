"""Windows of a file: every sample in its place, whatever the blocks it was read in."""

import struct
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from builders import write_audio
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from spkret.errors import AudioError, UsageError
from spkret.indexer.audio import RATE_HZ, load
from spkret.indexer.tagging.cutting import Cut, Grid, Sound, cut_file, slide
from spkret.store.schema import Vector


def ramp(samples: int) -> Vector:
    return np.arange(samples, dtype=np.float32)


def noise(samples: int) -> Vector:
    return (0.1 * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)


def blocks(waveform: Vector, borders: Sequence[int]) -> list[Sound]:
    parts = np.split(waveform, sorted({border % (len(waveform) + 1) for border in borders}))
    return [Sound(part, part % 2 == 0) for part in parts if len(part)]


def times(cuts: Sequence[Cut]) -> list[tuple[float, float]]:
    return [(cut.start_s, cut.end_s) for cut in cuts]


@given(
    samples=st.integers(1_600, 60_000),
    window_ms=st.integers(250, 2_000),
    hop=st.floats(0.1, 1.0),
    borders=st.lists(st.integers(0, 60_000), max_size=6),
)
def test_windows_are_where_they_say(
    samples: int, window_ms: int, hop: float, borders: list[int]
) -> None:
    window_s = window_ms / 1_000
    grid = Grid(window_s, max(0.1, hop * window_s))
    waveform = ramp(samples)
    cuts = list(slide(blocks(waveform, borders), grid))
    for number, (start, sound) in enumerate(cuts):
        assert start == round(number * grid.hop_s * RATE_HZ)
        assert_array_equal(sound.waveform, waveform[start : start + len(sound.waveform)])
        assert_array_equal(sound.speech, sound.waveform % 2 == 0)
    size = round(window_s * RATE_HZ)
    assert all(len(sound.waveform) == size for _, sound in cuts[:-1])
    end = cuts[-1][0] + len(cuts[-1][1].waveform)
    assert samples - 1_600 < end <= samples


def test_a_window_and_a_hop_that_fit() -> None:
    cuts = list(slide([Sound(ramp(3 * RATE_HZ), None)], Grid(1.0, 0.5)))
    assert [start for start, _ in cuts] == [0, 8_000, 16_000, 24_000, 32_000]


def test_the_rest_is_a_shorter_window() -> None:
    cuts = list(slide([Sound(ramp(40_000), None)], Grid(1.0, 1.0)))
    assert [(start, len(sound.waveform)) for start, sound in cuts] == [
        (0, 16_000),
        (16_000, 16_000),
        (32_000, 8_000),
    ]


def test_a_rest_below_a_tenth_of_a_second_is_left_out() -> None:
    assert len(list(slide([Sound(ramp(33_599), None)], Grid(1.0, 1.0)))) == 2
    assert len(list(slide([Sound(ramp(33_600), None)], Grid(1.0, 1.0)))) == 3


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_times_do_not_depend_on_the_rate(tmp_path: Path, rate_hz: int) -> None:
    path = write_audio(tmp_path / "a.wav", noise(round(2.75 * rate_hz)), rate_hz)
    cuts = list(cut_file(path, Grid(1.0, 0.5), vad=False))
    expected = [(0, 1), (0.5, 1.5), (1, 2), (1.5, 2.5), (2, 2.75)]
    assert_allclose(times(cuts), expected, atol=1e-4)
    assert {cut.original_rate_hz for cut in cuts} == {rate_hz}


def test_a_long_file_is_cut_like_a_short_one(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "long.wav", noise(95 * RATE_HZ + 4_000))
    waveform = load(path).waveform
    cuts = list(cut_file(path, Grid(1.5, 0.7), vad=False))
    assert_allclose(times(cuts)[-1], (93.8, 95.25))
    for cut in cuts:
        start = round(cut.start_s * RATE_HZ)
        assert_array_equal(cut.waveform, waveform[start : start + len(cut.waveform)])


def test_a_long_file_is_never_held_whole(tmp_path: Path) -> None:
    import soundfile

    samples = 600 * RATE_HZ
    path = tmp_path / "long.wav"
    soundfile.write(path, np.resize(noise(RATE_HZ), samples), RATE_HZ, subtype="PCM_16")
    tracemalloc.start()
    assert sum(1 for _ in cut_file(path, Grid(1.0, 1.0), vad=False)) == 600
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.7 * 4 * samples


def test_a_file_shorter_than_a_window_is_one(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "short.wav", noise(4_800))
    assert times(list(cut_file(path, Grid(), vad=False))) == [(0.0, 0.3)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.wav", b"", "empty"),
        ("text.wav", b"no audio at all", "not_audio"),
        ("cut.flac", b"fLaC" + bytes(60), "not_audio"),
        ("gone.wav", None, "missing"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError, match=rf"^{reason}: .*{name}: ") as caught:
        list(cut_file(tmp_path / name, Grid(), vad=False))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("at", [100, 80 * RATE_HZ])
def test_samples_that_are_no_numbers(tmp_path: Path, at: int) -> None:
    waveform = noise(90 * RATE_HZ)
    waveform[at] = np.nan
    path = tmp_path / "nan.wav"
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + waveform.nbytes, b"WAVE", b"fmt ", 16, 3, 1,
                       RATE_HZ, 4 * RATE_HZ, 4, 32)  # fmt: skip
    path.write_bytes(head + struct.pack("<4sI", b"data", waveform.nbytes) + waveform.tobytes())
    with pytest.raises(AudioError, match=r"not_finite: .*nan\.wav"):
        list(cut_file(path, Grid(), vad=False))


@pytest.mark.parametrize(
    ("window_s", "hop_s", "told"),
    [(0.2, 0.1, "0.25 to 60 s, got 0.2"), (61, 1, "got 61"), (1, 1.5, "to the window's 1 s"),
     (1, 0.05, "got 0.05"), (float("nan"), 1, "got nan"), (1, float("nan"), "got nan")],
)  # fmt: skip
def test_grids_that_make_no_sense(window_s: float, hop_s: float, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Grid(window_s, hop_s)
