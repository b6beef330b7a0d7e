import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from builders import voice, write_audio

from spkret.errors import AudioError
from spkret.indexer.acoustics import measure
from spkret.indexer.audio import load
from spkret.indexer.decode import Decoded, Known, decode
from spkret.indexer.places import modified_at
from spkret.indexer.reasons import Reason


def new(_: str) -> bool:
    return True


def test_a_file_gives_its_waveform_and_what_is_measured(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.wav", voice(1.2, rate_hz=8_000), 8_000)
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    (step,) = decode(path, new)
    assert isinstance(step, Decoded)
    end = step.end
    assert end is not None
    np.testing.assert_array_equal(step.piece.waveform, load(path).waveform)
    assert step.piece.seconds == pytest.approx(1.2)
    assert end.acoustics.f0_hz == measure(step.piece.waveform, 8_000).f0_hz
    assert end.acoustics.sample_rate_hz == 8_000
    assert end.stamp.size_bytes == path.stat().st_size
    assert end.stamp.modified_at == datetime(2023, 11, 14, 22, 13, 20, 123_456, UTC)
    assert end.stamp.content_hash == hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def test_known_content_is_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("not even audio")
    (end,) = decode(tmp_path / "a.wav", lambda _: False)
    assert isinstance(end, Known)


def test_silent_windows_of_a_long_file_are_left_out(tmp_path: Path) -> None:
    silence = np.zeros(16_000 * 30, np.float32)
    path = write_audio(tmp_path / "a.flac", np.concatenate([silence, voice(30.0), silence]))
    (step,) = decode(path, new)
    assert isinstance(step, Decoded)
    assert step.end is not None
    assert np.abs(step.piece.waveform).max() > 0.1
    assert step.end.acoustics.duration_s == 90


def test_only_the_last_window_of_a_long_file_ends_it(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.flac", voice(75.0))
    steps = [step for step in decode(path, new) if isinstance(step, Decoded)]
    assert [step.piece.seconds for step in steps] == [30, 30, 15]
    assert [step.end is not None for step in steps] == [False, False, True]


@pytest.mark.parametrize("seconds", [1.0, 70.0])
def test_silence_is_refused(tmp_path: Path, seconds: float) -> None:
    path = write_audio(tmp_path / "a.wav", np.full(int(seconds * 16_000), 0.2, np.float32))
    with pytest.raises(AudioError) as caught:
        list(decode(path, new))
    assert caught.value.reason == Reason.SILENT


@pytest.mark.parametrize("ns", [-1, 10**18 * 300])
def test_odd_times_of_files_do_not_matter(ns: int) -> None:
    status = os.stat_result([0] * 10, {"st_mtime_ns": ns})
    assert modified_at(status).year <= 1970
