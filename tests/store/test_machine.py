"""Memory and GPUs, and what they make of the index of a partition."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import faiss
import numpy as np
import pytest

from spkret.store import exact, machine, on_gpu
from spkret.store.exact import Exact

GIB = 2**30


class Resources:
    """Stands for the memory of a GPU."""


def with_gpu(monkeypatch: pytest.MonkeyPatch, copy: Any) -> None:
    """Give FAISS a GPU that copies an index by a function."""
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    monkeypatch.setattr(faiss, "StandardGpuResources", Resources, raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", copy, raising=False)
    machine.gpus.cache_clear()
    monkeypatch.setattr(on_gpu, "LEAST_BYTES", 0)


@pytest.fixture(autouse=True)
def _counted_anew() -> Any:
    yield
    machine.gpus.cache_clear()
    on_gpu._resources.cache_clear()


def unit_vectors(count: int, dimension: int = 16) -> np.ndarray:
    drawn = np.random.default_rng(3).standard_normal((count, dimension), np.float32)
    unit: np.ndarray = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def test_memory_is_that_of_the_machine(tmp_path: Path) -> None:
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())

    assert machine.memory_bytes(tmp_path) == 1024 * int(told["MemTotal"].split()[0])


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_memory_of_a_container_is_its_limit(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{GIB // 4}\n")

    assert machine.memory_bytes(tmp_path) == GIB // 4


def test_a_container_without_a_limit_has_the_memory_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")

    assert machine.memory_bytes(tmp_path) == machine.memory_bytes(tmp_path / "none")


def test_a_faiss_without_gpus_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    machine.gpus.cache_clear()
    monkeypatch.setitem(sys.modules, "faiss", SimpleNamespace())

    assert machine.gpus() == 0


@pytest.mark.parametrize(
    ("gpus", "memory", "largest"),
    [(0, 24 * GIB, GIB // 8), (0, GIB // 4, GIB // 16), (1, 64 * GIB, 4 * GIB), (1, GIB, GIB // 4)],
)
def test_what_is_compared_one_and_all_depends_on_the_machine(
    monkeypatch: pytest.MonkeyPatch, gpus: int, memory: int, largest: int
) -> None:
    monkeypatch.setattr(exact, "gpus", lambda: gpus)
    monkeypatch.setattr(exact, "memory_bytes", lambda: memory)

    assert exact.fits(largest // (4 * 256), 256)
    assert not exact.fits(largest // (4 * 256) + 1, 256)


def test_a_gpu_answers_as_the_cpu_and_is_given_no_selector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, ...]] = []

    class Copy:
        def __init__(self, index: Any) -> None:
            self.index = index

        def search(self, *given: Any) -> Any:
            queries, k = given
            asked.append((len(queries), k))
            return self.index.search(queries, k)

    with_gpu(monkeypatch, lambda _resources, _device, index: Copy(index))
    vectors, ids = unit_vectors(500), np.random.default_rng(0).permutation(500) + 7_000
    plain = Exact.build(ids, vectors)
    searched = plain.to_be_searched()

    for query in vectors[:20]:
        for one, other in zip(searched.search(query, 10), plain.search(query, 10), strict=True):
            np.testing.assert_array_equal(one, other)
    assert asked == [(1, 10)] * 20
    assert searched.copy is not None
    assert plain.copy is None


def test_indexes_share_the_resources_of_a_gpu_and_are_searched_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Any] = []
    searching = Lock()

    class Copy:
        def __init__(self, resources: Any, _device: int, index: Any) -> None:
            given.append(resources)
            self.index = index

        def search(self, *asked: Any) -> Any:
            assert searching.acquire(blocking=False)
            time.sleep(0.002)
            found = self.index.search(*asked)
            searching.release()
            return found

    with_gpu(monkeypatch, Copy)
    vectors = unit_vectors(50)
    copies = [Exact.build(np.arange(50), vectors).to_be_searched() for _ in range(2)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda n: copies[n % 2].search(vectors[n], 1)[0][0], range(40)))

    assert found == list(range(40))
    assert given[0] is given[1]


def test_more_hits_than_a_gpu_returns_come_from_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpu(monkeypatch, lambda *_: SimpleNamespace())
    monkeypatch.setattr(exact, "MOST_HITS", 99)
    vectors = unit_vectors(200)
    searched = Exact.build(np.arange(200), vectors).to_be_searched()

    assert len(searched.search(vectors[0], 100)[0]) == 100


def test_a_gpu_that_is_full_leaves_the_search_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("cudaMalloc error out of memory")

    with_gpu(monkeypatch, full)
    vectors = unit_vectors(50)
    searched = Exact.build(np.arange(50), vectors).to_be_searched()

    assert searched.copy is None
    assert searched.search(vectors[3], 1)[0].tolist() == [3]


def test_a_small_index_stays_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpu(monkeypatch, lambda *_: pytest.fail("copied"))
    monkeypatch.setattr(on_gpu, "LEAST_BYTES", 10**6)

    assert Exact.build(np.arange(50), unit_vectors(50)).to_be_searched().copy is None


@pytest.mark.gpu
def test_a_real_gpu_answers_as_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_gpu, "LEAST_BYTES", 0)
    if not machine.gpus():
        pytest.skip("FAISS finds no GPU")
    vectors = unit_vectors(20_000, 192)
    plain = Exact.build(np.arange(20_000), vectors)
    searched = plain.to_be_searched()

    assert searched.copy is not None
    for query in vectors[:50]:
        ids, cosines = searched.search(query, 20)
        expected_ids, expected = plain.search(query, 20)
        np.testing.assert_allclose(cosines, expected, atol=1e-5)
        assert len(np.intersect1d(ids, expected_ids)) >= 19
