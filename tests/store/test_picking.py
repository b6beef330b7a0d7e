from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import embedded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spkret.errors import StoreError
from spkret.store import committing, delta, recordings
from spkret.store.schema import RECORDINGS_SCHEMA
from spkret.store.store import Store


def fill(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Store 60 rows in four partitions, several files and row groups of 4; return their ids."""
    monkeypatch.setattr(committing, "_ROWS_A_GROUP", 4)
    for part in range(3):
        rows = [
            embedded(
                f"{n}.wav", language="ende"[n % 2 * 2 :][:2], noise=("clean", "unknown")[n % 4 // 2]
            )
            for n in range(part * 20, part * 20 + 20)
        ]
        store.recordings.commit(rows)
    return [int(id_) for id_ in store.recordings.scan(["id"])["id"].to_pylist()]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(places=st.lists(st.integers(0, 59), max_size=20), language=st.sampled_from([None, "de"]))
def test_few_rows_are_those_that_a_condition_finds(
    store: Store, monkeypatch: pytest.MonkeyPatch, places: list[int], language: str | None
) -> None:
    ids = fill(store, monkeypatch) if store.recordings.version() == 0 else None
    every = ids or store.recordings.scan(["id"])["id"].to_pylist()
    wanted = [every[place] for place in places]
    listed = ", ".join(map(str, [*wanted, -1]))
    picked = store.recordings.scan(ids=[*wanted, 7], language=language)
    found = store.recordings.scan(where=f"id IN ({listed})", language=language)
    assert picked.schema.equals(RECORDINGS_SCHEMA)
    assert picked.drop_columns("f0_hz").equals(found.drop_columns("f0_hz"))  # NaN is not NaN


def test_rows_of_files_that_a_deletion_or_a_merge_wrote(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(store, monkeypatch)
    store.recordings.delete(ids[:1])
    store.recordings.commit([embedded("0.wav"), embedded("59.wav", language="fr")])
    left = store.recordings.scan(["id"])["id"].to_pylist()
    for table in (
        store.recordings.scan(ids=left),
        store.recordings.scan(["id", "speaker", "path", "embedding"], ids=left),
    ):
        read = store.recordings.scan(table.column_names, where="true")
        keep = [name for name in table.column_names if name != "f0_hz"]
        assert table.select(keep).equals(read.select(keep))


def test_row_groups_are_small_and_numbers_have_no_dictionary(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, monkeypatch)
    for file in store.recordings.delta.snapshot().files:
        about = pq.ParquetFile(file.path).metadata
        assert max(about.row_group(n).num_rows for n in range(about.num_row_groups)) <= 4
        columns = {
            (c := about.row_group(0).column(n)).path_in_schema: c for n in range(about.num_columns)
        }
        lists = [c for name, c in columns.items() if ".list." in name]
        assert len(lists) == 3
        assert not any(c.has_dictionary_page for c in lists)
        assert columns["root"].has_dictionary_page


def test_many_rows_and_narrow_columns_are_read_as_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(store, monkeypatch)
    picked = store.recordings.scan(["embedding", "language"], ids=ids)
    monkeypatch.setattr(recordings, "_MOST_PICKED", 10)
    assert store.recordings.scan(["embedding", "language"], ids=ids).equals(picked)
    monkeypatch.setattr(delta, "pick", None)
    assert store.recordings.scan(["id"], ids=ids[:3])["id"].to_pylist() == sorted(ids[:3])


def test_damaged_file_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = fill(store, monkeypatch)
    for file in store.recordings.delta.snapshot().files:
        data = bytearray(Path(file.path).read_bytes())
        data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
        Path(file.path).write_bytes(data)
    with pytest.raises(StoreError, match="check --repair"):
        store.recordings.scan(["id", "embedding"], ids=ids)


def test_rows_of_an_older_version(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = fill(store, monkeypatch)
    before = store.recordings.version()
    store.recordings.delete(ids[:30])
    assert store.recordings.scan(["embedding"], ids=ids, version=before).num_rows == 60
    assert store.recordings.scan(["embedding"], ids=ids).num_rows == 30
    assert store.recordings.scan(["id", "embedding"], ids=[]).num_rows == 0
    np.testing.assert_array_equal(pa.array(ids[30:]), store.recordings.scan(["id"])["id"])
