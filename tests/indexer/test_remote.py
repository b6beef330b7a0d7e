import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import numpy as np
import pytest
from builders import ToyEncoder, voice, write_audio

from spkret.errors import AudioError, ManifestError, UsageError
from spkret.indexer.manifest import read_recordings
from spkret.indexer.manifests.paths import Paths
from spkret.indexer.pipeline import embed_files, index
from spkret.indexer.places import Folder, audio_file, place_of
from spkret.indexer.remote import Remote
from spkret.store.arrays import embeddings
from spkret.store.references import resolve
from spkret.store.store import Store

URL = "memory://bucket/audio"


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    """Four files of two speakers, and one that is no audio."""
    root = tmp_path / "audio"
    for number in range(3):
        path = root / f"s{number % 2}" / f"{number}.wav"
        write_audio(path, voice(0.4, f0_hz=100 + 40 * number, seed=number))
    write_audio(root / "s1" / "3.flac", voice(0.4, seed=9))
    (root / "s1" / "bad.wav").write_text("no audio")
    return root


@pytest.fixture
def memory(audio: Path) -> Iterator[fsspec.AbstractFileSystem]:
    """The same files at `URL`."""
    system = fsspec.filesystem("memory")
    system.put(str(audio), "/bucket/audio", recursive=True)
    yield system
    system.rm("/", recursive=True)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def rows(store: Path) -> dict[str, dict[str, object]]:
    return {row["path"]: row for row in Store.open(store).recordings.scan().to_pylist()}


def test_audio_at_a_url_gives_the_rows_of_a_folder(
    audio: Path, memory: fsspec.AbstractFileSystem, store: Path, tmp_path: Path
) -> None:
    there = index(f"{URL}/", store, ToyEncoder())
    here = index(audio, tmp_path / "here", ToyEncoder())
    assert there.root == URL
    assert (there.indexed, there.failed, there.found) == (4, here.failed, here.found)
    own = {"id", "root", "modified_at", "indexed_at"}
    for path, row in rows(tmp_path / "here").items():
        assert {**rows(store)[path], **dict.fromkeys(own)} == {**row, **dict.fromkeys(own)}


def test_unchanged_files_are_not_fetched_again(
    memory: fsspec.AbstractFileSystem, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(URL, store, ToyEncoder())
    memory.rm("/bucket/audio/s1/bad.wav")
    with monkeypatch.context() as patch:
        patch.setattr(Remote, "file", None)
        again = index(URL, store, ToyEncoder())
    assert (again.unchanged, again.indexed, again.failed) == (4, 0, {})
    memory.copy("/bucket/audio/s0/0.wav", "/bucket/audio/s1/3.flac")
    memory.store["/bucket/audio/s0/0.wav"].modified = datetime(2020, 1, 1, tzinfo=UTC)
    assert index(URL, store, ToyEncoder()).unchanged == 3


def test_rows_of_files_that_are_gone_are_pruned(
    memory: fsspec.AbstractFileSystem, store: Path
) -> None:
    index(URL, store, ToyEncoder())
    memory.rm("/bucket/audio/s0/0.wav")
    assert index(URL, store, ToyEncoder()).pruned == 0
    assert index(URL, store, ToyEncoder(), prune=True).pruned == 1
    assert "s0/0.wav" not in rows(store)


def test_manifests_may_be_at_a_url_too(
    audio: Path, memory: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    table = "path,speaker\ns0/0.wav,ann\n" + f"{URL}/s1/../s1/1.wav,bob\n/etc/x.wav,eve\n"
    memory.pipe("/bucket/lists/tags.csv", table.encode())
    (tmp_path / "tags.csv").write_text(table)
    for manifest in ("memory://bucket/lists/tags.csv", tmp_path / "tags.csv"):
        listed = read_recordings(URL, manifest)
        speakers = {one.path: one.speaker.value for one in listed.recordings}
        assert speakers == {"s0/0.wav": "ann", "s1/1.wav": "bob"}
        assert [one.reason for one in listed.failures] == ["outside"]
        assert listed.origin == str(manifest)
    memory.pipe("/bucket/audio/manifest.csv", b"path,language\ns0/2.wav,de\n")
    listed = read_recordings(URL)
    assert (listed.origin, listed.found["language"]) == (f"{URL}/manifest.csv", 1)
    on_disk = read_recordings(audio, "memory://bucket/lists/tags.csv")
    assert [one.path for one in on_disk.recordings] == ["s0/0.wav"]


def test_a_kaldi_folder_at_a_url_is_read_whole(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/bucket/data/wav.scp", f"u1 {URL}/s0/0.wav\nu2 s1/1.wav\n".encode())
    memory.pipe("/bucket/data/utt2spk", b"u1 ann\nu2 bob\n")
    for manifest in ("memory://bucket/data", "memory://bucket/data/wav.scp"):
        listed = read_recordings(URL, manifest)
        speakers = {one.path: one.speaker.value for one in listed.recordings}
        assert speakers == {"s0/0.wav": "ann", "s1/1.wav": "bob"}


def test_lists_of_a_corpus_at_a_url_are_read(memory: fsspec.AbstractFileSystem) -> None:
    wave = memory.cat("/bucket/audio/s0/0.wav")
    memory.pipe("/corpus/19/198/19-198-0000.wav", wave)
    memory.pipe("/corpus/.hidden/1.wav", wave)
    memory.pipe("/corpus/SPEAKERS.TXT", b"19 | F | train-clean-100 | 25.19 | Name\n")
    (one,) = read_recordings("memory://corpus").recordings
    assert (one.path, one.speaker.value, one.gender.value) == ("19/198/19-198-0000.wav", "19", "f")


def test_what_is_wrong_with_a_manifest_is_said_of_its_url(
    memory: fsspec.AbstractFileSystem,
) -> None:
    memory.pipe("/bucket/audio/manifest.csv", b"no,columns\n")
    with pytest.raises(ManifestError, match=rf"in {URL}/manifest\.csv, got 'no, columns'"):
        read_recordings(URL)
    with pytest.raises(ManifestError, match=r"cannot read the manifest memory://bucket/no\.csv"):
        read_recordings(URL, "memory://bucket/no.csv")


@pytest.mark.parametrize("url", ["memory://nowhere/audio", "s3://127.0.0.1"])
def test_a_url_that_cannot_be_listed_is_an_error_in_one_line(
    url: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setattr("spkret.store.urls._RETRIES", {"max_retries": 0})
    with pytest.raises(ManifestError, match=f"expected audio at {url}, got: .*credentials") as told:
        index(url, store, ToyEncoder())
    assert "\n" not in str(told.value)
    assert not store.exists()


def test_an_unknown_protocol_is_refused(store: Path) -> None:
    with pytest.raises(UsageError, match="nonsense://x"):
        index("nonsense://x", store, ToyEncoder())


def test_a_file_that_cannot_be_fetched_is_a_failure(
    memory: fsspec.AbstractFileSystem, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = type(memory).cat_file

    def cat_file(self: fsspec.AbstractFileSystem, path: str, **given: int) -> bytes:
        if path.endswith("0.wav"):
            raise PermissionError("denied: try later")
        if path.endswith("1.wav"):
            raise FileNotFoundError(path)
        return bytes(real(self, path, **given))

    monkeypatch.setattr(type(memory), "cat_file", cat_file)
    done = index(URL, store, ToyEncoder())
    assert (done.indexed, done.failed) == (2, {"unreadable": 1, "missing": 1, "not_audio": 1})
    details = Store.open(store).failures.scan().to_pylist()
    assert {"denied: try later", "no such file"} <= {row["detail"] for row in details}


def test_large_files_are_fetched_in_ranges_and_none_is_left(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("spkret.indexer.remote._RANGE_BYTES", 1_000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with audio_file(URL, "s0/0.wav") as file:
        assert file.read_bytes() == memory.cat("/bucket/audio/s0/0.wav")
        assert (file.suffix, file.stat().st_mtime_ns % 1_000_000_000) == (".wav", 0)
    assert not file.exists()
    assert not list(tmp_path.glob("spkret-*"))


def test_stored_recordings_are_found_by_their_url(
    memory: fsspec.AbstractFileSystem, store: Path
) -> None:
    index(URL, store, ToyEncoder())
    table = Store.open(store).recordings
    row = rows(store)["s0/0.wav"]["id"]
    names = ("s0/0.wav", f"{URL}/s0/0.wav", f"{URL}/./s0/../s0/0.wav")
    assert [one.id for one in resolve(table, names)] == [row] * 3
    (other,) = resolve(table, [f"{URL}/s1/bad.wav"])
    assert (other.id, other.file) == (None, f"{URL}/s1/bad.wav")
    (missing,) = resolve(table, [f"{URL}/none.wav"], missing_ok=True)
    assert (missing.id, missing.file) == (None, None)


def test_what_lies_at_a_url_is_embedded(audio: Path, memory: fsspec.AbstractFileSystem) -> None:
    table = embed_files([f"{URL}/s0/0.wav", audio / "s0" / "0.wav"], ToyEncoder())
    one, other = embeddings(table)
    np.testing.assert_array_equal(one, other)
    assert table["root"].to_pylist() == [f"{URL}/s0", str(audio / "s0")]
    with pytest.raises(AudioError, match=f"missing: {URL}/none.wav: no such file"):
        embed_files([f"{URL}/none.wav"], ToyEncoder())


def test_folders_of_this_machine_may_be_urls(audio: Path, store: Path) -> None:
    url = f"file://{audio}"
    assert index(url, store, ToyEncoder()).indexed == 4
    os.utime(audio / "s0" / "0.wav", (0, 0))
    again = index(url, store, ToyEncoder())
    assert (again.indexed, again.unchanged) == (1, 3)


def test_a_url_in_a_list_of_a_folder_lies_outside(tmp_path: Path) -> None:
    assert isinstance(place_of(tmp_path), Folder)
    assert Paths(tmp_path, tmp_path / "m.csv").relative(f"{URL}/s0/0.wav") is None
