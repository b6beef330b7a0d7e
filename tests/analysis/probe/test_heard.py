"""Features from audio: MFCC against torchaudio, embeddings against embedding files one by one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from builders import ToyEncoder, voice, write_audio
from torchaudio.compliance.kaldi import mfcc as torchaudio_mfcc

from spkret.analysis.probe.heard import embedded, mfcc, mfcc_frames, statistics
from spkret.analysis.probe.rows import ProbeRows
from spkret.errors import StoreError
from spkret.indexer.extraction import Extraction, Extractor
from spkret.indexer.pipeline import embed_files


def rows_of(folder: Path, names: list[str]) -> ProbeRows:
    """Rows of files in a folder; whose they are does not matter here."""
    count = len(names)
    text = np.array(["x"] * count, object)
    roots, paths = np.array([str(folder)] * count, object), np.array(names, object)
    return ProbeRows(np.arange(count), roots, paths, text, text, np.arange(count))


@pytest.fixture
def rows(tmp_path: Path) -> ProbeRows:
    """Three files, the second of which is gone."""
    names = ["a.wav", "gone.wav", "sub/b.flac"]
    for i, name in enumerate(names):
        write_audio(tmp_path / name, voice(1.0 + 0.3 * i, f0_hz=110 + 40 * i, seed=i))
    (tmp_path / "gone.wav").unlink()
    return rows_of(tmp_path, names)


def test_mfcc_are_those_of_torchaudio() -> None:
    waveform = voice(0.7, seed=5)
    options = {"num_ceps": 20, "num_mel_bins": 40, "dither": 0.0, "sample_frequency": 16_000.0}
    expected = torchaudio_mfcc(torch.from_numpy(waveform)[None], **options)
    np.testing.assert_allclose(mfcc_frames(waveform), expected.numpy(), atol=2e-2)


def test_mfcc_of_files_are_frames_and_their_statistics(rows: ProbeRows) -> None:
    seen: list[tuple[int, int]] = []
    read = mfcc(rows, lambda *at: seen.append(at))
    assert read.rows.tolist() == [0, 2]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert read.features.sequences is not None
    frames = read.features.sequences[1]
    expected = np.concatenate([frames.mean(0), frames.std(0), np.diff(frames, axis=0).std(0)])
    np.testing.assert_allclose(read.features.values[1], expected, rtol=1e-5)
    assert len(read.features.names) == 60
    (failure,) = read.failures
    assert "gone.wav" in failure


def test_one_frame_has_no_change() -> None:
    assert statistics(np.ones((1, 20), np.float32))[20:].tolist() == [0.0] * 40


def test_embeddings_are_those_of_the_files(rows: ProbeRows) -> None:
    encoder = ToyEncoder()
    read = embedded(rows, Extractor(encoder, Extraction()), lambda *_: None)
    files = [Path(rows.roots[i], rows.paths[i]) for i in (0, 2)]
    expected = np.stack(embed_files(files, encoder)["embedding"].to_numpy())
    assert read.rows.tolist() == [0, 2]
    np.testing.assert_allclose(read.features.values, expected, rtol=1e-6)
    assert len(read.failures) == 1


def test_audio_that_is_all_gone_is_refused_in_one_line(tmp_path: Path) -> None:
    gone, message = rows_of(tmp_path, ["gone.wav"]), r"none of 1 files.*--features stored"
    with pytest.raises(StoreError, match=message):
        mfcc(gone, lambda *_: None)
    with pytest.raises(StoreError, match=message):
        embedded(gone, Extractor(ToyEncoder(), Extraction()), lambda *_: None)
