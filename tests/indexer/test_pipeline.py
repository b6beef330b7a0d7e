import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
import soundfile
from builders import ToyEncoder, voice, write_audio

from spkret.errors import (
    AudioError,
    EncoderMismatchError,
    ManifestError,
    OptionalDependencyError,
)
from spkret.indexer import commit, optional, vad
from spkret.indexer.audio import load
from spkret.indexer.extraction import Extraction
from spkret.indexer.pipeline import embed_files, index
from spkret.store.arrays import embeddings
from spkret.store.schema import RECORDINGS_SCHEMA, EncoderIdentity
from spkret.store.store import Store


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six files of three speakers, one long, one in stereo at 44.1 kHz, and their manifest."""
    root = tmp_path_factory.mktemp("corpus")
    write_audio(root / "ann" / "1.wav", voice(1.0, f0_hz=200, seed=1))
    write_audio(root / "ann" / "2.flac", voice(0.4, f0_hz=205, seed=2))
    write_audio(root / "bob" / "1.opus", voice(1.5, f0_hz=100, seed=3))
    stereo = np.stack([voice(1.0, rate_hz=44_100, seed=n) for n in (4, 5)], axis=1)
    write_audio(root / "bob" / "2.wav", stereo, 44_100)
    write_audio(root / "eve" / "1.wav", voice(65.0, f0_hz=180, seed=6))
    write_audio(root / "eve" / "2.mp3", voice(1.0, f0_hz=181, seed=7))
    write_manifest(root)
    return root


@pytest.fixture
def audio(corpus: Path, tmp_path: Path) -> Path:
    """A copy of the corpus for one test."""
    return Path(shutil.copytree(corpus, tmp_path / "audio"))


def write_manifest(root: Path, extra: str = "", noise: str = "clean") -> None:
    lines = ["path,speaker,language,noise,take"]
    for path in sorted(p.relative_to(root).as_posix() for p in root.glob("*/*")):
        lines.append(f"{path},{path[:3]},en-GB,{noise},{path[4]}")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n" + extra)


def rows(store: Path) -> dict[str, dict[str, object]]:
    return {row["path"]: row for row in Store.open(store).recordings.scan().to_pylist()}


def vectors(store: Path) -> dict[str, npt.NDArray[np.float32]]:
    table = Store.open(store).recordings.scan()
    return dict(zip(table["path"].to_pylist(), embeddings(table), strict=True))


def assert_same_vectors(found: Path, expected: Path) -> None:
    one, other = vectors(found), vectors(expected)
    assert one.keys() == other.keys()
    for path in one:
        np.testing.assert_allclose(one[path], other[path], atol=1e-6)


def test_a_folder_becomes_rows(audio: Path, tmp_path: Path) -> None:
    summary = index(audio, tmp_path / "store", ToyEncoder())
    assert (summary.files, summary.indexed, summary.unchanged) == (6, 6, 0)
    assert summary.failed == {}
    assert summary.found == {"speaker": 6, "language": 6, "noise": 6, "gender": 0, "age": 0}
    assert summary.hours * 3600 == pytest.approx(69.9, abs=0.2)
    found = rows(tmp_path / "store")
    row = found["bob/2.wav"]
    assert row["root"] == str(audio.resolve())
    assert (row["speaker"], row["language"], row["noise"]) == ("bob", "en", "clean")
    assert (row["speaker_source"], row["gender_source"]) == ("manifest", "none")
    assert json.loads(str(row["extra"])) == {"language_tag": "en-GB", "take": "2"}
    assert row["sample_rate_hz"] == 44_100
    assert found["eve/1.wav"]["duration_s"] == pytest.approx(65)
    assert found["ann/1.wav"]["f0_hz"] == pytest.approx(200, rel=0.02)
    for vector in vectors(tmp_path / "store").values():
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_index_is_fresh_afterwards(audio: Path, tmp_path: Path) -> None:
    index(audio, tmp_path / "store", ToyEncoder())
    store = Store.open(tmp_path / "store")
    assert store.vectors.fresh()
    found = rows(tmp_path / "store")["ann/1.wav"]
    hits = store.vectors.search(vectors(tmp_path / "store")["ann/1.wav"], 1)
    assert hits.ids.tolist() == [found["id"]]


def test_an_unchanged_folder_is_not_read_again(audio: Path, tmp_path: Path) -> None:
    index(audio, tmp_path / "store", ToyEncoder())
    version = Store.open(tmp_path / "store").recordings.version()
    again = ToyEncoder()
    summary = index(audio, tmp_path / "store", again)
    assert (summary.unchanged, summary.indexed, summary.updated) == (6, 0, 0)
    assert again.batches == []
    assert Store.open(tmp_path / "store").recordings.version() == version


def test_a_changed_file_replaces_its_row(audio: Path, tmp_path: Path) -> None:
    index(audio, tmp_path / "store", ToyEncoder())
    write_audio(audio / "ann" / "1.wav", voice(1.7, seed=99))
    summary = index(audio, tmp_path / "store", ToyEncoder())
    assert (summary.unchanged, summary.indexed) == (5, 1)
    assert rows(tmp_path / "store")["ann/1.wav"]["duration_s"] == pytest.approx(1.7)
    index(audio, tmp_path / "other", ToyEncoder())
    assert_same_vectors(tmp_path / "store", tmp_path / "other")


def test_changed_tags_move_rows_without_embedding(audio: Path, tmp_path: Path) -> None:
    index(audio, tmp_path / "store", ToyEncoder())
    before = vectors(tmp_path / "store")
    write_manifest(audio, noise="radio")
    again = ToyEncoder()
    summary = index(audio, tmp_path / "store", again)
    assert (summary.updated, summary.indexed, summary.unchanged) == (6, 0, 0)
    assert again.batches == []
    found = rows(tmp_path / "store")
    assert len(found) == 6
    assert {row["noise"] for row in found.values()} == {"communication"}
    after = vectors(tmp_path / "store")
    assert all((after[path] == before[path]).all() for path in before)
    assert index(audio, tmp_path / "store", ToyEncoder()).unchanged == 6


def test_the_same_content_is_embedded_once(audio: Path, tmp_path: Path) -> None:
    for name in ("copy1.wav", "copy2.wav"):
        shutil.copy(audio / "ann" / "1.wav", audio / "bob" / name)
    write_manifest(audio)
    encoder = ToyEncoder()
    summary = index(audio, tmp_path / "store", encoder)
    assert (summary.indexed, summary.duplicates) == (8, 2)
    assert sum(batch[0] for batch in encoder.batches) == 5 + 3
    found = vectors(tmp_path / "store")
    assert (found["bob/copy1.wav"] == found["ann/1.wav"]).all()
    assert rows(tmp_path / "store")["bob/copy1.wav"]["speaker"] == "bob"

    shutil.copy(audio / "eve" / "1.wav", audio / "eve" / "3.wav")
    os.utime(audio / "ann" / "2.flac", ns=(1, 1))
    write_manifest(audio)
    again = ToyEncoder()
    summary = index(audio, tmp_path / "store", again)
    assert (summary.indexed, summary.duplicates, summary.unchanged) == (2, 2, 7)
    assert again.batches == []
    assert index(audio, tmp_path / "store", ToyEncoder()).unchanged == 9


def test_copies_of_a_file_that_fails_fail_too(audio: Path, tmp_path: Path) -> None:
    for name in ("ann/3.wav", "bob/3.wav", "eve/3.wav"):
        (audio / name).write_text("no audio at all" * 10)
    write_manifest(audio)
    summary = index(audio, tmp_path / "store", ToyEncoder())
    assert (summary.indexed, summary.duplicates) == (6, 0)
    assert summary.failed == {"not_audio": 3}


def test_bad_files_and_rows_are_logged_and_the_rest_goes_on(audio: Path, tmp_path: Path) -> None:
    (audio / "ann" / "1.wav").write_bytes(b"")
    (audio / "bob" / "1.opus").write_bytes((audio / "bob" / "1.opus").read_bytes()[:300])
    write_audio(audio / "eve" / "1.wav", np.zeros(16_000, np.float32))
    write_manifest(audio, "gone.wav,x,en,,\n../up.wav,x,en,,\n,x,en,,\nann/2.flac,x,en,,\n")
    summary = index(audio, tmp_path / "store", ToyEncoder())
    expected = ["empty", "truncated", "silent", "missing", "outside", "bad_row", "duplicate_row"]
    assert summary.failed == dict.fromkeys(expected, 1)
    assert summary.indexed == 3
    logged = Store.open(tmp_path / "store").failures.scan().to_pylist()
    assert sorted(row["reason"] for row in logged) == sorted(expected)
    assert {row["root"] for row in logged} == {str(audio.resolve())}
    assert all(row["detail"] and row["path"] for row in logged)


def test_prune_drops_rows_whose_file_is_gone(audio: Path, tmp_path: Path) -> None:
    index(audio, tmp_path / "store", ToyEncoder())
    (audio / "ann" / "1.wav").unlink()
    write_manifest(audio)
    assert index(audio, tmp_path / "store", ToyEncoder()).pruned == 0
    assert len(rows(tmp_path / "store")) == 6
    assert index(audio, tmp_path / "store", ToyEncoder(), prune=True).pruned == 1
    assert "ann/1.wav" not in rows(tmp_path / "store")
    assert len(rows(tmp_path / "store")) == 5


def test_prune_leaves_other_folders_alone(audio: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_audio(other / "zoe" / "1.wav", voice(0.5, seed=50))
    index(audio, tmp_path / "store", ToyEncoder())
    index(other, tmp_path / "store", ToyEncoder())
    shutil.rmtree(audio / "ann")
    index(other, tmp_path / "store", ToyEncoder(), prune=True)
    assert len(rows(tmp_path / "store")) == 7


class Interrupt(ToyEncoder):
    """An encoder that is killed after a number of batches."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def encode_equal(self, waveforms: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return super().encode_equal(waveforms)


def test_an_interrupted_run_is_resumed(
    audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "CHUNK_ROWS", 1)
    for batches in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            index(audio, tmp_path / "store", Interrupt(batches))
    assert len(rows(tmp_path / "store")) > 0
    summary = index(audio, tmp_path / "store", ToyEncoder())
    assert summary.indexed + summary.unchanged == 6
    assert summary.unchanged > 0
    index(audio, tmp_path / "whole", ToyEncoder())
    assert_same_vectors(tmp_path / "store", tmp_path / "whole")


def test_rows_are_committed_in_chunks(
    audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "CHUNK_ROWS", 4)
    index(audio, tmp_path / "store", ToyEncoder())
    empty = Store.create(tmp_path / "empty", ToyEncoder.identity).recordings.version()
    assert Store.open(tmp_path / "store").recordings.version() == empty + 2


def test_another_encoder_is_refused(audio: Path, tmp_path: Path) -> None:
    class Other(ToyEncoder):
        identity = EncoderIdentity("other", "other-1", 24)

    index(audio, tmp_path / "store", ToyEncoder())
    with pytest.raises(EncoderMismatchError):
        index(audio, tmp_path / "store", Other())


def test_a_folder_that_cannot_be_listed_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(ManifestError):
        index(tmp_path, tmp_path / "store", ToyEncoder())
    assert not (tmp_path / "store").exists()


def test_progress_counts_every_file_once(audio: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int, float]] = []
    write_manifest(audio, "gone.wav,x,en,,\n")
    shutil.copy(audio / "ann" / "1.wav", audio / "bob" / "copy.wav")
    write_manifest(audio, "gone.wav,x,en,,\n")
    index(audio, tmp_path / "store", ToyEncoder(), progress=lambda *call: calls.append(call))
    assert [done for done, _, _ in calls] == list(range(1, 9))
    assert {total for _, total, _ in calls} == {8}
    assert calls[-1][2] == pytest.approx(69.9, abs=0.2)


def test_embed_files_equals_the_stored_rows(audio: Path, tmp_path: Path) -> None:
    index(audio, tmp_path / "store", ToyEncoder())
    stored = vectors(tmp_path / "store")
    names = ["eve/1.wav", "ann/1.wav", "ann/2.flac", "ann/1.wav"]
    table = embed_files([audio / name for name in names], ToyEncoder())
    assert isinstance(table, pa.Table)
    assert table.schema.equals(RECORDINGS_SCHEMA)
    found = embeddings(table)
    for row, name in enumerate(names):
        np.testing.assert_allclose(found[row], stored[name], atol=1e-6)
    assert table["path"].to_pylist() == ["1.wav", "1.wav", "2.flac", "1.wav"]
    assert table["root"][0].as_py() == str(audio / "eve")


def test_embed_files_names_the_bad_file(audio: Path) -> None:
    (audio / "bad.wav").write_text("hello" * 99)
    with pytest.raises(AudioError, match=r"bad\.wav") as caught:
        embed_files([audio / "ann" / "1.wav", audio / "bad.wav"], ToyEncoder())
    assert caught.value.reason == "not_audio"


def test_embed_files_refuses_a_name_that_no_table_holds(audio: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(audio) + b"/\xff.wav"))
    shutil.copy(audio / "ann" / "1.wav", path)
    with pytest.raises(AudioError) as caught:
        embed_files([path], ToyEncoder())
    assert caught.value.reason == "bad_name"


def test_embed_no_files() -> None:
    assert embed_files([], ToyEncoder()).num_rows == 0


def test_crops_are_averaged_with_the_whole(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "a.wav", voice(5.0, seed=8))
    crops = Extraction(crops=2)
    index(tmp_path, tmp_path / "store", ToyEncoder(), options=crops)
    wave, encoder = load(path).waveform, ToyEncoder()
    parts = [wave, wave[8_000:56_000], wave[24_000:72_000]]
    raw = [encoder.encode_equal(encoder.snap(part)[None])[0] for part in parts]
    mean = np.mean([one / np.linalg.norm(one) for one in raw], axis=0)
    (vector,) = vectors(tmp_path / "store").values()
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)
    (again,) = embeddings(embed_files([path], ToyEncoder(), crops))
    np.testing.assert_allclose(again, vector, atol=1e-6)


def test_options_belong_to_the_store(audio: Path, tmp_path: Path) -> None:
    index(audio, tmp_path / "store", ToyEncoder(), options=Extraction(crops=2))
    bound = Store.open(tmp_path / "store").encoder
    assert bound == Extraction(crops=2).identity(ToyEncoder.identity)
    assert bound.name == "toy+crops2"
    with pytest.raises(EncoderMismatchError, match=r"'toy\+crops2'.*'toy\+crops3'"):
        index(audio, tmp_path / "store", ToyEncoder(), options=Extraction(crops=3))


SPEECH = Path(__file__).parents[2] / "examples" / "corpus" / "en"


def test_only_speech_is_embedded_and_all_is_measured(tmp_path: Path) -> None:
    speech = load(SPEECH / "001.opus").waveform
    hiss = np.random.default_rng(0).normal(0, 1e-3, 64_000).astype(np.float32)
    audio = tmp_path / "audio"
    write_audio(audio / "padded.wav", np.concatenate([hiss, speech, hiss]))
    write_audio(audio / "hiss.wav", hiss)
    encoder = ToyEncoder()
    summary = index(audio, tmp_path / "store", encoder, options=Extraction(vad=True))
    assert summary.failed == {"no_speech": 1}
    ((_, samples),) = encoder.batches
    assert samples <= len(speech) + 8_000
    (row,) = rows(tmp_path / "store").values()
    assert row["duration_s"] == pytest.approx(len(speech) / 16_000 + 8, abs=0.01)


def test_denoised_audio_is_embedded_and_the_original_measured(tmp_path: Path) -> None:
    audio = tmp_path / "audio"
    speech = load(SPEECH / "002.opus").waveform
    noise = np.random.default_rng(0).normal(0, 0.03, len(speech)).astype(np.float32)
    write_audio(audio / "a.wav", speech + noise)
    index(audio, tmp_path / "plain", ToyEncoder())
    index(audio, tmp_path / "less", ToyEncoder(), options=Extraction(denoise=True))
    (plain,), (less,) = vectors(tmp_path / "plain").values(), vectors(tmp_path / "less").values()
    assert np.abs(plain - less).max() > 1e-3
    for name in ("snr_db", "f0_hz", "speech_s", "spectrum_mean"):
        assert rows(tmp_path / "plain")["a.wav"][name] == rows(tmp_path / "less")["a.wav"][name]


@pytest.mark.parametrize("options", [Extraction(vad=True), Extraction(denoise=True)])
def test_a_missing_package_is_said_before_a_store_is_made(
    audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Extraction
) -> None:
    vad.recipe.cache_clear()
    monkeypatch.setattr(optional, "find_spec", lambda _: None)
    with pytest.raises(OptionalDependencyError, match="pip install"):
        index(audio, tmp_path / "store", ToyEncoder(), options=options)
    assert not (tmp_path / "store").exists()


class Remote(ToyEncoder):
    """An encoder on a device of its own: it is warmed up, and results are waited for later."""

    device = "cuda"

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    def warm_up(self) -> None:
        self.events.append("warm")

    def start(self, waveforms: npt.NDArray[np.float32]) -> Callable[[], npt.NDArray[np.float32]]:
        self.events.append("start")
        result = super().start(waveforms)

        def wait() -> npt.NDArray[np.float32]:
            self.events.append("wait")
            return result()

        return wait


def test_a_device_is_warm_and_given_a_batch_before_one_is_taken_back(
    audio: Path, tmp_path: Path
) -> None:
    encoder = Remote()
    index(audio, tmp_path / "store", encoder)
    starts = encoder.events.count("start")
    assert encoder.events == ["warm", "start", *["start", "wait"] * (starts - 1), "wait"]
    assert starts > 2
    again = Remote()
    index(audio, tmp_path / "store", again)
    assert again.events == []


INDEX_AND_WEIGH = """
import resource, sys
from pathlib import Path
from builders import ToyEncoder
from spkret.indexer.extraction import Extraction
from spkret.indexer.pipeline import index
audio, store, vad = sys.argv[1:]
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
index(Path(audio, "short"), Path(store, "s"), ToyEncoder(), options=Extraction(vad=vad == "vad"))
before = peak_mb()
index(Path(audio, "long"), Path(store, "l"), ToyEncoder(), options=Extraction(vad=vad == "vad"))
print(peak_mb() - before)
"""


def speech_file(path: Path, minutes: int) -> None:
    """Write synthetic speech with pauses, minute by minute."""
    voices = [load(file).waveform for file in sorted(SPEECH.glob("*.opus"))]
    parts = [np.pad(one, (0, 8_000)) for one in voices]
    minute = np.resize(np.concatenate(parts), 960_000)
    path.parent.mkdir(parents=True)
    with soundfile.SoundFile(path, "w", 16_000, 1) as file:
        for _ in range(minutes):
            file.write(minute)


@pytest.mark.slow
@pytest.mark.parametrize("vad", ["vad", "plain"])
def test_a_file_of_two_hours_takes_no_more_memory_than_minutes(tmp_path: Path, vad: str) -> None:
    speech_file(tmp_path / "audio" / "short" / "a.wav", 3)
    speech_file(tmp_path / "audio" / "long" / "a.wav", 120)
    command = [sys.executable, "-c", INDEX_AND_WEIGH, str(tmp_path / "audio"), str(tmp_path), vad]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert float(run.stdout) < 150  # a fifth of the file itself, as float32
    (row,) = rows(tmp_path / "l").values()
    assert row["duration_s"] == pytest.approx(7_200)
