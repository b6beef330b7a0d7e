import io
from pathlib import Path

import numpy as np
import pytest
from builders import voice, write_audio

from spkret.indexer.containers import missing_bytes


def lacking(content: bytes) -> int:
    return missing_bytes(io.BytesIO(content))


@pytest.mark.parametrize("suffix", [".wav", ".opus", ".ogg", ".flac", ".mp3"])
def test_whole_files_lack_nothing(tmp_path: Path, suffix: str) -> None:
    path = write_audio(tmp_path / f"a{suffix}", voice(1.3))
    assert lacking(path.read_bytes()) == 0


def test_wav_lacks_what_was_cut(tmp_path: Path) -> None:
    content = write_audio(tmp_path / "a.wav", voice(1.0)).read_bytes()
    assert lacking(content[:-100]) == 100


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF - 36])
def test_wav_written_to_a_pipe_announces_nothing(tmp_path: Path, size: int) -> None:
    content = write_audio(tmp_path / "a.wav", voice(0.5)).read_bytes()
    at = content.index(b"data") + 4
    assert lacking(content[:at] + size.to_bytes(4, "little") + content[at + 4 :]) == 0


@pytest.mark.parametrize("suffix", [".opus", ".ogg"])
def test_ogg_cut_inside_a_page_is_seen(tmp_path: Path, suffix: str) -> None:
    content = write_audio(tmp_path / f"a{suffix}", voice(4.0)).read_bytes()
    cuts = np.random.default_rng(0).integers(40, len(content) - 4, 200)
    seen = [lacking(content[:cut]) > 0 for cut in cuts]
    assert np.mean(seen) > 0.97


def test_endless_chunks_are_not_walked() -> None:
    assert lacking(b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 500_000) == 0


@pytest.mark.parametrize("content", [b"", b"R", b"RIFF", b"ID3", b"RIFF\0\0\0\0WAVEdata"])
def test_stumps_of_other_files_are_left_to_the_decoder(content: bytes) -> None:
    assert lacking(content) == 0
