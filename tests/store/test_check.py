import errno
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import embedded
from deltalake import write_deltalake

from spkret.errors import StoreError
from spkret.store import reading
from spkret.store.exact import Exact
from spkret.store.recordings import to_table
from spkret.store.schema import Embedded
from spkret.store.scores import FAILURES_SCHEMA
from spkret.store.store import Store


def fill(store: Store) -> None:
    store.recordings.commit([embedded(f"{n}.wav", language=["en", "de"][n % 2]) for n in range(10)])
    store.vectors.refresh()


def paths(store: Store) -> list[str]:
    return sorted(store.recordings.scan(["path"])["path"].to_pylist())


def rows_without_nan(store: Store) -> pa.Table:
    return store.recordings.scan().drop_columns(["f0_hz"])


def smuggle(store: Store, *rows: Embedded, **columns: object) -> None:
    """Append rows as another program could, past all checks."""
    table = to_table(rows)
    for name, value in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(
            place, name, pa.array([value] * len(rows), table.schema[place].type)
        )
    write_deltalake(store.recordings.delta.handle(), table, mode="append")


def test_whole_store_is_ok(store: Store) -> None:
    assert store.check().ok
    fill(store)
    report = store.check()
    assert (report.ok, report.rows, report.index_fresh) == (True, 10, True)
    assert report.problems == report.repaired == ()
    store.recordings.commit([embedded("new.wav")])
    assert store.check().ok
    assert not store.check().index_fresh
    assert store.check(repair=True).index_fresh


@pytest.mark.parametrize(
    ("row", "columns", "problem"),
    [
        (embedded("bad.wav", dimension=15), {}, "wrong embedding"),
        (embedded("bad.wav", vector=np.full(16, np.nan)), {}, "wrong embedding"),
        (embedded("bad.wav", vector=np.ones(16)), {}, "wrong embedding"),
        (embedded("bad.wav"), {"embedding": None}, "wrong embedding"),
        (embedded("bad.wav"), {"embedding": [None] * 16}, "wrong embedding"),
        (embedded("bad.wav"), {"id": 5}, "an id that is not"),
        (embedded("bad.wav"), {"path": None}, "an id that is not"),
        (embedded("bad.wav"), {"extra": "{"}, "no JSON"),
        (embedded("bad.wav"), {"extra": None}, "no JSON"),
        (embedded("bad.wav", language="zh-CN"), {}, "tags that no row"),
        (embedded("bad.wav", noise="loud"), {}, "tags that no row"),
    ],
)
def test_broken_row_is_found_and_set_aside(
    store: Store, row: Embedded, columns: dict[str, object], problem: str
) -> None:
    fill(store)
    whole = paths(store)
    smuggle(store, row, **columns)
    report = store.check()
    assert not report.ok
    assert any(problem in line and "1 rows" in line for line in report.problems)
    repaired = store.check(repair=True)
    assert (repaired.ok, repaired.problems, repaired.index_fresh) == (True, (), True)
    assert "set aside 1 rows" in repaired.repaired[0]
    assert paths(store) == whole
    (aside,) = store.set_aside_path.rglob("*.parquet")
    kept = pq.ParquetFile(aside).read()
    assert kept["content_hash"].to_pylist() == [row.stamp.content_hash]
    assert store.check().ok


@pytest.mark.parametrize("language", ["en", "de"])
def test_of_two_rows_with_one_id_the_newer_whole_one_stays(store: Store, language: str) -> None:
    fill(store)
    late = datetime.now(UTC) + timedelta(hours=1)
    smuggle(store, embedded("0.wav", language=language, speaker="newer"), indexed_at=late)
    later = late + timedelta(hours=1)
    smuggle(store, embedded("0.wav", vector=np.ones(16)), indexed_at=later)
    assert any("another row has" in line for line in store.check().problems)
    assert store.check(repair=True).ok
    rows = store.recordings.scan(
        ["path", "speaker", "language"], where="path = '0.wav'"
    ).to_pylist()
    assert rows == [{"path": "0.wav", "speaker": "newer", "language": language}]
    assert len(paths(store)) == 10


def test_partition_of_broken_rows_alone_is_emptied(store: Store) -> None:
    smuggle(store, embedded("bad.wav", vector=np.ones(16)))
    assert store.check(repair=True).ok
    assert paths(store) == []


def data_file(store: Store, language: str = "en") -> Path:
    (file,) = Path(store.recordings.delta.path, f"language={language}").rglob("*.parquet")
    return file


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-100]),
        lambda file: file.write_bytes(b"garbage" * 1000),
    ],
)
def test_damaged_file_is_set_aside_and_the_rest_stays(store: Store, damage: object) -> None:
    fill(store)
    file = data_file(store)
    damage(file)  # type: ignore[operator]
    with pytest.raises(StoreError, match="spkret check --repair"):
        store.recordings.scan()
    report = store.check()
    assert not report.ok
    assert any(str(file) in line for line in report.problems)
    existed = file.exists()
    assert store.check(repair=True).ok
    assert paths(store) == [f"{n}.wav" for n in (1, 3, 5, 7, 9)]
    assert len(list(store.set_aside_path.rglob("*.parquet"))) == existed
    store.recordings.commit([embedded("0.wav")])
    assert len(paths(store)) == 6


def test_index_of_other_vectors_is_found_and_built_again(store: Store) -> None:
    fill(store)
    file = store.vectors.file(("en", "clean"))
    built = file.built()
    assert built is not None
    index: Any = faiss.read_index(str(file.path))
    ids = faiss.vector_to_array(index.id_map)
    wrong = faiss.index_factory(16, "IDMap2,Flat", faiss.METRIC_INNER_PRODUCT)
    wrong.add_with_ids(np.eye(16, dtype=np.float32)[: len(ids)], ids)
    file.save(Exact(wrong), built.version, built.files, built.rows)
    again = Store.open(store.path)
    report = again.check()
    assert not report.ok
    assert str(file.path) in report.problems[0]
    assert again.check(repair=True).ok
    query = again.recordings.scan(["id", "embedding"], language="en").to_pylist()[0]
    assert again.vectors.search(np.array(query["embedding"]), 1).ids[0] == query["id"]


def test_lost_log_table_is_replaced_and_lost_recordings_are_reported(store: Store) -> None:
    fill(store)
    shutil.rmtree(store.failures.delta.path)
    (store.scores.delta.path / "_delta_log" / f"{0:020}.json").write_text("{")
    assert len(store.check().problems) == 2
    assert store.check(repair=True).ok
    assert store.failures.count() == store.scores.count() == 0
    assert (store.set_aside_path).exists()
    shutil.rmtree(store.recordings.delta.path / "_delta_log")
    report = store.check(repair=True)
    assert not report.ok
    assert data_file(store).exists(), "no row is deleted"


def test_compaction_leaves_the_current_files_alone_and_the_same_rows(store: Store) -> None:
    for n in range(6):
        store.recordings.commit(
            [embedded(f"{n}.wav"), embedded("moving.wav", language="ab"[n % 2] * 2)]
        )
        row = {"root": "/a", "path": "b", "reason": "c", "detail": "d", "at": datetime.now(UTC)}
        store.failures.append(pa.Table.from_pylist([row], FAILURES_SCHEMA))
    store.recordings.delta.handle().create_checkpoint()
    orphan = store.recordings.delta.path / "language=en" / "noise=clean" / "part-orphan.parquet"
    orphan.write_bytes(b"left by a killed writer")
    store.vectors.refresh()
    leftover = store.vectors.folder / "language=en" / ".noise=clean.faiss.0.tmp"
    leftover.touch()
    before = rows_without_nan(store)
    report = store.check(compact=True)
    assert report.ok
    assert report.index_fresh
    assert report.freed_bytes > 0
    assert not leftover.exists()
    assert rows_without_nan(store).equals(before)
    files = {str(path) for path in store.recordings.delta.path.rglob("*.parquet")}
    assert files == {file.path for file in store.recordings.delta.snapshot().files}
    assert len(files) == 2
    assert store.failures.count() == 6
    store.recordings.commit([embedded("after.wav")])
    assert len(paths(store)) == 8


def test_want_of_memory_is_not_told_as_damage(store: Store) -> None:
    """DuckDB of a short machine, imitated by its limit: nothing is set aside."""
    store.recordings.commit([embedded(f"{n}.wav") for n in range(1_000)])
    database = reading._shared(os.getpid())
    (limit,) = database.sql("SELECT current_setting('memory_limit')").fetchall()[0]
    database.execute("SET memory_limit = '1MB'")
    try:
        with pytest.raises(StoreError, match="not enough memory to read"):
            store.recordings.scan(["id", "embedding"])
        with pytest.raises(StoreError, match="not enough memory to check"):
            store.check(repair=True)
    finally:
        database.execute(f"SET memory_limit = '{limit}'")
    assert store.check().ok
    assert len(paths(store)) == 1_000


def test_a_file_that_may_not_be_opened_is_not_told_as_damage(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)

    def refused(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patched:
        patched.setattr("pyarrow.parquet.ParquetFile", refused)
        with pytest.raises(StoreError, match="Too many open files"):
            store.check(repair=True)
    assert store.check().ok
