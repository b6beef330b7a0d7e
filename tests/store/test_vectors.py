import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pytest
from builders import embedded

from spkret.errors import StoreError, UsageError
from spkret.store import exact, partition
from spkret.store.approximate import Approximate
from spkret.store.arrays import embeddings
from spkret.store.exact import Exact
from spkret.store.partition import PartitionFile
from spkret.store.raw_vectors import RawVectors
from spkret.store.sealed import seal, unseal
from spkret.store.store import Store

LANGUAGES, NOISES = ("en", "de"), ("clean", "background")
QUERY = np.random.default_rng(1).normal(size=16).astype(np.float32)


def fill(store: Store, numbers: range = range(200), tag: str = "") -> None:
    store.recordings.commit(
        [
            embedded(f"{tag}{n}.wav", language=LANGUAGES[n % 2], noise=NOISES[n // 2 % 2])
            for n in numbers
        ]
    )


def brute_force(
    store: Store, query: npt.NDArray[np.float32], k: int, where: str = "true"
) -> tuple[list[int], npt.NDArray[np.float32]]:
    rows = store.recordings.scan(["id", "embedding"], where=where)
    cosines = embeddings(rows) @ (query / np.linalg.norm(query))
    best = np.argsort(-cosines)[:k]
    return rows["id"].to_numpy()[best].tolist(), cosines[best]


def assert_exact(store: Store) -> None:
    hits = store.vectors.search(QUERY, 10)
    ids, cosines = brute_force(store, QUERY, 10)
    assert hits.ids.tolist() == ids
    np.testing.assert_allclose(hits.cosines, cosines, atol=1e-6)


def times(store: Store) -> dict[str, int]:
    return {
        str(path.relative_to(store.vectors.folder)): path.stat().st_mtime_ns
        for path in store.vectors.folder.rglob("*.faiss")
    }


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        ({}, "true"),
        ({"language": "en"}, "language = 'en'"),
        ({"noise": "clean"}, "noise = 'clean'"),
        ({"language": "de", "noise": "background"}, "language = 'de' and noise = 'background'"),
    ],
)
def test_search_equals_brute_force(store: Store, filters: dict[str, str], where: str) -> None:
    fill(store)
    hits = store.vectors.search(QUERY, 20, **filters)  # type: ignore[arg-type]
    ids, cosines = brute_force(store, QUERY, 20, where)
    assert hits.ids.tolist() == ids
    np.testing.assert_allclose(hits.cosines, cosines, atol=1e-6)
    assert hits.ids.dtype == np.int64
    assert hits.cosines.dtype == np.float32


def test_search_among_allowed_ids_is_exact(store: Store) -> None:
    fill(store)
    allowed = store.recordings.scan(["id"])["id"].to_numpy()[::7]
    hits = store.vectors.search(QUERY, 5, language="en", allowed_ids=allowed)
    listed = ", ".join(map(str, allowed))
    ids, cosines = brute_force(store, QUERY, 5, f"language = 'en' and id in ({listed})")
    assert hits.ids.tolist() == ids
    np.testing.assert_allclose(hits.cosines, cosines, atol=1e-6)
    assert store.vectors.search(QUERY, 5, allowed_ids=[]).ids.size == 0


def test_fewer_rows_than_asked_for_and_none(store: Store) -> None:
    assert store.vectors.search(QUERY, 5).ids.size == 0
    assert store.vectors.fresh()
    fill(store, range(3))
    assert len(store.vectors.search(QUERY, 5).ids) == 3
    assert store.vectors.search(QUERY, 5, language="fr").ids.size == 0


def test_equal_cosines_come_by_id(store: Store) -> None:
    unit = np.eye(16)[0]
    store.recordings.commit([embedded(f"{n}.wav", vector=unit) for n in range(9)])
    hits = store.vectors.search(QUERY, 9)
    assert hits.ids.tolist() == sorted(hits.ids.tolist())


@pytest.mark.parametrize(
    ("query", "k"),
    [
        (np.ones(15), 5),
        (np.zeros(16), 5),
        (np.full(16, np.nan), 5),
        (np.ones((1, 16)), 5),
        (QUERY, 0),
    ],
)
def test_unusable_query_is_a_usage_error(
    store: Store, query: npt.NDArray[np.float32], k: int
) -> None:
    with pytest.raises(UsageError, match=r"shape \(16,\)"):
        store.vectors.search(query, k)


def test_commit_makes_only_its_partition_stale(store: Store) -> None:
    fill(store)
    store.vectors.refresh()
    assert store.vectors.fresh()
    before = times(store)
    store.recordings.commit([embedded("new.wav", language="en", noise="clean")])
    assert not store.vectors.fresh()
    assert_exact(store)
    assert store.vectors.fresh()
    changed = {name for name, time in times(store).items() if time != before[name]}
    assert changed == {"language=en/noise=clean.faiss"}


def test_added_rows_extend_the_index_and_changed_ones_rebuild_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[int] = []
    build = Exact.build

    def counted(ids: Any, vectors: Any) -> Any:
        builds.append(len(ids))
        return build(ids, vectors)

    monkeypatch.setattr(Exact, "build", counted)
    fill(store, range(20))
    store.vectors.refresh()
    assert builds == [5] * 4
    fill(store, range(20), "more")
    assert_exact(store)
    store.recordings.merge_files()
    assert_exact(store)
    assert len(builds) == 4, "adding rows and merging files build nothing again"
    store.recordings.commit([embedded("0.wav", vector=np.eye(16)[3])])
    assert_exact(store)
    gone = store.recordings.scan(["id"], language="de", noise="clean")["id"].to_pylist()[0]
    store.recordings.delete([gone])
    assert_exact(store)
    assert builds[4:] == [10, 9]


def test_empty_partition_loses_its_index(store: Store) -> None:
    fill(store, range(8))
    store.vectors.refresh()
    store.recordings.delete(store.recordings.scan(["id"], language="de")["id"].to_numpy())
    assert not store.vectors.fresh()
    store.vectors.refresh()
    assert set(times(store)) == {
        "language=en/noise=clean.faiss",
        "language=en/noise=background.faiss",
    }
    assert store.vectors.fresh()


def index_file(store: Store) -> Path:
    return store.vectors.folder / "language=en" / "noise=clean.faiss"


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def garble(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-200] ^= 0xFF
    file.write_bytes(bytes(data))


def rewrite_note(file: Path, **changes: object) -> None:
    note = file.with_suffix(".json")
    note.write_text(json.dumps(json.loads(note.read_text()) | changes))


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        cut,
        garble,
        lambda file: file.write_bytes(b""),
        lambda file: file.with_suffix(".json").unlink(),
        lambda file: file.with_suffix(".json").write_text("{"),
        lambda file: file.with_suffix(".json").write_text('{"files": 3}'),
        lambda file: file.with_suffix(".json").write_text("[]"),
    ],
)
def test_lost_or_damaged_index_is_built_again(store: Store, damage: object) -> None:
    fill(store)
    store.vectors.refresh()
    damage(index_file(store))  # type: ignore[operator]
    again = Store.open(store.path)
    assert_exact(again)
    assert again.vectors.fresh()


@pytest.mark.parametrize("changes", [{"count": 7}, {"rescored": "1"}, {"digest": None}])
def test_index_whose_note_was_changed_or_is_not_sealed_is_built_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    monkeypatch.setattr(exact, "fits", lambda *_: False)
    fill(store)
    store.vectors.refresh()
    rewrite_note(index_file(store), **changes)
    again = Store.open(store.path)
    assert not again.vectors.fresh()
    assert_exact(again)
    assert again.check().ok


def test_note_of_an_earlier_version_makes_an_index_be_built_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed, but without the margin by which lists are chosen."""
    monkeypatch.setattr(exact, "fits", lambda *_: False)
    fill(store)
    store.vectors.refresh()
    note = index_file(store).with_suffix(".json")
    fields = unseal(note.read_text())
    del fields["margin"]
    note.write_text(json.dumps(seal(fields)))
    again = Store.open(store.path)
    assert not again.vectors.fresh()
    assert_exact(again)


def test_index_that_cannot_be_written_is_told_in_one_line(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)

    def full(*_: object) -> None:
        raise RuntimeError("Error in write_index: 'ret == (size)' failed: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(faiss, "write_index", full)
        with pytest.raises(StoreError, match="see that its disk has room"):
            store.vectors.refresh()
    assert_exact(Store.open(store.path))


def test_search_in_memory_sees_what_another_process_indexed(store: Store) -> None:
    fill(store)
    assert_exact(store)
    other = Store.open(store.path)
    other.recordings.commit([embedded("new.wav", vector=QUERY / np.linalg.norm(QUERY))])
    other.vectors.refresh()
    assert_exact(store)


def test_large_partition_is_searched_in_part_and_scored_exactly(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "MOST_BYTES", 64 * 1_000)
    store.recordings.commit([embedded(f"{n}.wav") for n in range(3_000)])
    store.vectors.refresh()
    file = store.vectors.file(("en", "clean"))
    index: Any = faiss.read_index(str(file.path))
    lists: Any = faiss.try_extract_index_ivf(faiss.downcast_index(index.index))
    assert lists.nlist > 10
    assert store.vectors.recalls()[("en", "clean")] >= 0.99
    found = 0
    for n in range(20):
        query = np.random.default_rng(n).normal(size=16).astype(np.float32)
        hits = store.vectors.search(query, 20)
        truth = dict(zip(*brute_force(store, query, 3_000), strict=True))
        np.testing.assert_allclose(hits.cosines, [truth[i] for i in hits.ids.tolist()], atol=1e-6)
        found += len(set(hits.ids.tolist()) & set(list(truth)[:20]))
    assert found >= 0.97 * 20 * 20
    assert store.vectors.equals_rows(("en", "clean"))
    store.recordings.commit([embedded("new.wav", vector=QUERY / np.linalg.norm(QUERY))])
    assert store.vectors.search(QUERY, 1).cosines[0] == pytest.approx(1, abs=1e-6)
    assert store.vectors.equals_rows(("en", "clean"))


def raw_files(store: Store) -> list[Path]:
    return sorted(store.vectors.folder.rglob("*.vectors"))


def test_raw_vectors_are_kept_while_their_index_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "MOST_BYTES", 64 * 150)
    store.recordings.commit([embedded(f"{n}.wav") for n in range(400)])
    store.vectors.refresh()
    first = raw_files(store)
    assert [file.stat().st_size for file in first] == [400 * 64]
    first[0].with_name("noise=clean.killed.vectors").write_bytes(b"half of a build")
    store.recordings.delete(store.recordings.scan(["id"])["id"].to_numpy()[:100])
    store.vectors.refresh()
    assert [file.stat().st_size for file in raw_files(store)] == [300 * 64]
    assert raw_files(store) != first
    store.recordings.delete(store.recordings.scan(["id"])["id"].to_numpy())
    store.vectors.refresh()
    assert not raw_files(store)


@pytest.mark.parametrize("damage", [Path.unlink, cut])
def test_lost_or_cut_raw_vectors_are_written_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(exact, "MOST_BYTES", 64 * 150)
    store.recordings.commit([embedded(f"{n}.wav") for n in range(400)])
    store.vectors.refresh()
    damage(raw_files(store)[0])
    again = Store.open(store.path)
    assert not again.vectors.fresh()
    assert len(again.vectors.search(QUERY, 5).ids) == 5
    assert again.vectors.equals_rows(("en", "clean"))


def speakers(count: int, seed: int = 0, spread: float = 0.6) -> npt.NDArray[np.float32]:
    """Unit vectors (count, 16) around as many speakers as one in twenty."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count // 20, 16))
    vectors = np.repeat(centres, 20, axis=0) + spread * rng.normal(size=(count, 16))
    unit: npt.NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32)


def built(folder: Path, vectors: npt.NDArray[np.float32]) -> Approximate:
    ids = np.arange(len(vectors)) + 1000
    raw = RawVectors(folder / "noise=clean.test.vectors", vectors.shape[1])
    return Approximate.build([(ids, vectors)], len(ids), raw)


@pytest.mark.parametrize("k", [1, 20, 100, 1_000, 20_000, 30_000])
def test_as_many_hits_as_asked_for_and_the_right_ones(tmp_path: Path, k: int) -> None:
    vectors = speakers(20_000)
    index = built(tmp_path, vectors)
    right = 0
    for query in speakers(100, seed=1)[:5]:
        ids, cosines = index.search(query, k)
        exact = vectors @ query
        assert len(ids) == min(k, 20_000)
        np.testing.assert_allclose(cosines, exact[ids - 1000], atol=1e-6)
        assert np.all(np.diff(cosines) <= 0)
        least = np.sort(exact)[::-1][: len(ids)][-1]
        right += int((cosines >= least - 1e-6).sum())
    assert right >= 0.95 * 5 * min(k, 20_000)


@pytest.mark.parametrize("k", [5, 20, 150])
def test_threads_that_share_a_query_find_the_same(tmp_path: Path, k: int) -> None:
    vectors = speakers(20_000)
    index = built(tmp_path, vectors)
    queries = speakers(100, seed=1)[:10]
    alone = [index.search(query, k)[0] for query in queries]
    index.to_be_searched()
    scanned: Any = faiss.downcast_index(index.faiss.index)
    assert scanned.implem == 15
    shared = [index.search(query, k)[0] for query in queries]
    same = [len(np.intersect1d(one, two)) for one, two in zip(alone, shared, strict=True)]
    assert sum(same) >= 0.99 * 10 * k  # codes that score the same are cut off where they stand


def test_copies_count_as_found(tmp_path: Path) -> None:
    vectors = speakers(4_000)
    vectors[::3] = vectors[0]
    assert built(tmp_path, vectors).recall >= 0.99


def test_growth_measures_the_recall_again_and_refuses_what_does_not_fit(tmp_path: Path) -> None:
    vectors = np.random.default_rng(6).permutation(speakers(5_100))
    index = built(tmp_path, vectors[:4_000])
    assert index.measured == 4_000
    few = index.extended(np.arange(100), vectors[4_000:4_100])
    assert few is not None
    assert (few.measured, len(few.vectors()), few.faiss.ntotal) == (4_000, 4_100, 4_100)
    more = few.extended(np.arange(100, 1_100), vectors[4_100:])
    assert more is not None
    assert more.measured == 5_100
    narrow = speakers(20, seed=4)[0] + np.random.default_rng(5).normal(scale=0.02, size=(3_000, 16))
    narrow = (narrow / np.linalg.norm(narrow, axis=1, keepdims=True)).astype(np.float32)
    assert more.extended(np.arange(2_000, 5_000), narrow) is None


def test_changed_raw_vectors_are_told_by_a_comparison_with_the_rows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "MOST_BYTES", 64 * 150)
    store.recordings.commit([embedded(f"{n}.wav") for n in range(400)])
    store.vectors.refresh()
    garble(raw_files(store)[0])
    assert not store.vectors.equals_rows(("en", "clean"))


def test_small_index_that_grew_large_is_built_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "MOST_BYTES", 64 * 150)
    store.recordings.commit([embedded(f"{n}.wav") for n in range(100)])
    store.vectors.refresh()
    store.recordings.commit([embedded(f"{n}.wav") for n in range(100, 400)])
    store.vectors.refresh()
    index: Any = faiss.read_index(str(store.vectors.file(("en", "clean")).path))
    assert faiss.try_extract_index_ivf(faiss.downcast_index(index.index)) is not None
    assert index.ntotal == 400


def test_digest_tells_rows_apart_whatever_their_order() -> None:
    ids, stamps = np.array([1, 2, 3]), np.array([10, 20, 30])
    order = [2, 0, 1]
    assert partition.digest(ids, stamps) == partition.digest(ids[order], stamps[order])
    assert partition.digest(ids, stamps) != partition.digest(ids, stamps[order])
    assert partition.digest(ids[:2], stamps[:2]) != partition.digest(ids, stamps)


def test_note_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert PartitionFile(tmp_path / "noise=clean.faiss").built() is None
