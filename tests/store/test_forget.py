from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import embedded
from traces import Needles

from spkret.errors import AmbiguousRecordingError, UsageError
from spkret.store import exact
from spkret.store.schema import Embedded
from spkret.store.scores import FAILURES_SCHEMA, SCORES_SCHEMA, TRIALS_SCHEMA
from spkret.store.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEPT = [embedded(f"kept-{n}.wav", speaker="ben", language="de") for n in range(2)]
SECRET = [embedded(f"secret-{n}.wav", speaker="secret-anna") for n in range(2)]
BESIDE = embedded("beside.wav", speaker="carl")


def log_row(schema: pa.Schema, **values: object) -> dict[str, object]:
    return dict.fromkeys(schema.names) | values


def score(anchor: Embedded, candidate: Embedded) -> dict[str, object]:
    return log_row(
        SCORES_SCHEMA,
        created_at=NOW,
        anchor_id=anchor.recording.id,
        candidate_id=candidate.recording.id,
        anchor_path=anchor.recording.path,
        candidate_path=candidate.recording.path,
    )


def trial(name: str, anchor: Embedded, *group: Embedded) -> dict[str, object]:
    return log_row(
        TRIALS_SCHEMA,
        trial_id=name,
        created_at=NOW,
        anchor=anchor.recording.path,
        anchor_id=anchor.recording.id,
        group=[row.recording.path for row in group],
        group_ids=[row.recording.id for row in group],
    )


@pytest.fixture
def used(store: Store) -> Store:
    """A store that names two secret recordings wherever it can."""
    for row in [*KEPT, *SECRET, BESIDE]:
        store.recordings.commit([row])
    store.recordings.commit([embedded("secret-0.wav", speaker="secret-anna", language="fr")])
    store.vectors.refresh()
    (store.vectors.folder / "background.npz").write_bytes(SECRET[0].embedding.tobytes())
    scores = [score(KEPT[0], KEPT[1]), score(KEPT[0], SECRET[0]), score(SECRET[1], KEPT[0])]
    unstored = log_row(SCORES_SCHEMA, created_at=NOW, anchor_path="/audio/secret-1.wav")
    store.scores.append(pa.Table.from_pylist([*scores, unstored], SCORES_SCHEMA))
    trials = [trial("kept", *KEPT), trial("a", SECRET[0], KEPT[0]), trial("g", KEPT[0], SECRET[1])]
    store.trials.append(pa.Table.from_pylist(trials, TRIALS_SCHEMA))
    failures = [
        {"root": "/audio", "path": path, "reason": "r", "detail": path, "at": NOW}
        for path in ("secret-0.wav", "kept.wav")
    ]
    store.failures.append(pa.Table.from_pylist(failures, FAILURES_SCHEMA))
    store.set_aside_path.mkdir()
    (store.set_aside_path / "x.parquet").write_bytes(b"secret-anna")
    for table in store.tables:
        table.handle().create_checkpoint()
    return store


def traces(store: Store, row: Embedded) -> list[str]:
    """List the files that hold a path, an id or an embedding, as bytes or in Parquet cells."""
    found = []
    needle = row.recording.path.encode()
    for path in store.path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        cells = str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" and data else ""
        if needle in data or row.embedding.tobytes() in data or row.recording.path in cells:
            found.append(str(path))
        if str(row.recording.id).encode() in data:
            found.append(str(path))
    return found


def test_speaker_is_gone_from_every_byte_and_the_rest_stays(used: Store) -> None:
    used.reranker_path.mkdir()
    (used.reranker_path / "cohort.npz").write_bytes(b"secret-anna")
    (used.set_aside_path / "x.parquet").unlink()
    assert traces(used, SECRET[0])
    assert traces(used, SECRET[1])
    assert used.forget(speaker="secret-anna") == 2
    assert traces(used, SECRET[0]) == traces(used, SECRET[1]) == []
    assert b"secret" not in b"".join(p.read_bytes() for p in used.path.rglob("*") if p.is_file())
    stored = used.recordings.scan(["path"])["path"].to_pylist()
    assert sorted(stored) == ["beside.wav", "kept-0.wav", "kept-1.wav"]
    assert used.scores.scan(["candidate_path"])["candidate_path"].to_pylist() == ["kept-1.wav"]
    assert used.trials.scan(["trial_id"])["trial_id"].to_pylist() == ["kept"]
    assert used.failures.scan(["path"])["path"].to_pylist() == ["kept.wav"]
    assert used.check().ok
    assert used.vectors.fresh()
    assert len(used.vectors.search(np.ones(16, np.float32), 9).ids) == 3
    assert not used.set_aside_path.exists()


@pytest.mark.parametrize("path", ["secret-1.wav", "/audio/secret-1.wav"])
def test_path_is_gone_and_other_paths_stay(used: Store, path: str) -> None:
    (used.set_aside_path / "x.parquet").unlink()
    assert used.forget(path=path) == 1
    assert traces(used, SECRET[1]) == []
    assert "secret-0.wav" in used.recordings.scan(["path"])["path"].to_pylist()
    assert used.scores.count() == 2
    assert used.trials.count() == 2
    assert used.failures.count() == 2


def test_failure_of_a_file_that_was_never_stored_is_forgotten(store: Store) -> None:
    failure = {"root": "/a", "path": "x.wav", "reason": "r", "detail": "x.wav", "at": NOW}
    store.failures.append(pa.Table.from_pylist([failure], FAILURES_SCHEMA))
    assert store.forget(path="x.wav") == 0
    assert store.failures.count() == 0
    assert not any(b"x.wav" in p.read_bytes() for p in store.path.rglob("*") if p.is_file())


def test_path_under_two_roots_is_refused_with_both(store: Store) -> None:
    store.recordings.commit([embedded("1.wav", root="/x"), embedded("1.wav", root="/y")])
    with pytest.raises(AmbiguousRecordingError, match=r"/x/1\.wav and /y/1\.wav"):
        store.forget(path="1.wav")
    assert store.forget(path="/x/1.wav") == 1
    assert store.recordings.roots() == ["/y"]


@pytest.mark.parametrize("name", ["nobody", "o'brien", "'; DROP TABLE rows; --"])
def test_unknown_speaker_and_path_erase_nothing(store: Store, name: str) -> None:
    used_reranker = store.reranker_path
    used_reranker.mkdir()
    store.recordings.commit([BESIDE])
    assert store.forget(speaker=name) == store.forget(path=name) == 0
    assert store.recordings.scan(["id"]).num_rows == 1
    assert used_reranker.exists()


def test_speaker_or_path(store: Store) -> None:
    with pytest.raises(UsageError):
        store.forget()
    with pytest.raises(UsageError):
        store.forget(speaker="a", path="b")


def test_forgetting_works_without_checkpoints(store: Store) -> None:
    store.recordings.commit(SECRET)
    assert store.forget(speaker="secret-anna") == 2
    assert traces(store, SECRET[0]) == []
    assert Path(store.path, "spkret.json").exists()


@pytest.mark.parametrize("compacted", [False, True])
def test_large_indexes_are_built_again_only_where_rows_went(
    store: Store, monkeypatch: pytest.MonkeyPatch, compacted: bool
) -> None:
    monkeypatch.setattr(exact, "MOST_BYTES", 64 * 150)
    for language in ("en", "de"):
        rows = [embedded(f"{language}-{n}.wav", language=language) for n in range(400)]
        store.recordings.commit(rows)
    store.check(compact=compacted)
    store.vectors.refresh()
    orphan = store.vectors.folder / "language=de" / "noise=clean.0.vectors"
    orphan.write_bytes(SECRET[0].embedding.tobytes())
    untouched = store.vectors.file(("de", "clean"))
    inode, built = untouched.path.stat().st_ino, untouched.built()
    rows = store.recordings.scan(where="path = 'en-7.wav'")
    needles = Needles.of(rows, {"path": ["en-7.wav"]})
    assert all(needles.inside(store.path).values())
    assert store.forget(path="en-7.wav") == 1
    assert not any(needles.inside(store.path).values())
    assert untouched.path.stat().st_ino == inode
    assert untouched.built() == built
    assert not orphan.exists()
    hits = store.vectors.search(rows["embedding"][0].values.to_numpy(), 800)
    assert len(hits.ids) == 799
    assert rows["id"][0].as_py() not in hits.ids
    assert store.check().ok


def test_index_with_a_longer_file_of_vectors_is_built_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "MOST_BYTES", 64 * 150)
    store.recordings.commit([embedded(f"{n}.wav", language="de") for n in range(400)])
    store.recordings.commit(SECRET)
    store.vectors.refresh()
    (vectors,) = store.vectors.folder.glob("language=de/*.vectors")
    with vectors.open("ab") as file:  # of an addition that was cut off
        file.write(SECRET[0].embedding.tobytes())
    assert store.forget(speaker="secret-anna") == 2
    assert not vectors.exists()
    assert traces(store, SECRET[0]) == []
    assert len(store.vectors.search(np.ones(16, np.float32), 9).ids) == 9


def test_what_a_killed_writer_left_is_erased(store: Store) -> None:
    store.recordings.commit([*SECRET, *KEPT])
    for name in ("part-1.zstd.parquet#1", "_delta_log/_commit_1.json.tmp"):
        (store.recordings.delta.path / name).write_bytes(SECRET[0].embedding.tobytes())
    assert store.forget(path="secret-0.wav") == 1
    assert traces(store, SECRET[0]) == []
    assert store.recordings.scan(["id"]).num_rows == 3


def test_copies_are_listed_and_stay(store: Store) -> None:
    twin = embedded("twin.wav", speaker="ben", content="same")
    store.recordings.commit([embedded("one.wav", speaker="anna", content="same"), twin, *KEPT])
    assert store.copies(speaker="anna") == store.copies(path="one.wav") == ["/audio/twin.wav"]
    assert store.copies(speaker="nobody") == store.copies(path="kept-0.wav") == []
    assert store.forget(speaker="anna") == 1
    assert store.copies(path="twin.wav") == []
    with pytest.raises(UsageError):
        store.copies()


def test_failures_that_tell_of_a_speaker_are_forgotten(store: Store) -> None:
    store.recordings.commit([embedded("x/1.wav", speaker="anna"), *KEPT])
    failed = [("anna/bad.wav", "empty"), ("b.wav", "x/1.wav came first"), ("Anna.wav", "empty")]
    failed += [("c/anna-2.wav", "empty"), ("d.wav", "speaker 'anna'"), ("annabel/e.wav", "empty")]
    rows = [
        {"root": "/audio", "path": path, "reason": "r", "detail": detail, "at": NOW}
        for path, detail in failed
    ]
    store.failures.append(pa.Table.from_pylist(rows, FAILURES_SCHEMA))
    assert store.forget(speaker="anna") == 1
    assert store.failures.scan(["path"])["path"].to_pylist() == ["Anna.wav", "annabel/e.wav"]
