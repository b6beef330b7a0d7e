from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pytest
from builders import ToyEncoder, voice, write_audio

from spkret.indexer import decode
from spkret.indexer.audio import Source, load, open_source
from spkret.indexer.extract import Duplicate, Outcome, extract
from spkret.indexer.reasons import Reason
from spkret.store.schema import Embedded, Failure, Recording


def corpus(root: Path, seconds: Sequence[float]) -> list[Recording]:
    for number, length in enumerate(seconds):
        write_audio(root / f"{number}.wav", voice(length, seed=number, f0_hz=100 + number))
    return [Recording(str(root), f"{number}.wav") for number in range(len(seconds))]


def run(recordings: Sequence[Recording], encoder: ToyEncoder, workers: int = 2) -> list[Outcome]:
    return list(extract(recordings, encoder, lambda _: True, workers))


def vectors(outcomes: Sequence[Outcome]) -> dict[str, npt.NDArray[np.float32]]:
    return {one.recording.path: one.embedding for one in outcomes if isinstance(one, Embedded)}


def unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return vector / np.linalg.norm(vector)


def test_an_embedding_depends_on_its_file_alone(tmp_path: Path) -> None:
    lengths = [0.3, 0.31, 1.0, 1.01, 2.5, 0.3, 61.0, 1.0]
    recordings = corpus(tmp_path, lengths)
    together = vectors(run(recordings, ToyEncoder()))
    for recording in recordings:
        alone = vectors(run([recording], ToyEncoder(), workers=1))[recording.path]
        np.testing.assert_allclose(together[recording.path], alone, atol=1e-6)
    backwards = vectors(run(recordings[::-1], ToyEncoder(), workers=3))
    for path, vector in together.items():
        np.testing.assert_allclose(backwards[path], vector, atol=1e-6)


def test_a_short_file_is_the_encoder_of_its_snapped_waveform(tmp_path: Path) -> None:
    recordings = corpus(tmp_path, [0.9])
    (outcome,) = run(recordings, ToyEncoder())
    assert isinstance(outcome, Embedded)
    encoder = ToyEncoder()
    raw = encoder.encode_equal(encoder.snap(load(tmp_path / "0.wav").waveform)[None])[0]
    np.testing.assert_allclose(outcome.embedding, unit(raw), atol=1e-6)
    assert outcome.embedding_norm == pytest.approx(np.linalg.norm(raw), rel=1e-5)
    assert outcome.embedding.dtype == np.float32


def test_a_long_file_is_the_weighted_mean_of_its_windows(tmp_path: Path) -> None:
    recordings = corpus(tmp_path, [75.0])
    (outcome,) = run(recordings, ToyEncoder())
    assert isinstance(outcome, Embedded)
    wave = load(tmp_path / "0.wav").waveform
    encoder = ToyEncoder()
    windows = np.split(wave, [480_000, 960_000])
    raw = np.concatenate([encoder.encode_equal(encoder.snap(part)[None]) for part in windows])
    norms = np.linalg.norm(raw, axis=1)
    weights = np.array([30.0, 30.0, 15.0])
    expected = unit((weights / norms) @ raw)
    np.testing.assert_allclose(outcome.embedding, expected, atol=1e-6)
    assert outcome.embedding_norm == pytest.approx(weights @ norms / 75, rel=1e-5)
    assert outcome.acoustics.duration_s == pytest.approx(75)


def test_batches_hold_many_files_of_one_length(tmp_path: Path) -> None:
    recordings = corpus(tmp_path, [0.5] * 30 + [1.0] * 30)
    encoder = ToyEncoder()
    assert len(vectors(run(recordings, encoder))) == 60
    assert sorted(encoder.batches) == [(30, 8_000), (30, 16_000)]


def test_each_file_has_one_outcome_and_bad_ones_a_reason(tmp_path: Path) -> None:
    recordings = corpus(tmp_path, [0.5, 0.01, 0.5])
    (tmp_path / "text.wav").write_text("hello" * 100)
    (tmp_path / "long.wav").write_bytes(
        write_audio(tmp_path / "x.wav", voice(70.0)).read_bytes()[:-9]
    )
    names = ["text.wav", "long.wav", "none.wav"]
    recordings += [Recording(str(tmp_path), name) for name in names]
    outcomes = run(recordings, ToyEncoder())
    failures = {one.path: one.reason for one in outcomes if isinstance(one, Failure)}
    assert failures == {
        "1.wav": Reason.TOO_SHORT,
        "text.wav": Reason.NOT_AUDIO,
        "long.wav": Reason.TRUNCATED,
        "none.wav": Reason.MISSING,
    }
    assert set(vectors(outcomes)) == {"0.wav", "2.wav"}
    assert len(outcomes) == len(recordings)


def test_a_long_file_that_breaks_off_fails_once(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.flac", voice(100.0))
    content = bytearray(path.read_bytes())
    middle = int(len(content) * 0.8)
    content[middle : middle + 2_000] = bytes(2_000)
    path.write_bytes(content)
    (outcome,) = run([Recording(str(tmp_path), "a.flac")], ToyEncoder())
    assert isinstance(outcome, Failure)
    assert outcome.reason == Reason.CORRUPT


def test_content_that_is_not_claimed_is_a_duplicate(tmp_path: Path) -> None:
    recordings = corpus(tmp_path, [0.5])
    (outcome,) = extract(recordings, ToyEncoder(), lambda _: False)
    assert isinstance(outcome, Duplicate)
    assert outcome.recording == recordings[0]


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_an_encoder_without_an_answer_is_a_failure(tmp_path: Path, value: float) -> None:
    class Mute(ToyEncoder):
        def encode_equal(self, waveforms: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            return np.full((len(waveforms), 24), value, np.float32)

    (outcome,) = run(corpus(tmp_path, [0.5]), Mute())
    assert isinstance(outcome, Failure)
    assert outcome.reason == Reason.NO_EMBEDDING


def test_an_error_of_the_encoder_ends_the_run(tmp_path: Path) -> None:
    class Broken(ToyEncoder):
        def encode_equal(self, waveforms: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            raise RuntimeError(f"out of memory for {len(waveforms)}")

    with pytest.raises(RuntimeError, match="out of memory"):
        run(corpus(tmp_path, [0.5] * 40), Broken())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), Reason.CORRUPT),
        (AttributeError("of a decoder"), Reason.CORRUPT),
        (OSError(5, "Input/output error"), Reason.UNREADABLE),
    ],
)
def test_whatever_a_decoder_raises_is_of_its_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: Reason
) -> None:
    def failing(path: Path, file: BinaryIO) -> Source:
        if path.name == "a.wav":
            raise error
        return open_source(path, file)

    recordings = [Recording(str(tmp_path), name) for name in ("a.wav", "b.wav")]
    for recording in recordings:
        write_audio(tmp_path / recording.path, voice(1.0))
    monkeypatch.setattr(decode, "open_source", failing)
    outcomes = list(extract(recordings, ToyEncoder(), lambda _: True))
    assert {one.reason for one in outcomes if isinstance(one, Failure)} == {reason}
    assert sum(isinstance(one, Embedded) for one in outcomes) == 1
