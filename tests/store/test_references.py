import os
import time
from pathlib import Path

import pytest
from builders import embedded

from spkret.errors import AmbiguousRecordingError, UnknownRecordingError
from spkret.store.references import Reference, Resolved, resolve
from spkret.store.schema import recording_id
from spkret.store.store import Store


@pytest.fixture
def audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An audio folder with one file, and the working directory beside it."""
    folder = tmp_path / "audio"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "1.wav").write_bytes(b"stored")
    (folder / "2.wav").write_bytes(b"not stored")
    monkeypatch.chdir(tmp_path)
    return folder


def one(store: Store, reference: Reference) -> Resolved:
    (found,) = resolve(store.recordings, [reference])
    assert found.reference == reference
    return found


def test_id_stored_path_and_file_name_the_row(store: Store, audio: Path) -> None:
    row = embedded("a/1.wav", root=str(audio))
    store.recordings.commit([row])
    id_ = row.recording.id
    references: list[Reference] = [
        id_,
        str(id_),
        "a/1.wav",
        Path("a/1.wav"),
        "audio/a/1.wav",
        "./audio/../audio/a/1.wav",
        str(audio / "a/1.wav"),
        audio / "a" / "1.wav",
    ]
    assert resolve(store.recordings, references) == [Resolved(r, id_, None) for r in references]


def test_link_to_a_stored_file_names_its_row(store: Store, audio: Path) -> None:
    store.recordings.commit([embedded("a/1.wav", root=str(audio))])
    Path("link.wav").symlink_to(audio / "a" / "1.wav")
    assert one(store, "link.wav").id == recording_id(str(audio), "a/1.wav")


def test_stored_file_that_is_gone_from_disk_is_still_known(store: Store, audio: Path) -> None:
    store.recordings.commit([embedded("gone.wav", root=str(audio))])
    id_ = recording_id(str(audio), "gone.wav")
    assert one(store, str(audio / "gone.wav")).id == one(store, "gone.wav").id == id_


def test_file_that_is_not_stored_is_a_file(store: Store, audio: Path) -> None:
    assert one(store, "audio/2.wav") == Resolved("audio/2.wav", None, Path("audio/2.wav"))


def test_id_comes_before_path_and_path_before_file(store: Store, audio: Path) -> None:
    row = embedded("1.wav", root=str(audio))
    named_like_its_id = embedded(str(row.recording.id), root=str(audio))
    digits = embedded("42", root=str(audio))
    store.recordings.commit([row, named_like_its_id, digits])
    assert one(store, str(row.recording.id)).id == row.recording.id
    assert one(store, "42").id == digits.recording.id


@pytest.mark.parametrize(
    "reference", ["nothing.wav", "", "audio", 7, -1, 2**63, "9" * 30, "²", "\udcff.wav", Path("x")]
)
def test_unknown_reference(store: Store, audio: Path, reference: Reference) -> None:
    store.recordings.commit([embedded("1.wav", root=str(audio))])
    with pytest.raises(UnknownRecordingError):
        one(store, reference)


def test_path_under_two_roots_is_ambiguous(store: Store, audio: Path) -> None:
    store.recordings.commit([embedded("1.wav", root="/x"), embedded("1.wav", root="/y")])
    with pytest.raises(AmbiguousRecordingError, match=r"stored /x/1.wav and the stored /y/1.wav"):
        one(store, "1.wav")
    assert one(store, "/y/1.wav").id == recording_id("/y", "1.wav")


def test_stored_path_and_another_file_is_ambiguous(store: Store, audio: Path) -> None:
    store.recordings.commit([embedded("1.wav", root="/x")])
    Path("1.wav").write_bytes(b"another")
    with pytest.raises(AmbiguousRecordingError, match=r"stored /x/1\.wav and the file /"):
        one(store, "1.wav")


def test_stored_path_that_is_the_file_is_not_ambiguous(
    store: Store, audio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.recordings.commit([embedded("a/1.wav", root=str(audio))])
    monkeypatch.chdir(audio)
    assert one(store, "a/1.wav").id == recording_id(str(audio), "a/1.wav")


def test_fifty_thousand_references_are_found_in_seconds(store: Store) -> None:
    store.recordings.commit([embedded(f"{n}.wav") for n in range(500)])
    references: list[Reference] = [f"{n % 500}.wav" for n in range(50_000)]
    started = time.process_time()
    found = resolve(store.recordings, references)
    assert time.process_time() - started < 5
    assert [f.id for f in found[:500]] == [recording_id("/audio", f"{n}.wav") for n in range(500)]


def test_no_references(store: Store) -> None:
    assert resolve(store.recordings, []) == []
    assert os.fspath(store.path)
