from types import SimpleNamespace
from typing import Any

import numpy as np

from spkret.retrieval.groups import Groups
from spkret.retrieval.search import group_cosines, search_store


def test_group_cosines_equal_brute_force() -> None:
    generator = np.random.default_rng(0)
    embeddings = generator.normal(size=(500, 24)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    members = [generator.integers(0, 500, generator.integers(1, 900)) for _ in range(90)]
    groups = Groups.of(generator.integers(0, 500, 90), members)
    expected = [
        embeddings[row].astype(float) @ embeddings[anchor].astype(float)
        for anchor, rows in zip(groups.anchors, members, strict=True)
        for row in rows
    ]
    np.testing.assert_allclose(group_cosines(embeddings, groups), expected, atol=1e-6)


def test_cosine_of_a_pair_is_the_same_number_in_every_group() -> None:
    embeddings = np.random.default_rng(0).normal(size=(300, 50)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    rows = np.arange(300)
    together = group_cosines(embeddings, Groups.of([7, 8], [rows, rows]))
    alone = group_cosines(embeddings, Groups.of([7] * 300, [[int(row)] for row in rows]))
    assert np.array_equal(together[:300], alone)


class FakeVectors:
    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def search(self, _: np.ndarray, k: int, **filters: Any) -> str:
        self.asked = {"k": k, **filters}
        return "hits"


def test_search_store_hands_filters_to_the_indexes() -> None:
    vectors = FakeVectors()
    store: Any = SimpleNamespace(searcher=vectors)
    query = np.ones(4, np.float32)
    hits: Any = search_store(store, query, 7, language="en")
    assert hits == "hits"
    assert vectors.asked == {"k": 7, "language": "en", "noise": None, "allowed_ids": None}
    search_store(store, query, 7, noise="clean", allowed_ids=np.array([3, 5]))
    assert vectors.asked["noise"] == "clean"
    assert vectors.asked["allowed_ids"].tolist() == [3, 5]
