import threading
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from builders import embedded
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import few

from spkret.errors import SqlError, StoreError, UsageError
from spkret.store import recordings as recordings_module
from spkret.store.arrays import embeddings, lists
from spkret.store.locks import Locks
from spkret.store.recordings import RecordingsTable
from spkret.store.schema import RECORDINGS_SCHEMA, Embedded, FileStamp, Recording, recording_id
from spkret.store.store import Store


def test_row_comes_back_as_it_was_stored(store: Store) -> None:
    row = embedded("a/1.wav", extra={"session": "zwölf", "b": "1"})
    assert store.recordings.commit([row]) == 1
    table = store.recordings.scan()
    assert table.schema.equals(RECORDINGS_SCHEMA)
    (stored,) = table.to_pylist()
    assert stored["id"] == row.recording.id == recording_id("/audio", "a/1.wav")
    assert stored["modified_at"] == row.stamp.modified_at
    assert (stored["noise"], stored["noise_source"]) == ("clean", "tagger")
    assert (stored["noise_probability"], stored["language_probability"]) == (0.75, None)
    assert stored["extra"] == '{"b": "1", "session": "zwölf"}'
    assert np.isnan(stored["f0_hz"])
    assert stored["gender"] is None
    assert np.array_equal(embeddings(table)[0], row.embedding)
    assert np.array_equal(lists(table, "spectrum_std")[0], row.acoustics.spectrum_std)


def test_empty_table_reads_as_no_rows(store: Store) -> None:
    assert store.recordings.scan().schema.equals(RECORDINGS_SCHEMA)
    assert store.recordings.scan(["id"], where="speaker is null").num_rows == 0
    assert store.recordings.commit([]) == store.recordings.version() == 0
    assert store.recordings.delete([1]) == 0
    assert store.recordings.roots() == []
    assert store.recordings.stamps("/audio") == {}
    assert store.recordings.embeddings_of(["x"]).num_rows == 0


def test_same_id_replaces_its_row_and_the_last_of_a_batch_stays(store: Store) -> None:
    store.recordings.commit([embedded("1.wav", speaker="anna"), embedded("2.wav")])
    store.recordings.commit([embedded("1.wav", speaker="x"), embedded("1.wav", speaker="ben")])
    found = store.recordings.scan(["path", "speaker"]).to_pylist()
    assert sorted(row["path"] for row in found) == ["1.wav", "2.wav"]
    assert {"path": "1.wav", "speaker": "ben"} in found


def test_changed_tag_moves_a_row_in_one_transaction(store: Store) -> None:
    rows = [embedded(f"{n}.wav") for n in range(5)]
    store.recordings.commit(rows)
    moved = [embedded("0.wav", language="de"), embedded("1.wav", noise="unknown")]
    before = store.recordings.version()
    after = store.recordings.commit([*moved, embedded("new.wav", language="fr")])
    assert after == before + 1
    assert store.recordings.scan(["id"], version=before).num_rows == 5
    assert store.recordings.scan(["id"], version=after).num_rows == 6
    assert store.recordings.scan(["path"], language="de")["path"].to_pylist() == ["0.wav"]
    assert store.recordings.scan(["path"], noise="unknown")["path"].to_pylist() == ["1.wav"]


def test_reader_never_sees_a_moving_row_twice_or_not_at_all(store: Store) -> None:
    store.recordings.commit([embedded(f"{n}.wav") for n in range(3)])
    done, seen = threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            seen.add(tuple(sorted(store.recordings.scan(["path"])["path"].to_pylist())))

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(8):
        language = "de" if turn % 2 else "en"
        store.recordings.commit([embedded(f"{n}.wav", language=language) for n in range(2)])
    done.set()
    reader.join()
    assert seen == {("0.wav", "1.wav", "2.wav")}


def test_writers_without_a_lock_in_common_keep_ids_unique(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Locks, "alone", lambda *_: nullcontext())
    rows = [
        embedded(f"{n}.wav", language=language) for n, language in enumerate(["en", "de", "fr"])
    ]
    failures: list[BaseException] = []

    def write(turn: int) -> None:
        try:
            store.recordings.commit([*rows, embedded(f"own{turn}.wav")])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    ids = store.recordings.scan(["id"])["id"].to_pylist()
    assert len(ids) == len(set(ids)) == 7


def test_filters(store: Store) -> None:
    store.recordings.commit(
        [
            embedded("1.wav", language="en", noise="clean", speaker="anna"),
            embedded("2.wav", language="en", noise="background", speaker="ben"),
            embedded("3.wav", language="de", noise="clean", speaker=None),
        ]
    )

    def paths(**filters: object) -> list[str]:
        return sorted(store.recordings.scan(["path"], **filters)["path"].to_pylist())  # type: ignore[arg-type]

    assert paths(language="en") == ["1.wav", "2.wav"]
    assert paths(language="en", noise="clean") == ["1.wav"]
    assert paths(language="e'n") == []
    assert paths(where="speaker is null or speaker = 'ben'") == ["2.wav", "3.wav"]
    assert paths(noise="clean", where="true -- or false") == ["1.wav", "3.wav"]
    ids = [recording_id("/audio", "1.wav"), 5]
    assert paths(ids=ids) == paths(ids=np.array(ids)) == ["1.wav"]
    assert paths(ids=[]) == []


def test_rows_are_sorted_by_id_in_the_columns_asked_for(store: Store) -> None:
    store.recordings.commit(
        [embedded(f"{n}.wav", language="en" if n % 2 else "de") for n in range(9)]
    )
    table = store.recordings.scan(["path", "id"])
    assert table.column_names == ["path", "id"]
    assert table["id"].to_pylist() == sorted(recording_id("/audio", f"{n}.wav") for n in range(9))


@pytest.mark.parametrize(
    "where",
    [
        "nothing = 1",
        "1 = 1) UNION SELECT 1 --",
        "path IN (SELECT content FROM read_text('/etc/hostname'))",
        "selec",
        "rows",
        "duration_s > 2) or (1 = 1",
        "",
        "1 = 1; select 1",
    ],
)
def test_bad_condition_is_an_sql_error_in_one_line(store: Store, where: str) -> None:
    store.recordings.commit([embedded("1.wav")])
    with pytest.raises(SqlError) as error:
        store.recordings.scan(["id"], where=where)
    assert "\n" not in str(error.value)


def test_unknown_column_and_version_are_errors(store: Store) -> None:
    with pytest.raises(UsageError, match="got speakr"):
        store.recordings.scan(["speakr"])
    with pytest.raises(StoreError, match="version 99"):
        store.recordings.scan(["id"], version=99)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (embedded("1.wav", dimension=15), r"shape \(16,\), got \(15,\)"),
        (embedded("1.wav", vector=np.full(16, np.nan)), "finite"),
        (embedded("1.wav", vector=np.ones(16)), "unit length, got length 4"),
        (embedded("1.wav", language="zh-CN"), "language such as"),
        (embedded("1.wav", language="e'n"), "language such as"),
        (embedded("1.wav", noise="loud"), "got 'loud'"),
        (embedded("\udcff.wav"), "UTF-8"),
        (embedded("1.wav", extra={"note": "\udcff"}), "UTF-8"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_batch(
    store: Store, row: Embedded, problem: str
) -> None:
    with pytest.raises(StoreError, match=problem):
        store.recordings.commit([embedded("good.wav"), row])
    assert store.recordings.scan(["id"]).num_rows == 0


def test_delete_counts_rows_that_were_there(store: Store) -> None:
    rows = [embedded(f"{n}.wav", language="en" if n % 2 else "de") for n in range(6)]
    store.recordings.commit(rows)
    assert store.recordings.delete([rows[0].recording.id, rows[1].recording.id, 7]) == 2
    assert store.recordings.scan(["id"]).num_rows == 4


def test_stamps_of_a_root(store: Store) -> None:
    rows = [
        embedded("1.wav", root="/a"),
        embedded("2.wav", root="/a"),
        embedded("1.wav", root="/b'"),
    ]
    store.recordings.commit(rows)
    assert store.recordings.roots() == ["/a", "/b'"]
    stamps = store.recordings.stamps("/b'")
    assert stamps == {"1.wav": rows[2].stamp}
    assert isinstance(stamps["1.wav"], FileStamp)


def test_one_row_for_each_known_content(store: Store) -> None:
    store.recordings.commit(
        [embedded("1.wav", content="x"), embedded("2.wav", content="x"), embedded("3.wav")]
    )
    found = store.recordings.embeddings_of(["x", "unknown"])
    assert found["content_hash"].to_pylist() == ["x"]
    assert found.schema.equals(RECORDINGS_SCHEMA)


def test_small_files_are_merged_when_there_are_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings_module, "_SMALL_FILES", 2)
    monkeypatch.setattr(recordings_module, "_SMALL_FILES_A_CELL", 1)
    for n in range(6):
        store.recordings.commit([embedded(f"{n}.wav")])
    assert len(store.recordings.delta.snapshot().files) <= 3
    assert store.recordings.scan(["id"]).num_rows == 6


def test_log_keeps_no_values(store: Store) -> None:
    row = embedded("secret-name.wav", speaker="secret-speaker")
    store.recordings.commit([row])
    store.recordings.delete([row.recording.id])
    log = Path(store.recordings.delta.path, "_delta_log")
    text = "".join(file.read_text() for file in log.glob("*.json"))
    assert "secret" not in text
    assert str(row.recording.id) not in text


def test_read_survives_files_that_vanish_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.recordings.commit([embedded("1.wav")])
    old = store.recordings.delta.snapshot()
    store.recordings.commit([embedded("1.wav", language="de")])
    store.check(compact=True)
    fresh = type(store.recordings.delta).snapshot
    answers = iter([old])
    monkeypatch.setattr(
        type(store.recordings.delta),
        "snapshot",
        lambda self, version=None: next(answers, None) or fresh(self, version),
    )
    assert store.recordings.scan(["language"])["language"].to_pylist() == ["de"]


tags = st.tuples(st.sampled_from(["en", "de"]), st.sampled_from(["clean", "unknown"]))
commits = st.dictionaries(st.integers(0, 5), tags, min_size=1, max_size=4)
deletes = st.sets(st.integers(0, 5), min_size=1, max_size=3)


@few(12)
@given(st.lists(st.one_of(commits, deletes), min_size=1, max_size=6))
def test_any_sequence_of_writes_equals_a_dict(
    tmp_path_factory: pytest.TempPathFactory, writes: list[dict[int, tuple[str, str]] | set[int]]
) -> None:
    folder = tmp_path_factory.mktemp("table")
    table = RecordingsTable(folder / "recordings", Locks(folder / "locks"), 16)
    table.delta.create()
    model: dict[str, tuple[str, str]] = {}
    for write in writes:
        if isinstance(write, dict):
            table.commit(
                [embedded(f"{n}", language=tag[0], noise=tag[1]) for n, tag in write.items()]
            )
            model |= {f"{n}": tag for n, tag in write.items()}
        else:
            there = {f"{n}" for n in write} & set(model)
            assert table.delete([recording_id("/audio", f"{n}") for n in write]) == len(there)
            for path in there:
                del model[path]
    stored = table.scan(["path", "language", "noise"]).to_pylist()
    assert len(stored) == len(model)
    assert {row["path"]: (row["language"], row["noise"]) for row in stored} == model
    assert pl.scan_delta(str(folder / "recordings")).collect().height == len(model)
    assert DeltaTable(folder / "recordings").count() == len(model)


def test_recording_id_is_of_root_and_path() -> None:
    assert recording_id("/a", "b/c") != recording_id("/a/b", "c")
    assert 0 <= Recording("/a", "b").id < 2**63


def test_edit_sees_the_rows_that_are_there_and_returns_those_that_change(store: Store) -> None:
    store.recordings.commit([embedded(f"{i}.wav") for i in range(4)])
    ids = store.recordings.scan(["id"])["id"].to_pylist()

    def louder(rows: pa.Table) -> pa.Table:
        assert rows["id"].to_pylist() == ids[:3]
        assert rows.schema.equals(RECORDINGS_SCHEMA)
        changed = rows.slice(1)
        place = changed.schema.get_field_index("noise")
        return changed.set_column(place, "noise", pa.array(["background"] * 2))

    assert store.recordings.edit([*ids[:3], 1], louder) == 2
    rows = store.recordings.scan(["id", "noise"]).to_pylist()
    assert [row["id"] for row in rows] == ids
    assert [row["noise"] for row in rows] == ["clean", "background", "background", "clean"]
    assert store.recordings.cells().keys() == {("en", "clean"), ("en", "background")}
    assert store.recordings.edit([1], louder) == 0


def test_rows_of_a_moved_folder_get_its_new_root_and_ids(store: Store) -> None:
    store.recordings.commit([embedded("a.wav", language="de"), embedded("b.wav")])
    there = embedded("b.wav", root="/new", vector=np.eye(16, dtype=np.float32)[2])
    store.recordings.commit([there])
    before = store.recordings.scan(["embedding"], where="path = 'a.wav'")
    assert store.recordings.move("/audio", "/new") == 2
    rows = store.recordings.scan(["id", "root", "path"]).to_pylist()
    assert {(row["root"], row["path"]) for row in rows} == {("/new", "a.wav"), ("/new", "b.wav")}
    assert len(rows) == 2
    assert {row["id"] for row in rows} == {recording_id("/new", p) for p in ("a.wav", "b.wav")}
    kept = store.recordings.scan(["path", "embedding"]).to_pylist()
    assert {row["path"]: row["embedding"] for row in kept} == {
        "a.wav": before["embedding"][0].as_py(),
        "b.wav": there.embedding.tolist(),
    }
    assert store.recordings.move("/audio", "/new") == 0
    assert len(store.vectors.search(np.ones(16, np.float32), 5).ids) == 2
