from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pytest

from spkret.store import tuning
from spkret.store.approximate import Approximate
from spkret.store.probing import behind, chosen, lists_of, scanned
from spkret.store.raw_vectors import RawVectors
from spkret.store.tuning import Trials, Tuned, tune

Floats = npt.NDArray[np.float32]


def speakers(count: int, dimension: int, seed: int) -> Floats:
    """Unit vectors (count, dimension), twenty about each of some centres."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(count // 20, dimension)), 20, axis=0)
    vectors = centres + 0.6 * rng.normal(size=centres.shape)
    unit: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


VECTORS = {dimension: speakers(4_000, dimension, seed=0) for dimension in (15, 16)}


def made(dimension: int) -> Any:
    """An index of 40 lists whose rows are their own ids."""
    codes = "PQ8x4fs" if dimension == 16 else "SQ8"
    index = faiss.index_factory(dimension, f"IDMap,IVF40,{codes}", faiss.METRIC_L2)
    index.train(VECTORS[dimension])
    index.add_with_ids(VECTORS[dimension], np.arange(4_000))
    return index


@pytest.fixture(scope="module", params=[16, 15], ids=["product codes", "scalar codes"])
def index(request: pytest.FixtureRequest) -> Any:
    return made(request.param)


def centroids(index: Any) -> Floats:
    lists = lists_of(index)
    found: Floats = lists.quantizer.reconstruct_n(0, lists.nlist)
    return found


def test_lists_are_behind_the_mean_of_the_nearest_fifty(
    index: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spkret.store.probing._NEAREST", 3)
    queries = VECTORS[index.d][:5]
    for row, query in zip(behind(index, queries), queries, strict=True):
        cosines = centroids(index) @ query
        expected = np.sort(cosines)[-3:].mean() - cosines
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_fewer_lists_than_fifty_are_no_error(index: Any) -> None:
    far = behind(index, VECTORS[index.d][:2])
    np.testing.assert_allclose(far.mean(1), 0, atol=1e-5)


def test_the_nearest_lists_are_searched_as_faiss_does(index: Any) -> None:
    queries = VECTORS[index.d][7::400]
    lists = lists_of(index)
    _, nearest = lists.quantizer.search(queries, 6)
    probed = np.zeros((len(queries), lists.nlist), bool)
    np.put_along_axis(probed, nearest, values=True, axis=1)
    lists.nprobe = 6
    expected = index.index.search(queries, 1)[1]
    np.testing.assert_array_equal(scanned(index, queries, probed, 1), expected)


def test_each_query_searches_its_own_lists_and_no_others(index: Any) -> None:
    queries = VECTORS[index.d][:3]
    probed = np.zeros((3, lists_of(index).nlist), bool)
    probed[0, 4], probed[1, 2:9] = True, True
    home = lists_of(index).quantizer.search(VECTORS[index.d], 1)[1][:, 0]
    rows = scanned(index, queries, probed, 4_000)
    for found, wanted in zip(rows, probed, strict=True):
        expected = np.flatnonzero(wanted[home])
        np.testing.assert_array_equal(np.sort(found[found >= 0]), expected)


def test_margin_is_that_of_so_many_lists_on_average(index: Any) -> None:
    trials = Trials(index, VECTORS[index.d])
    asked = VECTORS[index.d][np.unique(np.linspace(0, 3_999, 400).astype(int))]
    counts = (behind(index, asked) <= trials.margin(7)).sum(1)
    assert counts.mean() == 7
    assert counts.std() > 0


def test_recalls_are_those_of_comparing_everything(index: Any) -> None:
    vectors = VECTORS[index.d]
    rows = np.unique(np.linspace(0, 3_999, 400).astype(int))
    far = behind(index, vectors[rows])
    margin = Trials(index, vectors).margin(5)
    found = scanned(index, vectors[rows], chosen(far, margin), 100)
    shares = []
    for row, candidates in zip(rows, found, strict=True):
        cosines = vectors @ vectors[row]
        cosines[row] = -1
        nearest = np.argsort(-cosines)[:20]
        shares.append(np.isin(nearest, candidates).mean())
    recalls = Trials(index, vectors).recalls(margin, 100)
    expected = np.mean(shares) - np.std(shares) / np.sqrt(len(shares))
    assert recalls[-1] == pytest.approx(expected, abs=1e-6)
    assert recalls[9] < recalls[99]


def test_the_cheapest_way_that_is_good_enough_is_taken() -> None:
    ways = {
        (10, 250): Tuned(0.98, 250, 0.1),
        (10, 4_000): Tuned(0.991, 4_000, 0.1),
        (20, 250): Tuned(0.992, 250, 0.2),
        (30, 250): Tuned(0.999, 250, 0.3),
    }
    # 300 codes for each that is scored again: 20 lists of 1,000 are less than 3,750 x 300 codes.
    assert tuning._best(ways, codes_a_list=1_000) == (20, 250)
    assert tuning._best(ways, codes_a_list=1e6) == (10, 4_000)
    del ways[20, 250], ways[30, 250], ways[10, 4_000]
    assert tuning._best(ways, codes_a_list=1_000) == (10, 250)


def test_tuning_reaches_the_wanted_recall_with_fewer_lists_than_all(index: Any) -> None:
    tuned = tune(index, VECTORS[index.d])
    assert tuned.recall >= 0.99
    assert lists_of(index).nprobe < 40
    probed = behind(index, VECTORS[index.d][::100]) <= tuned.margin
    assert 0 < probed.mean() < 1


def test_tuning_takes_what_there_is(index: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "WANTED_RECALL", 1.1)
    assert tune(index, VECTORS[index.d]).recall == pytest.approx(1, abs=0.01)
    assert list(tuning._numbers(8, 4)) == [4]
    assert list(tuning._numbers(8, 12)) == [8, 9, 10, 11, 12]
    assert list(tuning._numbers(100, 112)) == [100, 105, 111, 112]


def test_a_query_that_is_near_to_nothing_probes_eight_lists() -> None:
    far = np.linspace(0.5, 1, 40, dtype=np.float32)[None]
    np.testing.assert_array_equal(np.flatnonzero(chosen(far, -0.2)), np.arange(8))
    np.testing.assert_array_equal(np.flatnonzero(chosen(far, -0.2, more=2)), np.arange(16))
    assert chosen(far, -0.2, more=20).all()
    assert chosen(far[:, :3], -0.2).all()
    assert np.flatnonzero(chosen(far, 0.755)).tolist() == list(range(20))


@pytest.mark.parametrize("dimension", [16, 15])
@pytest.mark.parametrize("k", [1, 20, 100])
def test_queries_like_no_stored_vector_get_as_many_hits_as_they_ask_for(
    tmp_path: Path, dimension: int, k: int
) -> None:
    """Voices in a few dimensions, queries in all: the margin that suits the first is below 0."""
    vectors = np.zeros((8_000, dimension), np.float32)
    vectors[:, :6] = speakers(8_000, 6, seed=0)
    raw = RawVectors(tmp_path / "noise=clean.test.vectors", dimension)
    found = Approximate.build([(np.arange(8_000), vectors)], 8_000, raw)
    assert found.margin < 0
    rng = np.random.default_rng(1)
    for query in rng.normal(size=(50, dimension)).astype(np.float32):
        assert len(found.search(query / np.linalg.norm(query), k)[0]) == k
