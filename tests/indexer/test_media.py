import importlib.util
from pathlib import Path

import numpy as np
import pytest
from builders import voice

from spkret.errors import AudioError, OptionalDependencyError
from spkret.indexer.audio import load
from spkret.indexer.formats import MEDIA_SUFFIXES
from spkret.indexer.media import find_pyav
from spkret.indexer.reasons import Reason


@pytest.mark.parametrize("suffix", sorted(MEDIA_SUFFIXES))
def test_without_pyav_the_reason_names_the_extra(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    (tmp_path / f"a{suffix}").write_bytes(b"whatever")
    with pytest.raises(AudioError, match=r"spkret\[media\]") as caught:
        load(tmp_path / f"a{suffix}")
    assert caught.value.reason == Reason.NEEDS_MEDIA
    with pytest.raises(OptionalDependencyError):
        find_pyav()


def write_m4a(path: Path, seconds: float, channels: int = 1) -> None:
    av = pytest.importorskip("av")
    wave = np.tile(voice(seconds, rate_hz=44_100), (channels, 1))
    with av.open(str(path), "w") as container:
        layout = "mono" if channels == 1 else "stereo"
        stream = container.add_stream("aac", rate=44_100, layout=layout)
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout=layout)
        frame.sample_rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


@pytest.mark.parametrize("channels", [1, 2])
def test_m4a_is_decoded(tmp_path: Path, channels: int) -> None:
    write_m4a(tmp_path / "a.m4a", 2.0, channels)
    audio = load(tmp_path / "a.m4a")
    assert audio.original_rate_hz == 44_100
    assert len(audio.waveform) / 16_000 == pytest.approx(2.0, abs=0.08)
    expected = np.abs(np.fft.rfft(voice(2.0)))[:8_000]
    found = np.abs(np.fft.rfft(audio.waveform, 32_000))[:8_000]
    assert np.corrcoef(expected, found)[0, 1] > 0.95


def test_bad_media_files_have_a_reason(tmp_path: Path) -> None:
    write_m4a(tmp_path / "a.m4a", 3.0)
    content = (tmp_path / "a.m4a").read_bytes()
    (tmp_path / "b.m4a").write_bytes(content[: len(content) // 2])
    (tmp_path / "c.webm").write_bytes(b"no media" * 50)
    for name in ("b.m4a", "c.webm"):
        with pytest.raises(AudioError) as caught:
            load(tmp_path / name)
        assert caught.value.reason == Reason.NOT_AUDIO


def test_a_playlist_has_no_other_file_read(tmp_path: Path) -> None:
    write_m4a(tmp_path / "secret.m4a", 2.0)
    (tmp_path / "a.mp4").write_bytes(b"ffconcat version 1.0\nfile 'secret.m4a'\n" * 9)
    with pytest.raises(AudioError) as caught:
        load(tmp_path / "a.mp4")
    assert caught.value.reason == Reason.NOT_AUDIO


def test_a_codec_that_nobody_knows_is_no_audio(tmp_path: Path) -> None:
    write_m4a(tmp_path / "a.m4a", 2.0)
    content = (tmp_path / "a.m4a").read_bytes()
    (tmp_path / "b.m4a").write_bytes(content.replace(b"mp4a", b"zzzz").replace(b"esds", b"free"))
    with pytest.raises(AudioError) as caught:
        load(tmp_path / "b.m4a")
    assert caught.value.reason == Reason.NOT_AUDIO
