from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from builders import embedded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spkret.errors import StoreError
from spkret.store import finding
from spkret.store.places import Places
from spkret.store.references import Reference, resolve
from spkret.store.schema import recording_id
from spkret.store.store import Store

NAMES = ["id", "path", "language", "embedding"]


@pytest.fixture(autouse=True)
def with_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SMALLEST_BYTES", 0)


def fill(store: Store, start: int = 0, count: int = 30) -> list[int]:
    rows = [
        embedded(f"{n}.wav", language="ende"[n % 2 * 2 :][:2], speaker=f"s{n % 5}")
        for n in range(start, start + count)
    ]
    store.recordings.commit(rows)
    return [row.recording.id for row in rows]


def check(store: Store, ids: list[int], language: str | None = None) -> pa.Table:
    """Compare what the map finds with what a condition finds; return it."""
    picked = store.recordings.scan(NAMES, ids=[*ids, 7], language=language)
    listed = ", ".join(map(str, [*ids, 7]))
    assert picked.equals(store.recordings.scan(NAMES, where=f"id IN ({listed})", language=language))
    return picked


def map_of(store: Store) -> Path:
    return store.path / "index" / "places"


def test_map_follows_commits_deletions_merges_and_compaction(store: Store) -> None:
    ids = fill(store)
    assert check(store, ids).num_rows == 30
    assert check(store, ids[:9], "de").num_rows == 4
    ids += fill(store, 30)
    assert check(store, ids).num_rows == 60
    store.recordings.delete(ids[:10])
    assert check(store, ids).num_rows == 50
    store.recordings.commit([embedded("20.wav", language="fr"), embedded("99.wav")])
    assert check(store, [*ids, recording_id("/audio", "99.wav")]).num_rows == 51
    store.recordings.merge_files()
    assert check(store, ids).num_rows == 50
    store.check(compact=True)
    assert check(store, ids).num_rows == 50


def test_lost_and_damaged_maps_are_made_again(store: Store) -> None:
    ids = fill(store)
    check(store, ids)
    whole = map_of(store).read_bytes()
    for place in (0, 100, len(whole) // 2, len(whole) - 1):
        data = bytearray(whole)
        data[place] ^= 16
        map_of(store).write_bytes(data)
        again = Store.open(store.path)
        assert check(again, ids).num_rows == 30
        assert map_of(store).read_bytes() == whole
    map_of(store).unlink()
    assert check(Store.open(store.path), ids).num_rows == 30
    assert map_of(store).read_bytes() == whole


def test_rows_with_another_id_than_the_map_tells_are_not_taken(store: Store) -> None:
    ids = fill(store)
    check(store, ids)
    right = Places.read(map_of(store))
    assert right is not None
    wrong = Places.of(right.files, right.roots, *np.array([right.table[0], right.table[1][::-1]]))
    assert wrong is not None
    wrong.write(map_of(store))
    assert check(Store.open(store.path), ids[:5]).num_rows == 5


def test_older_version_is_found_and_leaves_the_newest_map(store: Store) -> None:
    ids = fill(store)
    before = store.recordings.version()
    store.recordings.delete(ids[:5])
    check(store, ids)
    kept = map_of(store).read_bytes()
    assert store.recordings.scan(NAMES, ids=ids, version=before).num_rows == 30
    assert map_of(store).read_bytes() == kept


def test_nothing_is_written_while_rows_are_erased_and_nothing_is_left(store: Store) -> None:
    ids = fill(store)
    with store.locks.maintaining():
        assert check(store, ids).num_rows == 30
    assert not map_of(store).exists()
    check(Store.open(store.path), ids)
    gone = recording_id("/audio", "3.wav")
    assert gone.to_bytes(8, "little") in map_of(store).read_bytes()
    store.forget(path="3.wav")
    held = b"".join(p.read_bytes() for p in store.path.rglob("*") if p.is_file())
    assert gone.to_bytes(8, "little") not in held
    assert check(store, ids).num_rows == 29


def test_store_that_cannot_be_written_stays_without(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    ids = fill(store)
    monkeypatch.setattr(Places, "write", full)
    assert check(store, ids).num_rows == 30
    assert not map_of(store).exists()


def test_small_table_has_no_map(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SMALLEST_BYTES", 10**9)
    assert check(store, fill(store)).num_rows == 30
    assert not map_of(store).exists()


def test_damaged_rows_are_told_and_not_the_map(store: Store) -> None:
    ids = fill(store)
    for file in store.recordings.delta.snapshot().files:
        Path(file.path).write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(StoreError, match="check --repair"):
        store.recordings.scan(NAMES, ids=ids)
    with pytest.raises(StoreError, match="check --repair"):
        resolve(store.recordings, ["3.wav"])


def test_readers_find_all_rows_while_others_are_added(store: Store) -> None:
    ids = fill(store)

    def read(_: int) -> int:
        found = Store.open(store.path).recordings.scan(NAMES, ids=ids)
        return int(found.num_rows)

    with ThreadPoolExecutor(4) as pool:
        counts = pool.map(read, range(24))
        for start in range(100, 600, 100):
            fill(store, start, 3)
        assert set(counts) == {30}


ROOTS = ("/audio", "/audio/sub", "/", "/other/")
PATHS = ("a.wav", "sub/a.wav", "b c.wav", "é.wav")
IDS = st.builds(recording_id, st.sampled_from(ROOTS), st.sampled_from(PATHS))
FULL = st.builds(
    lambda root, path: f"{root.rstrip('/')}/{path}", st.sampled_from(ROOTS), st.sampled_from(PATHS)
)
REFERENCES = st.one_of(
    *(st.sampled_from(PATHS), FULL, IDS, IDS.map(str)),
    st.sampled_from(["nothing.wav", "/audio/../audio/a.wav", 5, "\ud800.wav"]),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(references=st.lists(REFERENCES, max_size=6))
def test_names_mean_the_same_with_the_map_and_without(
    store: Store, monkeypatch: pytest.MonkeyPatch, references: list[Reference]
) -> None:
    if store.recordings.version() == 0:
        rows = [(r, p) for r in ROOTS for p in PATHS if len(r + p) % 3]
        store.recordings.commit([embedded(path, root=root) for root, path in rows])
    outcomes = []
    for smallest in (0, 10**9):
        monkeypatch.setattr(finding, "SMALLEST_BYTES", smallest)
        try:
            outcomes.append(repr(resolve(store.recordings, references, missing_ok=True)))
        except Exception as error:
            outcomes.append(repr(error))
    assert outcomes[0] == outcomes[1]
