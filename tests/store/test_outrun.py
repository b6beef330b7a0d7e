"""A store at a URL while another machine, or another process of this one, clears it up."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import TOY_IDENTITY, embedded

from spkret.errors import StoreError
from spkret.store import files, finding
from spkret.store.building import Builder
from spkret.store.clearing import purge
from spkret.store.copies import Copies
from spkret.store.published import Published
from spkret.store.recordings import RecordingsTable
from spkret.store.remote import Remote
from spkret.store.store import Store

QUERY = np.arange(1, 17, dtype=np.float32)
ROWS = [
    embedded(f"{n}.wav", speaker=f"speaker-{n % 3}", language=["en", "de"][n % 2]) for n in range(8)
]


@pytest.fixture
def store(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "here"))
    made = Store.create(f"{bucket}/store", TOY_IDENTITY)
    made.recordings.commit(ROWS[:4])
    made.recordings.commit(ROWS[4:])
    return made


@pytest.fixture
def other(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store as another machine opens it."""
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "there"))
    opened = Store.open(store.place)
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "here"))
    return opened


def nothing() -> None:
    """Do nothing."""


def once(
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    before: Callable[[], object] = nothing,
    after: Callable[[], object] = nothing,
) -> None:
    """Do something just before or after a method runs for the first time."""
    real = getattr(owner, name)
    todo = [after, before]

    def hooked(*args: object, **options: object) -> object:
        first = len(todo) == 2
        if first:
            todo.pop()()
        result = real(*args, **options)
        if first:
            todo.pop()()
        return result

    monkeypatch.setattr(owner, name, hooked)


def languages(store: Store) -> set[str]:
    """Tell of which partitions a machine has copies of rows."""
    return {path.parts[-3].removeprefix("language=") for path in store.path.rglob("*.parquet")}


def test_forgetting_beside_a_writer_leaves_no_voice(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deltalake import DeltaTable

    store.recordings.commit([embedded("secret.wav", speaker="anna", language="fr")])
    once(monkeypatch, DeltaTable, "vacuum", lambda: other.recordings.commit(ROWS))
    assert store.forget(speaker="anna") == 1
    objects = Remote(str(store.place), store.path)
    assert not [name for name in objects.names("recordings") if "language=fr" in name]
    assert store.recordings.scan(["id"]).num_rows == 8


@pytest.mark.parametrize("step", ["_upsert", "_merger"])
@pytest.mark.parametrize("act", ["compact", "forget"])
def test_a_commit_outlives_maintenance_elsewhere(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch, step: str, act: str
) -> None:
    def maintain() -> object:
        if act == "compact":
            return other.check(compact=True)
        return other.forget(speaker="speaker-1")

    once(monkeypatch, RecordingsTable, step, maintain)
    store.recordings.commit(ROWS)
    assert store.recordings.scan(["id"]).num_rows == 8


def test_building_indexes_outlives_compaction_elsewhere(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    once(monkeypatch, Builder, "_built", lambda: other.check(compact=True))
    for path in (store.path / "recordings").rglob("*.parquet"):
        path.unlink()
    store.vectors.refresh()
    assert store.vectors.search(QUERY, 30).ids.size == 8
    assert store.check().index_fresh


def test_an_even_part_fetches_the_files_it_reads(other: Store) -> None:
    snapshot = other.recordings.delta.snapshot()
    sampled = other.recordings.delta.sample(["id", "embedding"], 10, at=snapshot)
    copies = [*other.path.rglob("*.parquet")]
    assert sampled.num_rows == 2 * len(copies) == 4


def test_a_reader_outlives_the_sweep_of_another_process(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = store.recordings.delta.snapshot()
    other.recordings.commit(ROWS)
    once(monkeypatch, Copies, "fetch", after=lambda: Store.open(store.place))
    assert store.recordings.scan(["id"], version=pinned).num_rows == 8


def test_batches_outlive_a_sweep_and_tell_of_files_cleared_away(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = store.recordings.delta.snapshot()
    other.recordings.commit(ROWS)
    batches = store.recordings.embedding_batches(("de", "clean"), pinned)
    assert len(next(batches)[0]) == 2
    Store.open(store.place)
    assert [len(ids) for ids, _ in batches] == [2]
    other.check(compact=True)
    Store.open(store.place)
    with pytest.raises(StoreError, match="was cleared away while it was read"):
        next(store.recordings.embedding_batches(("de", "clean"), pinned))


def test_compaction_spares_copies_under_way_and_forgetting_does_not(store: Store) -> None:
    assert store.recordings.scan(["id"]).num_rows == 8
    copy = Path(store.recordings.delta.snapshot().files[0].path)
    with files.replacing(copy) as temporary:
        temporary.write_bytes(copy.read_bytes())
        purge(store.recordings.delta)
        assert temporary.exists()
        purge(store.recordings.delta, forgetting=True)
        assert not temporary.exists()
        temporary.write_bytes(copy.read_bytes())


@pytest.mark.parametrize("smallest", [0, finding.SMALLEST_BYTES])
def test_few_rows_fetch_the_files_they_are_in(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch, smallest: int
) -> None:
    monkeypatch.setattr(finding, "SMALLEST_BYTES", smallest)
    ids = [ROWS[0].recording.id]
    columns = ["id", "embedding"]
    wanted = store.recordings.scan(columns, ids=ids)
    if not smallest:
        assert other.recordings.scan(columns, ids=ids).equals(wanted)
        for path in other.path.rglob("*.parquet"):
            path.unlink()
        assert other.recordings.scan(columns, ids=ids).equals(wanted)
    assert other.recordings.scan(columns, language="en", ids=ids).equals(wanted)
    assert languages(other) == {"en"}


def test_a_damaged_index_fetches_its_own_partition_alone(store: Store, other: Store) -> None:
    wanted = store.vectors.search(QUERY, 3, language="de")
    other.vectors.refresh([("de", "clean")])
    file = other.vectors.file(("de", "clean"))
    data = bytearray(file.path.read_bytes())
    data[-3] ^= 1
    file.path.write_bytes(data)
    np.testing.assert_array_equal(other.vectors.search(QUERY, 3, language="de").ids, wanted.ids)
    assert not other.vectors.file(("en", "clean")).path.exists()
    assert languages(other) <= {"de"}


def test_who_may_only_read_searches_while_others_write(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_args: object) -> None:
        raise StoreError("access is denied")

    def change() -> None:
        store.recordings.commit([embedded("new.wav", language="de")])
        for name in ("push", "write", "delete"):
            monkeypatch.setattr(Remote, name, denied)

    once(monkeypatch, Published, "push", change)
    assert other.vectors.search(QUERY, 30).ids.size >= 8
