import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import deltalake
import numpy as np
import numpy.typing as npt
import pytest
from builders import TOY_IDENTITY, embedded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spkret.cluster.partition_worker import PartitionWorker
from spkret.cluster.searching import ClusterSearcher, searching
from spkret.cluster.workers import Workers
from spkret.errors import ClusterError, StoreError, UsageError
from spkret.store import exact
from spkret.store.hits import Hits
from spkret.store.store import Store

LANGUAGES, NOISES = ("de", "en", "fr"), ("clean", "background")
QUERY = np.random.default_rng(1).normal(size=16).astype(np.float32)


def fill(store: Store, numbers: range = range(200), tag: str = "") -> None:
    store.recordings.commit(
        [
            embedded(f"{tag}{n}.wav", language=LANGUAGES[n % 3], noise=NOISES[n // 3 % 2])
            for n in numbers
        ]
    )


def assert_same(found: Hits, wanted: Hits) -> None:
    np.testing.assert_array_equal(found.ids, wanted.ids)
    np.testing.assert_allclose(found.cosines, wanted.cosines, atol=1e-6)


@pytest.fixture(scope="module")
def shared(ray: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that is searched on two workers, and is not written to."""
    store = Store.create(tmp_path_factory.mktemp("shared") / "store", TOY_IDENTITY)
    fill(store)
    with searching(store, "local", workers=2, keep=False):
        yield store


def workers_of(store: Store) -> Workers:
    assert isinstance(store.searcher, ClusterSearcher)
    return store.searcher.workers


def ask_for_a_while(workers: Workers) -> None:
    """Ask again and again: what is killed lives for a moment longer."""
    for _ in range(200):
        workers.ask("held", {0: ()})
        time.sleep(0.05)


def ids_of(store: Store) -> npt.NDArray[np.int64]:
    ids: npt.NDArray[np.int64] = store.recordings.scan(["id"])["id"].to_numpy()
    return ids


@given(
    seed=st.integers(0, 99),
    k=st.sampled_from([1, 7, 199, 500]),
    language=st.sampled_from([None, "en", "xx"]),
    noise=st.sampled_from([None, "clean"]),
    every=st.sampled_from([None, 1, 9]),
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_workers_find_what_a_search_here_finds(
    shared: Store, seed: int, k: int, language: str | None, noise: str | None, every: int | None
) -> None:
    query = np.random.default_rng(seed).normal(size=16).astype(np.float32)
    allowed = None if every is None else [*ids_of(shared)[::every].tolist(), 123]
    wanted = shared.vectors.search(query, k, language, noise, allowed)
    assert_same(shared.searcher.search(query, k, language, noise, allowed), wanted)


def test_only_the_workers_concerned_are_asked(
    shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.searcher.search(QUERY, 5)
    asked: list[tuple[str, int]] = []
    ask = Workers.ask

    def noting(self: Workers, method: str, arguments: dict[int, Any]) -> dict[int, Any]:
        asked.append((method, len(arguments)))
        return ask(self, method, arguments)

    monkeypatch.setattr(Workers, "ask", noting)
    shared.searcher.search(QUERY, 5)
    shared.searcher.search(QUERY, 5, language="en", noise="clean")
    shared.searcher.search(QUERY, 5, language="xx")
    shared.searcher.search(QUERY, 5, allowed_ids=ids_of(shared)[:1])
    counts = [("search", 2), ("search", 1), ("search", 0), ("search_among", 1)]
    assert asked == counts


@pytest.mark.parametrize("query", [np.zeros(16), np.ones(3), np.full(16, np.nan)])
def test_a_query_that_cannot_be_searched_for_is_refused(
    shared: Store, query: npt.NDArray[np.float64]
) -> None:
    with pytest.raises(UsageError, match=r"vector of shape \(16,\)"):
        shared.searcher.search(query.astype(np.float32), 5)


def test_a_worker_that_dies_is_started_again_and_loads_again(ray: Any, shared: Store) -> None:
    wanted = shared.searcher.search(QUERY, 9)
    ray.kill(workers_of(shared).handles[0], no_restart=False)
    assert_same(shared.searcher.search(QUERY, 9), wanted)


def test_a_worker_that_does_not_answer_is_told_of_in_one_line(shared: Store) -> None:
    hasty = ClusterSearcher(shared, replace(workers_of(shared), patience_s=1e-6))
    with pytest.raises(ClusterError, match="expected answers of 2 workers within") as raised:
        hasty.search(QUERY, 9)
    assert "\n" not in str(raised.value)


def test_what_is_added_or_erased_is_seen_until_the_worker_is_stopped(
    ray: Any, store: Store
) -> None:
    unit = QUERY / np.linalg.norm(QUERY)
    with searching(store, "local", keep=False):
        assert len(workers_of(store).handles) == 1
        assert len(store.searcher.search(QUERY, 5).ids) == 0
        fill(store, range(60))
        store.recordings.commit([embedded("same.wav", language="xx", vector=unit)])
        first = store.searcher.search(QUERY, 3)
        assert first.cosines[0] == pytest.approx(1, abs=1e-6)
        assert_same(first, store.vectors.search(QUERY, 3))
        store.forget(path="same.wav")
        assert len(store.searcher.search(QUERY, 9, language="xx").ids) == 0
        assert_same(store.searcher.search(QUERY, 300), store.vectors.search(QUERY, 300))
        store.path.rename(store.path.with_name("elsewhere"))
        with pytest.raises(StoreError, match=r"expected a store in|cannot open table"):
            workers_of(store).ask("hold", {0: ("x", {("en", "clean"): ["0.parquet"]})})
        ray.kill(workers_of(store).handles[0])
        with pytest.raises(ClusterError, match="a worker died") as raised:
            ask_for_a_while(workers_of(store))
        assert "\n" not in str(raised.value)


def test_workers_are_found_warm_and_fewer_take_over(ray: Any, store: Store) -> None:
    fill(store)
    with searching(store, "auto", workers=2):
        wanted = store.searcher.search(QUERY, 9)
    again = Store.open(store.path)
    with searching(again, "auto"):
        held = workers_of(again).ask("held", {0: (), 1: ()})
        assert sorted([*held[0], *held[1]]) == sorted(store.recordings.cells())
        assert_same(again.searcher.search(QUERY, 9), wanted)
    assert again.searcher is again.vectors
    with searching(again, "auto", workers=1, keep=False):
        assert len(workers_of(again).handles) == 1
        assert_same(again.searcher.search(QUERY, 9), wanted)


def test_a_large_partition_is_searched_as_here(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "fits", lambda *_: False)
    store.recordings.commit([embedded(f"{n}.wav") for n in range(3_000)])
    store.vectors.refresh()
    assert list(store.vectors.folder.rglob("*.vectors"))
    snapshot, worker = store.recordings.delta.snapshot(), PartitionWorker(str(store.path))
    assert worker.hold(snapshot.digest(), snapshot.cells())
    found = worker.search(snapshot.digest(), store.vectors.unit(QUERY, 20), 20, [("en", "clean")])
    assert found is not None
    assert_same(found, store.vectors.search(QUERY, 20))


def test_a_worker_opens_a_store_at_a_url(bucket: str) -> None:
    store = Store.create(f"{bucket}/store", TOY_IDENTITY)
    fill(store, range(20))
    snapshot, worker = store.recordings.delta.snapshot(), PartitionWorker(str(store.place))
    assert worker.hold(snapshot.digest(), snapshot.cells())
    found = worker.search(snapshot.digest(), store.vectors.unit(QUERY, 5), 5, [("en", "clean")])
    assert found is not None
    assert_same(found, store.vectors.search(QUERY, 5, "en", "clean"))


def test_a_worker_holds_one_state_and_lets_go_of_what_it_is_not_to_keep(store: Store) -> None:
    fill(store)
    worker, cells = PartitionWorker(str(store.path)), store.recordings.cells()
    part = {cell: cells[cell] for cell in sorted(cells)[:2]}
    assert worker.hold("a", part)
    assert worker.held() == sorted(part)
    assert worker.search("a", QUERY, 3, [("xx", "clean")]) is None
    assert worker.search("b", QUERY, 3, list(part)) is None
    fill(store, range(30), "new")
    assert not worker.hold("c", {next(iter(part)): ("old.parquet",)})
    assert not worker.hold("c", {("xx", "clean"): ("old.parquet",)})
    assert worker.hold("b", store.recordings.cells())
    assert worker.held() == sorted(cells)
    worker.keep(list(part))
    assert worker.held() == sorted(part)


class HereInstead:
    """Workers in this process, which are asked as those on Ray are."""

    def __init__(self, store: Store, count: int = 1) -> None:
        self.handles = tuple(PartitionWorker(str(store.place)) for _ in range(count))
        self.asked: list[str] = []
        self.before: Callable[[str], None] = lambda _: None

    def ask(self, method: str, arguments: dict[int, tuple[Any, ...]]) -> dict[int, Any]:
        self.asked.append(method)
        self.before(method)
        return {n: getattr(self.handles[n], method)(*given) for n, given in arguments.items()}


def searcher_of(store: Store, workers: HereInstead) -> ClusterSearcher:
    return ClusterSearcher(store, cast("Workers", workers))


def test_a_store_restored_from_a_copy_is_told_from_the_one_of_the_same_number(
    store: Store, tmp_path: Path
) -> None:
    fill(store, range(40))
    shutil.copytree(store.path, tmp_path / "copy")
    searcher = searcher_of(store, HereInstead(store, 2))
    store.recordings.commit([embedded("gone.wav", language="en")])
    before, version = searcher.search(QUERY, 99), store.recordings.version()
    shutil.rmtree(store.path)
    shutil.copytree(tmp_path / "copy", store.path)
    again = Store.open(store.path)
    again.recordings.commit([embedded("other.wav", language="en")])
    assert again.recordings.version() == version
    found = searcher.search(QUERY, 99)
    assert set(found.ids.tolist()) == set(ids_of(again).tolist()) != set(before.ids.tolist())
    assert_same(found, again.vectors.search(QUERY, 99))


def test_what_is_erased_leaves_the_memory_of_a_worker_that_is_not_asked(store: Store) -> None:
    fill(store, range(40))
    workers = HereInstead(store, 2)
    searcher = searcher_of(store, workers)
    searcher.search(QUERY, 5)
    store.recordings.delete(store.recordings.scan(["id"], language="fr")["id"].to_numpy())
    searcher.search(QUERY, 5, language="en")
    assert all("fr" not in cell for worker in workers.handles for cell in worker.held())


def test_a_store_that_is_deleted_is_not_answered_from_memory(store: Store) -> None:
    fill(store, range(40))
    searcher = searcher_of(store, HereInstead(store))
    searcher.search(QUERY, 5)
    shutil.rmtree(store.path)
    with pytest.raises(StoreError, match="cannot open table") as raised:
        searcher.search(QUERY, 5)
    assert "\n" not in str(raised.value)


def test_recordings_cleared_away_while_they_are_searched_are_searched_again(store: Store) -> None:
    fill(store, range(20))
    fill(store, range(20), "more-")
    workers = HereInstead(store)
    searcher, some = searcher_of(store, workers), ids_of(store)[::2]

    def compact(method: str) -> None:
        if method == "search_among" and workers.asked.count(method) == 1:
            Store.open(store.path).check(compact=True)

    workers.before = compact
    found = searcher.search(QUERY, 9, allowed_ids=some)
    assert workers.asked.count("search_among") == 2
    assert_same(found, store.vectors.search(QUERY, 9, allowed_ids=some))


def test_a_store_at_a_url_is_planned_once_and_told_of_in_one_line(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.create(f"{bucket}/store", TOY_IDENTITY)
    fill(store, range(20))
    workers = HereInstead(store)
    searcher = searcher_of(store, workers)
    searcher.search(QUERY, 5)
    workers.asked.clear()
    searcher.search(QUERY, 5)
    assert workers.asked == ["search"]
    for method in ("update_incremental", "__init__"):
        monkeypatch.setattr(deltalake.DeltaTable, method, failing)
    with pytest.raises(StoreError, match="cannot open table") as raised:
        searcher.search(QUERY, 5)
    assert "\n" not in str(raised.value)


def failing(*_: object, **__: object) -> None:
    raise OSError("Generic S3 error: error sending request\n\nDebug source:\nReqwest")


def test_a_store_that_changes_all_the_while_is_told_of(
    shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(_: Workers, method: str, arguments: dict[int, Any]) -> dict[int, Any]:
        return dict.fromkeys(arguments, [] if method == "held" else None)

    monkeypatch.setattr(Workers, "ask", changing)
    with pytest.raises(ClusterError, match="changed 5 times"):
        ClusterSearcher(shared, workers_of(shared)).search(QUERY, 5)
